"""The fields of team and pool views. Each name is spelled here and nowhere else.

A view is a flat hash of texts in Redis. `stream.render.views` writes it from figures; the HTTP API
reads it as a `TeamView` or a `PoolView`. A field without a value does not exist.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeVar, overload

SEPARATOR: Final = ":"
T = TypeVar("T")


class ViewKind(StrEnum):
    """What a view describes; the value is part of its Redis key."""

    team = "team"
    pool = "pool"


class ViewKey(NamedTuple):
    """Identifies a view; `stream.store.keys` spells its Redis key."""

    kind: ViewKind
    floor: str
    name: str
    """Of the team or pool."""


def qualified(name: str, *qualifiers: str) -> str:
    """The field of a figure in one window, state or detector: ``aux_rate:15m``."""
    return SEPARATOR.join((name, *qualifiers))


class ViewField(Generic[T]):
    """A field under the name of the attribute that declares it.

    On the class (``TeamView.staffed``) it is that name, on a view its value, None if the view does
    not have the field.

    Args:
        parse: makes the value from the stored text.
    """

    def __init__(self, parse: Callable[[str], T]) -> None:
        self.parse = parse
        self.name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        """Take the attribute's name."""
        self.name = name

    @overload
    def __get__(self, view: None, owner: type) -> str: ...
    @overload
    def __get__(self, view: "View", owner: type) -> T | None: ...
    def __get__(self, view: "View | None", owner: type) -> str | T | None:
        """The name, or the value in a view."""
        if view is None:
            return self.name
        text = view.texts.get(self.name)
        return None if text is None else self.parse(text)


@dataclass(frozen=True, slots=True)
class View:
    """What the views of teams and pools have in common."""

    floor: str
    name: str
    """Of the team or pool."""
    texts: Mapping[str, str]
    """As stored: text by field, in the store's order."""

    as_of = ViewField(str)
    """The instant for which the figures hold, RFC 3339."""
    verdict = ViewField(str)
    """One of `stream.control.model.Verdict`."""

    @classmethod
    def parsers(cls) -> dict[str, Callable[[str], object]]:
        """How the declared fields are parsed, by name."""
        declared = [one for base in cls.__mro__ for one in vars(base).values()]
        return {one.name: one.parse for one in declared if isinstance(one, ViewField)}


class TeamView(View):
    """The view of a team. Beside these fields it has figures by state, window and detector."""

    __slots__ = ()

    pool = ViewField(str)
    watermark = ViewField(str)
    """Event time reached by the slowest feed of the floor, RFC 3339."""
    signal = ViewField(str)
    """The direction of the verdict: worse, better or none."""
    staffed = ViewField(int)
    """Heads now in a state of `stream.events.language.STAFFED`."""


class PoolView(View):
    """The view of a pool. Beside these fields it has figures by window and detector."""

    __slots__ = ()

    peak = ViewField(str)
    """The reason of the present peak, or none."""
    open = ViewField(int)
    """1 within the opening hours; no field without such hours."""
    waiting = ViewField(int)
    """Calls that wait now."""
    oldest_wait_s = ViewField(float)
    estimated_wait_s = ViewField(float)
    """Of the next call."""
    call_backs_open = ViewField(int)
    """Call-backs that were promised and not made yet."""
    call_backs_overdue = ViewField(int)
    """Of these, those open for longer than `[windows] callback`."""
    service_level = ViewField(float)
    """Calls answered in time / (answered + abandoned) of the headline window, 0 to 1."""


# Qualified by state, or by state and window.
AGENTS: Final = "agents"
SECONDS: Final = "seconds"

# Qualified by window. A configured ratio adds its own name, and that name with each suffix.
HANDLED: Final = "handled"
SHORT: Final = "short"
WINDOW_S: Final = "window_s"
OFFERED: Final = "offered"
ANSWERED: Final = "answered"
ABANDONED: Final = "abandoned"
CALL_BACKS_PROMISED: Final = "call_backs_promised"
CALL_BACKS_DONE: Final = "call_backs_done"
CV: Final = "_cv"
MEMBERS: Final = "_members"
MEAN: Final = "_mean"
SD: Final = "_sd"


def handling_s(part: str) -> str:
    """The figure of a part of handling time: talk, hold or acw."""
    return f"{part}_s"


# Qualified by detector.
CONTROL: Final = "control"
"""Its state."""
ALERT: Final = "alert"
"""The severity of its active alert."""
STATISTIC: Final = "statistic"
LIMIT: Final = "limit"
DETECTOR_TEXTS: Final = {CONTROL: "state", ALERT: "severity"}
"""Names of texts in a detector's part of the JSON document."""
DETECTOR_NUMBERS: Final = {STATISTIC: "statistic", LIMIT: "limit"}
"""Names of numbers there."""
