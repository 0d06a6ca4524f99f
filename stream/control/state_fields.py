"""Named fields of records in the stored control state: instants, plain values, severities.

An instant is stored relative to the end of the last feed, so that it is short. A record is written
by name or, as versions before named fields read it, by position; both are read. Unknown names and
further positions are ignored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import Enum, auto
from typing import Any, Final

from stream.control.detectors.protocol import INSTANT, DetectorState, S
from stream.control.episode import Alert
from stream.control.model import Severity
from stream.units import NEVER_MS

JsonRecord = dict[str, Any]


class ValueKind(Enum):
    """How the value of a field is stored."""

    plain = auto()
    instant = auto()
    severity = auto()


@dataclass(frozen=True, slots=True)
class StoredField:
    """A field of a record."""

    name: str
    kind: ValueKind = ValueKind.plain


_SEVERITIES: Final = frozenset({"severity", "notified_as"})


def _alert_field(name: str) -> StoredField:
    if name in _SEVERITIES:
        return StoredField(name, ValueKind.severity)
    return StoredField(name, ValueKind.instant if name.endswith("_ms") else ValueKind.plain)


ALERT_FIELDS: Final = tuple(_alert_field(one.name) for one in fields(Alert))
"""In the order of the class, which is that in which they are stored: format 1 has no names here.

A new field goes last and has a default: older versions ignore it, and it is not stored where it has
its default.
"""
_ALERT_DEFAULTS: Final = {
    one.name: one.default for one in fields(Alert) if one.default is not MISSING
}


def since(t_ms: int, judged_ms: int) -> int | None:
    """An instant relative to the end of the last feed; None: ±NEVER_MS."""
    return None if abs(t_ms) == NEVER_MS else t_ms - judged_ms


def instant(since_ms: int | None, judged_ms: int, otherwise_ms: int) -> int:
    """An instant of what `since` gave."""
    return otherwise_ms if since_ms is None else since_ms + judged_ms


def write(value: Any, kind: ValueKind, judged_ms: int) -> Any:  # noqa: ANN401 - any typed value
    """A value as JSON has it."""
    if isinstance(value, tuple):
        return [write(one, kind, judged_ms) for one in value]
    if kind is ValueKind.instant and value is not None:
        if abs(value) == NEVER_MS:
            return "never" if value > 0 else "before"
        return value - judged_ms
    return value


def read(stored: Any, kind: ValueKind, judged_ms: int) -> Any:  # noqa: ANN401 - any typed value
    """The value of what `write` gave."""
    if isinstance(stored, list):
        return tuple(read(one, kind, judged_ms) for one in stored)
    if stored is None or kind is ValueKind.plain:
        return stored
    if kind is ValueKind.severity:
        return Severity(stored)
    if isinstance(stored, str):
        return {"never": NEVER_MS, "before": -NEVER_MS}[stored]
    return stored + judged_ms


def write_alert(alert: Alert, judged_ms: int) -> list[Any]:
    """An alert by position."""
    rows = list(ALERT_FIELDS)
    while rows[-1].name in _ALERT_DEFAULTS and (
        getattr(alert, rows[-1].name) == _ALERT_DEFAULTS[rows[-1].name]
    ):
        rows.pop()
    return [write(getattr(alert, one.name), one.kind, judged_ms) for one in rows]


def read_alert(stored: Sequence[Any] | Mapping[str, Any], judged_ms: int) -> Alert:
    """An alert by position or by name."""
    by_name = _by_name(stored, (one.name for one in ALERT_FIELDS))
    rows = [one for one in ALERT_FIELDS if one.name in by_name]
    return Alert(**{one.name: read(by_name[one.name], one.kind, judged_ms) for one in rows})


def write_state(state: DetectorState, initial: DetectorState, judged_ms: int) -> Any:  # noqa: ANN401
    """A detector's state, by name or by position; by position null stands for an initial value."""
    rows = [(one, getattr(state, one.name)) for one in _fields_of(initial)]
    if state.BY_POSITION:
        return [
            None if value == getattr(initial, one.name) else write(value, one.kind, judged_ms)
            for one, value in rows
        ]
    return {
        one.name: write(value, one.kind, judged_ms)
        for one, value in rows
        if value != getattr(initial, one.name)
    }


def read_state(stored: Sequence[Any] | Mapping[str, Any], initial: S, judged_ms: int) -> S:
    """A detector's state by name or by position; what is missing is as at first."""
    declared = _fields_of(initial)
    by_name = _by_name(stored, (one.name for one in declared))
    values = {
        one.name: read(by_name[one.name], one.kind, judged_ms)
        for one in declared
        if one.name in by_name
    }
    if not isinstance(stored, Mapping):
        values = {name: value for name, value in values.items() if value is not None}
    return type(initial)(**values)


def _fields_of(state: DetectorState) -> list[StoredField]:
    return [
        StoredField(one.name, ValueKind.instant if one.metadata.get(INSTANT) else ValueKind.plain)
        for one in fields(state)
    ]


def _by_name(stored: Sequence[Any] | Mapping[str, Any], names: Iterable[str]) -> Mapping[str, Any]:
    if isinstance(stored, Mapping):
        return stored
    return dict(zip(names, stored, strict=False))
