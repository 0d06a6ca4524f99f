"""One event, field by field: what is allowed, and the text of each rejection.

This is the reference path; `decode.py` checks usual events by the same rules column by column and
falls back to this for everything that is unusual.
"""

from datetime import UTC, datetime, timedelta
from reprlib import Repr
from typing import Any, Final, NamedTuple, NoReturn

from stream.events.language import EndedBy, Kind, Phase, Reason, State
from stream.roster import ID_BYTES_MOST, is_id
from stream.units import DAY_MS, EARLIEST_MS, LATEST_MS

STATES: Final[dict[str, int]] = {state.name: int(state) for state in State}
PHASES: Final[dict[str, int]] = {phase.name: int(phase) for phase in Phase}
KINDS: Final[dict[str, int]] = {kind.name: int(kind) for kind in Kind}
ENDED_BY: Final[dict[str | None, int]] = {None: int(EndedBy.unnamed)} | {
    by.name: int(by) for by in EndedBy if by is not EndedBy.unnamed
}
ENUMS: Final[dict[str, tuple[str, ...]]] = {
    "direction": ("inbound", "outbound"),
    "purpose": ("service", "sales"),
    "work_mode": ("on_site", "at_home"),
    "by": ("agent", "customer", "system"),
}
TEXTS: Final = {"reason": 64, "channel": 64, "id": 128}
"""Free texts and their greatest length in bytes."""
DEFAULT_FLOOR: Final = "main"
DEFAULT_POOL: Final = "main"
LONGEST_MS: Final = 30 * DAY_MS
MOST_WAITING: Final = 1_000_000
MOST_SEQ: Final = 2**62
MOST_AGENTS: Final = 200_000
"""Agents in one snapshot: as many as a partition may have."""
NO_SEQ: Final = -1
"""In place of a `seq` that was not given."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


class InvalidEvent(Exception):
    """An event that breaks a rule; never leaves this package."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Fields(NamedTuple):
    """The fields of one valid event; None where a field is missing or does not apply."""

    kind: int
    ts_ms: int
    floor: str
    source: str
    agent: str | None
    team: str | None
    state: int
    seq: int
    sync: bool
    call: str | None
    phase: int
    by: int
    reason: str
    """Empty where it is missing."""
    pool: str | None
    wait_ms: int
    talk_ms: int
    hold_ms: int
    acw_ms: int
    waiting: int
    agents: tuple[str, ...]


Document = dict[str, Any]


def refuse(reason: Reason, detail: str) -> NoReturn:
    """Raise InvalidEvent."""
    raise InvalidEvent(reason, detail)


_BRIEF: Final = Repr()
_BRIEF.maxlevel = 3


def shown(value: object) -> str:
    """A value for a message: quoted, shortened and in ASCII, however deep or long."""
    if isinstance(value, list | dict):
        # Nested as deep as JSON allows, `ascii` would run out of stack.
        text = _BRIEF.repr(value).encode("ascii", "backslashreplace").decode()
    elif isinstance(value, int) and value.bit_length() > 128:
        text = f"a number of {value.bit_length()} bits"
    else:
        text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read(document: object) -> Fields:
    """Check one parsed event.

    Raises:
        InvalidEvent: with the reason, and a detail that names field, value and what is allowed.
    """
    if not isinstance(document, dict):
        refuse(Reason.not_an_object, f"an event is a JSON object, this is {shown(document)}")
    kind = enum_of(document, "type", KINDS)
    for name, limit in TEXTS.items():
        _text(document, name, limit)
    for name, allowed in ENUMS.items():
        if document.get(name) is not None:
            enum_of(document, name, dict.fromkeys(allowed, 0))
    floor = identifier(document, "floor") or DEFAULT_FLOOR
    source = identifier(document, "source") or floor
    ts_ms = instant_ms(document.get("ts"))
    state = enum_of(document, "state", STATES) if kind == Kind.state else -1
    phase = enum_of(document, "phase", PHASES) if kind == Kind.call else -1
    agent = identifier(document, "agent", required=kind == Kind.state)
    return Fields(
        kind,
        ts_ms,
        floor,
        source,
        agent,
        identifier(document, "team"),
        state,
        _integer(document, "seq", MOST_SEQ, NO_SEQ),
        _flag(document, "sync"),
        identifier(document, "call", required=kind == Kind.call),
        phase,
        ENDED_BY[document.get("by")],
        document.get("reason") or "",
        identifier(document, "pool"),
        _seconds(document, "oldest_wait_s" if kind == Kind.queue else "wait_s"),
        _seconds(document, "talk_s"),
        _seconds(document, "hold_s"),
        _seconds(document, "acw_s"),
        _integer(document, "waiting", MOST_WAITING, None if kind == Kind.queue else 0),
        _agents(document) if kind == Kind.snapshot else (),
    )


def enum_of(document: Document, name: str, allowed: dict[str, int]) -> int:
    """The number of a value of a closed set; raises InvalidEvent."""
    value = document.get(name)
    if value is None:
        refuse(Reason.missing_field, f"{name} is missing; allowed: {', '.join(allowed)}")
    if not isinstance(value, str):
        refuse(Reason.wrong_type, f"{name} {shown(value)}; allowed: {', '.join(allowed)}")
    if value not in allowed:
        refuse(Reason.unknown_enum, f"{name} {shown(value)}; allowed: {', '.join(allowed)}")
    return allowed[value]


def identifier(document: Document, name: str, *, required: bool = False) -> str | None:
    """A name, or None if it is missing; raises InvalidEvent."""
    value = document.get(name)
    if value is None:
        if required:
            refuse(Reason.missing_field, f"{name} is missing")
        return None
    if not isinstance(value, str):
        refuse(Reason.wrong_type, f"{name} {shown(value)}; allowed: a string")
    if not is_id(value):
        refuse(
            Reason.bad_id,
            f"{name} {shown(value)}; allowed: 1 to {ID_BYTES_MOST} bytes of UTF-8 "
            "without control characters and without '/'",
        )
    return value


def _agents(document: Document) -> tuple[str, ...]:
    """The names of a snapshot, each once."""
    value = document.get("agents")
    if value is None:
        refuse(
            Reason.missing_field, "agents is missing; allowed: an array of names, also an empty one"
        )
    if not isinstance(value, list):
        refuse(Reason.wrong_type, f"agents {shown(value)}; allowed: an array of names")
    if len(value) > MOST_AGENTS:
        refuse(Reason.out_of_range, f"agents has {len(value)} names; allowed: {MOST_AGENTS}")
    for place, name in enumerate(value):
        identifier({f"agents[{place}]": name}, f"agents[{place}]", required=True)
    return tuple(dict.fromkeys(value))


def instant_ms(value: object) -> int:
    """Milliseconds since 1970 of RFC 3339 text or integer epoch milliseconds."""
    if value is None:
        refuse(Reason.missing_field, "ts is missing")
    if isinstance(value, str):
        ts_ms = _from_text(value)
    elif type(value) is int:
        ts_ms = value
    else:
        refuse(
            Reason.wrong_type,
            f"ts {shown(value)}; allowed: RFC 3339 text or whole epoch milliseconds",
        )
    if not EARLIEST_MS <= ts_ms < LATEST_MS:
        refuse(Reason.bad_time, f"ts {shown(value)} lies outside 1990 to 2100{_hint(value)}")
    return ts_ms


def _from_text(value: str) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        refuse(
            Reason.bad_time, f"ts {shown(value)}; allowed: RFC 3339, as 2026-03-02T10:43:12.345Z"
        )
    if moment.tzinfo is None:
        refuse(Reason.bad_time, f"ts {shown(value)} has no offset; end it with Z or +08:00")
    return (moment - EPOCH) // MILLISECOND


def _hint(value: object) -> str:
    if not isinstance(value, int):
        return ""
    for ts_ms, unit in (
        (value * 1_000, "seconds"),
        (value // 1_000, "microseconds"),
        (value // 1_000_000, "nanoseconds"),
    ):
        if EARLIEST_MS <= ts_ms < LATEST_MS:
            return f"; it looks like {unit}: send milliseconds"
    return ""


def _text(document: Document, name: str, limit: int) -> None:
    value = document.get(name)
    if value is None:
        return
    if not isinstance(value, str):
        refuse(Reason.wrong_type, f"{name} {shown(value)}; allowed: a string")
    if len(value.encode(errors="replace")) > limit:
        refuse(Reason.out_of_range, f"{name} {shown(value)}; allowed: at most {limit} bytes")


def _integer(document: Document, name: str, most: int, default: int | None) -> int:
    value = document.get(name)
    if value is None:
        return (
            default if default is not None else refuse(Reason.missing_field, f"{name} is missing")
        )
    if type(value) is not int:  # True is an int to isinstance
        refuse(Reason.wrong_type, f"{name} {shown(value)}; allowed: a whole number")
    number: int = value
    if not 0 <= value <= most:
        refuse(Reason.out_of_range, f"{name} {shown(value)}; allowed: 0 to {most}")
    return number


def _flag(document: Document, name: str) -> bool:
    value = document.get(name)
    if value is not None and not isinstance(value, bool):
        refuse(Reason.wrong_type, f"{name} {shown(value)}; allowed: true or false")
    return bool(value)


def _seconds(document: Document, name: str) -> int:
    value = document.get(name)
    if value is None:
        return -1
    if type(value) not in (int, float):
        refuse(Reason.wrong_type, f"{name} {shown(value)}; allowed: seconds as a number")
    if not 0 <= value * 1_000 <= LONGEST_MS:  # NaN is within no bounds
        refuse(Reason.out_of_range, f"{name} {shown(value)}; allowed: 0 to {LONGEST_MS // 1_000} s")
    milliseconds: int = round(value * 1_000)
    return milliseconds
