"""Types of values in floorwatch.toml, and how each is parsed."""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.fields import FieldInfo

from stream.control.model import Severity
from stream.events.language import State
from stream.figures.model import WINDOWS
from stream.roster import is_id
from stream.spec import LocalSpan
from stream.store.address import SCHEMES, site_of
from stream.units import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, parse_duration_ms

OFF: Final = "off"

_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_WEB_ADDRESS = re.compile(
    r"(?:(?P<login>[^/?#]*)@)?(?P<host>[^/?#@]*)(?P<path>/[^?#@]*)?(?:[?#][^@]*)?"
    # Paths of Microsoft Teams hold "@"; that is no end of a password if a plain host precedes it.
    r"|(?P<host_only>(?:[\w-]+\.)+[\w-]+)/.*",
    re.DOTALL,
)
_UNITS = (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1))


class Day(IntEnum):
    """A weekday."""

    mon = 0
    tue = 1
    wed = 2
    thu = 3
    fri = 4
    sat = 5
    sun = 6


class ConfigTable(BaseModel):
    """A table: frozen, and strict about its keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=False,
        arbitrary_types_allowed=True,
        validate_default=False,
    )


def setting(default: Any, text: str, allowed: str, **options: Any) -> Any:  # noqa: ANN401
    """A key of a table: default (`...`: required), meaning, and allowed values as text.

    `options` are pydantic's, such as `alias`: the name of the key where our field has a unit.
    """
    field: FieldInfo = Field(
        default, description=text, json_schema_extra={"allowed": allowed}, **options
    )
    return field


def duration_text(t_ms: int) -> str:
    """A duration as users write it: 300 000 ms is "5m"."""
    unit, size_ms = next((u for u in _UNITS if t_ms and t_ms % u[1] == 0), ("s", SECOND_MS))
    return f"{t_ms // size_ms}{unit}"


def _duration_ms(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("not a duration; write text such as '90s'")  # noqa: TRY004 - pydantic's way
    return parse_duration_ms(value)


def _duration_or_off_ms(value: object) -> object:
    return None if value in (OFF, None) else _duration_ms(value)


def is_in_ms(field: FieldInfo) -> bool:
    """Whether the integers of a field are milliseconds, written as durations in the file."""
    readers = (_duration_ms, _duration_or_off_ms, _silence)
    return any(isinstance(m, BeforeValidator) and m.func in readers for m in field.metadata)


def _span(value: object) -> LocalSpan:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not a span of local time")
    start, end = (int(found[n]) * 60 + int(found[n + 1]) for n in (1, 3))
    if max(start, end) > DAY_MS // MINUTE_MS:
        raise ValueError("later than 24:00")
    # 24:00 and 00:00 are the same midnight: an end at or before the start is on the next day.
    return LocalSpan(start % 1440, end % 1440)


def _listed(value: object) -> object:
    """A single value, or comma-separated values of the environment, as a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return value


def _state(value: object) -> State:
    if not isinstance(value, str) or value not in State.__members__:
        raise ValueError(f"'{value}' is not a state")
    return State[value]


def _day(value: object) -> Day:
    if not isinstance(value, str) or value not in Day.__members__:
        raise ValueError(f"'{value}' is not a weekday")
    return Day[value]


def _zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone of the IANA database") from None


def _name(value: object) -> str:
    if not isinstance(value, str) or not is_id(value):
        raise ValueError("not a name")
    return value


def _window(value: object) -> str:
    if value not in WINDOWS:
        raise ValueError(f"'{value}' is not a window")
    return str(value)


class SecretText:
    """A text that is never printed."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for its one use."""
        return self._text

    def __eq__(self, other: object) -> bool:
        """Equal if types and texts are equal."""
        return isinstance(other, SecretText) and (type(self), self._text) == (
            type(other),
            other._text,
        )

    def __hash__(self) -> int:
        """Consistent with equality."""
        return hash(self._text)

    def __str__(self) -> str:
        """Masked."""
        return "***" if self._text else ""

    def __repr__(self) -> str:
        """Masked."""
        return f"{type(self).__name__}({str(self)!r})"


class SecretUrl(SecretText):
    """A URL printed without password, and, except for Redis, without path, which may be a token."""

    __slots__ = ()

    def __str__(self) -> str:
        """Masked."""
        return masked(self._text)


def _secret(value: object) -> SecretText:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - pydantic's way
    return SecretText(value)


def masked(url: str) -> str:
    """A URL with secrets masked; of one that is invalid only the scheme is shown."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        return "***" if "@" in url else url
    if scheme in SCHEMES:
        try:
            return site_of(url).masked
        except ValueError:
            return f"{scheme}://***"
    return f"{scheme}://{_masked_web(rest)}"


def _masked_web(rest: str) -> str:
    """Host of a web address; what precedes it masked, and the path, which may be a token."""
    parts = _WEB_ADDRESS.fullmatch(rest)
    if parts is None:  # an unencoded "/" in a password, for instance: nothing is certain
        return "***"
    if parts["host_only"]:
        return f"{parts['host_only']}/***"
    user, colon, _ = (parts["login"] or "").partition(":")
    login = "" if parts["login"] is None else f"{user}:***@" if colon else "***@"
    path = parts["path"] or ""
    return f"{login}{parts['host']}{path[:1]}{'***' if path[1:] else ''}"


def _url(*schemes: str) -> BeforeValidator:
    def read(value: object) -> SecretUrl:
        scheme, _, rest = value.partition("://") if isinstance(value, str) else ("", "", "")
        if scheme not in schemes or not rest.strip("/"):
            raise ValueError(f"must begin with {' or '.join(f'{name}://' for name in schemes)}")
        if not has_host(str(value)):
            raise ValueError("has no host, or a port that is not 1 to 65535")
        return SecretUrl(str(value))

    return BeforeValidator(read)


def has_host(url: str) -> bool:
    """Whether a URL has a host, and a valid port or none."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _redis_url(value: object) -> SecretUrl:
    site_of(value if isinstance(value, str) else "")
    return SecretUrl(str(value))


def _silence(value: object) -> object:
    """A table of states, or "off" for all of them (None)."""
    if value == OFF:
        return None
    if not isinstance(value, Mapping):
        raise ValueError("neither a table nor 'off'")  # noqa: TRY004 - pydantic's way
    return {_state(state): _credible_ms(state, limit) for state, limit in value.items()}


def _credible_ms(state: object, limit: object) -> int | None:
    limit_ms = _duration_or_off_ms(limit)
    if isinstance(limit_ms, int) and not SECOND_MS <= limit_ms <= 7 * DAY_MS:
        raise ValueError(f"{state} = '{limit}' is out of range")
    return limit_ms if isinstance(limit_ms, int) else None


DurationMs = Annotated[int, BeforeValidator(_duration_ms)]
DurationOrOffMs = Annotated[int | None, BeforeValidator(_duration_or_off_ms)]
Span = Annotated[LocalSpan, BeforeValidator(_span)]
Spans = Annotated[tuple[Span, ...], BeforeValidator(_listed)]
StateName = Annotated[State, BeforeValidator(_state)]
States = Annotated[frozenset[StateName], BeforeValidator(_listed)]
Days = Annotated[frozenset[Annotated[Day, BeforeValidator(_day)]], BeforeValidator(_listed)]
Zone = Annotated[str, BeforeValidator(_zone)]
Name = Annotated[str, BeforeValidator(_name)]
Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed)]
RedisUrl = Annotated[SecretUrl, BeforeValidator(_redis_url), PlainSerializer(str)]
Severities = Annotated[tuple[Severity, ...], BeforeValidator(_listed)]
WindowNames = Annotated[
    tuple[Annotated[str, BeforeValidator(_window)], ...], BeforeValidator(_listed)
]
Secret = Annotated[SecretText, BeforeValidator(_secret), PlainSerializer(str)]
WebUrl = Annotated[SecretUrl, _url("http", "https"), PlainSerializer(str)]
Silence = Annotated[dict[State, int | None] | None, BeforeValidator(_silence)]

A_NAME: Final = "1 to 128 bytes without '/' and without control characters"
A_TOPIC: Final = "1 to 249 of A-Z, a-z, 0-9, '.', '_', '-'"
A_SPAN: Final = (
    "local times of day, such as '08:00-22:00'; an end not after the start is on the next day"
)
THE_STATES: Final = ", ".join(state.name for state in State)
THE_WINDOWS: Final = ", ".join(WINDOWS)
THE_DAYS: Final = ", ".join(day.name for day in Day)
