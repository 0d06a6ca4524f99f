"""The reference of all keys: meaning, allowed values, defaults; and the settings in force."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stream.config.settings import Settings
from stream.config.values import OFF, SecretText, SecretUrl, duration_text, is_in_ms
from stream.spec import RATIOS, LocalSpan, RatioSpec


def fields_of(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a table by their names in the file."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def keys_of(table: type[BaseModel]) -> list[str]:
    """The keys of a table as in the file."""
    return list(fields_of(table))


def table_of(field: FieldInfo) -> type[BaseModel] | None:
    """The table of a field, alone, in a list or by name; None if the field holds a value."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def allowed(field: FieldInfo) -> str:
    """Allowed values and the default."""
    extra = field.json_schema_extra
    words = extra.get("allowed") if isinstance(extra, dict) else ""
    if field.is_required():
        return f"allowed: {words}"
    return f"allowed: {words}; default {value_text(field, field.default)}"


def describe() -> str:
    """Every table and key with its meaning, default and allowed values."""
    return "\n".join(
        line for name, field in Settings.model_fields.items() for line in _described(name, field)
    )


def show(settings: Settings) -> str:
    """The settings in force, as TOML, with secrets masked."""
    lines: list[str] = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            lines += _table_lines(f"[{name}]", value)
        elif name == "ratio":
            for ratio in settings.spec.ratios:  # those of the file and the built-in ones
                lines += _ratio_lines(ratio)
        elif table_of(field) is not None:
            for entry in value:
                lines += _table_lines(f"[[{name}]]", entry)
    return "\n".join(lines).strip()


def toml(value: object, *, in_ms: bool = False) -> str:
    """A value as in the file."""
    match value:
        case None:
            return json.dumps(OFF)
        case bool() | float():
            return json.dumps(value)
        case Enum():
            return json.dumps(value.name)
        case int():
            return json.dumps(duration_text(value) if in_ms else value)
        case SecretUrl() | SecretText():
            return json.dumps(str(value))
        case LocalSpan():
            ends = (value.start_min, value.end_min)
            return json.dumps("-".join(f"{end // 60:02d}:{end % 60:02d}" for end in ends))
        case date():
            return value.isoformat()
        case Mapping():
            pairs = (f"{k.name} = {toml(t, in_ms=in_ms)}" for k, t in sorted(value.items()))
            return f"{{ {', '.join(pairs)} }}"
        case frozenset() | tuple():
            entries = sorted(value) if isinstance(value, frozenset) else value
            return f"[{', '.join(toml(entry, in_ms=in_ms) for entry in entries)}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def value_text(field: FieldInfo, value: object) -> str:
    """The value of a field as in the file."""
    return toml(value, in_ms=is_in_ms(field))


def _table_lines(head: str, table: BaseModel) -> Iterator[str]:
    yield head
    for name, field in type(table).model_fields.items():
        yield f"{field.alias or name} = {value_text(field, getattr(table, name))}"
    yield ""


def _ratio_lines(ratio: RatioSpec) -> Iterator[str]:
    yield f"[ratio.{ratio.name}]"
    yield f"numerator = {toml(ratio.numerator)}"
    yield f"denominator = {toml(ratio.denominator)}"
    yield ""


def _described(name: str, field: FieldInfo) -> Iterator[str]:
    table = table_of(field)
    assert table is not None
    annotation = str(field.annotation)
    head = f"[{name}]"
    if annotation.startswith("tuple"):
        head = f"[[{name}]]"
    elif annotation.startswith("dict"):
        head = f"[{name}.NAME]"
    yield f"{head}  {' '.join((table.__doc__ or '').split())}"
    for inner, key in table.model_fields.items():
        default = "required"
        if not key.is_required():
            default = f"default {value_text(key, key.default)}"
        extra = key.json_schema_extra
        words = extra.get("allowed") if isinstance(extra, dict) else ""
        yield f"  {key.alias or inner}: {key.description}"
        yield f"      {default}; allowed: {words}"
    if name == "ratio":
        for ratio in RATIOS:
            yield f"  default [ratio.{ratio.name}]"
            yield f"      numerator = {toml(ratio.numerator)}"
            yield f"      denominator = {toml(ratio.denominator)}"
    yield ""
