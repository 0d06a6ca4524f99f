"""Reads floorwatch.toml and the environment; errors name key, value and range."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from stream.config import reference
from stream.config.settings import Settings
from stream.config.text_files import read_text
from stream.config.values import SecretText, SecretUrl, masked
from stream.errors import ConfigurationError, did_you_mean, printable
from stream.fingerprint import with_roster
from stream.roster import NO_ROSTER, Roster, parse_roster
from stream.spec import Spec

DEFAULT_FILE: Final = Path("floorwatch.toml")
PREFIX: Final = "FLOORWATCH_"
NOT_FOR_SETTINGS: Final = frozenset(
    f"{PREFIX}{name}" for name in ("DATA", "FAULT", "HISTORIES", "KAFKA_JARS", "REQUIRE_REAL")
)
"""Variables of tests and benchmarks."""
_OF_KUBERNETES = re.compile(
    r"[A-Z0-9_]+?_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?"
    r"|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
"""Variables that Kubernetes makes for each Service: of one named floorwatch-redis they begin with
FLOORWATCH_REDIS, as those of a section do. See
https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables"""
_PORT_OF_KUBERNETES = re.compile(r"(?:tcp|udp|sctp)://.*")
"""The value of FLOORWATCH_REDIS_PORT, and so on."""
OUT_OF_RANGE: Final = ("greater_than_equal", "less_than_equal")

_SECTIONS: Final = frozenset(
    name
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
)


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The configuration from a file and the environment, which takes precedence.

    Args:
        path: None: floorwatch.toml in the working directory if it exists, else defaults.
        environ: FLOORWATCH_<SECTION>_<KEY>, such as FLOORWATCH_KAFKA_BROKERS.

    Raises:
        ConfigurationError: with one line per error.
    """
    chosen = file_read(path)
    data = {} if chosen is None else _read(chosen)
    texts = {name: value for name, value in environ.items() if _is_text(value)}
    from_environment = _override(data, texts)
    lines = [
        f"{variable}: not UTF-8"
        for variable in sorted(environ.keys() - texts.keys())
        if variable.startswith(PREFIX)
    ]
    lines += [
        f"{variable}: unknown setting; sections: {', '.join(sorted(_SECTIONS))}"
        for variable in sorted(environ)
        if _names_no_section(variable, environ[variable])
    ]
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        lines += [_error_line(dict(item), from_environment) for item in error.errors()]
    if not lines:
        return settings
    where = "the configuration" if chosen is None else str(chosen)
    many = "" if len(lines) == 1 else f"{len(lines)} errors"
    raise ConfigurationError("\n  ".join([f"{where}: {many}".rstrip(), *lines]))


def file_read(path: Path | None) -> Path | None:
    """The file that `load_settings` reads; None: no file, only defaults."""
    return path or (DEFAULT_FILE if os.path.lexists(DEFAULT_FILE) else None)


def load_roster(settings: Settings) -> Roster:
    """The roster that the configuration names.

    Raises:
        ConfigurationError: it cannot be read, or a line of it is invalid.
    """
    if not settings.roster.file:
        return NO_ROSTER
    path = Path(settings.roster.file)
    return parse_roster(read_text(path, f"roster.file = '{path}'"), str(path))


def load_rules(settings: Settings) -> tuple[Spec, Roster]:
    """All rules: the specification, with the roster's fingerprint in it, and the roster.

    Raises:
        ConfigurationError: the roster cannot be read, or a line of it is invalid.
    """
    roster = load_roster(settings)
    return with_roster(settings.spec, roster), roster


def _read(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(read_text(path, str(path)))
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, deep nesting
        raise ConfigurationError(f"{path}: invalid TOML: {error}") from None
    roster = data.get("roster")
    if isinstance(roster, dict) and isinstance(roster.get("file"), str) and roster["file"]:
        roster["file"] = str(path.parent / roster["file"])
    return data


def _is_text(value: str) -> bool:
    """Whether a variable is UTF-8; bytes that are not are surrogates in Python."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _override(data: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Put values of the environment into `data`; returns the variable of each path."""
    origin: dict[str, str] = {}
    for variable, value in sorted(environ.items()):
        section, key = _place_of(variable, value)
        if section in _SECTIONS and key:
            table = data.setdefault(section, {})
            if isinstance(table, dict):
                table[key] = value
                origin[f"{section}.{key}"] = variable
    return origin


def _place_of(variable: str, value: str) -> tuple[str, str]:
    """Section and key of a variable; both empty if it is not part of the configuration."""
    if not variable.startswith(PREFIX) or variable in NOT_FOR_SETTINGS:
        return "", ""
    if _is_of_kubernetes(variable, value):
        return "", ""
    section, _, key = variable.removeprefix(PREFIX).lower().partition("_")
    return section, key


def _is_of_kubernetes(variable: str, value: str) -> bool:
    if _OF_KUBERNETES.fullmatch(variable):
        return True
    return variable.endswith("_PORT") and _PORT_OF_KUBERNETES.fullmatch(value) is not None


def _names_no_section(variable: str, value: str) -> bool:
    section, key = _place_of(variable, value)
    return key != "" and section not in _SECTIONS


def _error_line(item: dict[str, Any], from_environment: Mapping[str, str]) -> str:
    path, field, table = _locate(item["loc"])
    variable = from_environment.get(path)
    name = f"{path} (from {variable})" if variable else path
    if item["type"] == "extra_forbidden":
        keys = reference.keys_of(table)
        hint = did_you_mean(path.rpartition(".")[2], keys)
        return f"{name}: unknown key in this version{hint}; keys: {', '.join(keys)}"
    allowed = "" if field is None else f"; {reference.allowed(field)}"
    if item["type"] == "missing":
        return f"{name}: required{allowed}"
    what = _reason(item)
    shown = "" if field is None else f" = {_shown(item, field)}"
    return f"{name}{shown}: {what}{allowed}" if name else what


def _reason(item: dict[str, Any]) -> str:
    if item["type"] in OUT_OF_RANGE:
        return "out of range"
    if item["type"] == "string_pattern_mismatch":
        return "wrong format"
    words: str = item["msg"].removeprefix("Value error, ")
    return words[:1].lower() + words[1:]


def _shown(item: dict[str, Any], field: FieldInfo) -> str:
    value = item["input"]
    if field.annotation is SecretText:
        return json.dumps("***")
    if item["type"] in OUT_OF_RANGE:
        return reference.value_text(field, value)
    if _is_address(field) and not (isinstance(value, str) and "://" in value):
        return json.dumps("***")  # not a URL, so any part of it may be the secret
    text = json.dumps(
        masked(value) if isinstance(value, str) else value, default=str, ensure_ascii=False
    )
    # Controls that turn or end the line would make the message say something else.
    return printable(text)


def _is_address(field: FieldInfo) -> bool:
    """Whether the field holds URLs, which may contain a secret."""
    kinds = (
        field.annotation,
        *(getattr(one, "__origin__", one) for one in get_args(field.annotation)),
    )
    return SecretUrl in kinds


def _locate(location: tuple[str | int, ...]) -> tuple[str, FieldInfo | None, type[BaseModel]]:
    """The path as users write it, the field of the key if known, and its table."""
    path = ""
    table: type[BaseModel] = Settings
    field: FieldInfo | None = None
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
            continue
        if step == "[key]":
            continue
        path = f"{path}.{step}" if path else step
        inner = reference.fields_of(table).get(step)
        if inner is None:
            continue
        below = reference.table_of(inner)
        table, field = (below, None) if below else (table, inner)
    return path, field, table
