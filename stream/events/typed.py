"""Events as types, into which JSON is parsed directly: the usual form of each kind.

These types accept less than `fields.read`, never more. What they refuse is read by `fields.py`;
what they cannot check (characters, bytes, instants) is checked by `columns.py`.
A field that does not apply to a kind may only be null here.
"""

from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct

from stream.events.fields import (
    DEFAULT_FLOOR,
    DEFAULT_POOL,
    LONGEST_MS,
    MOST_AGENTS,
    MOST_SEQ,
    MOST_WAITING,
    NO_SEQ,
    PHASES,
    STATES,
    TEXTS,
)
from stream.roster import ID_BYTES_MOST
from stream.units import SECOND_MS

ABSENT: Final = ""
"""In place of a name that was not given; a given one is never empty."""
ABSENT_S: Final = -0.001
"""In place of a duration that was not given: -1 ms."""

Name = Annotated[str, Meta(min_length=1, max_length=ID_BYTES_MOST)]
if TYPE_CHECKING:
    StateName = str
    PhaseName = str
else:  # a known word is always the same object, which takes no memory and has its hash
    StateName = Literal[tuple(STATES)]
    PhaseName = Literal[tuple(PHASES)]
Seconds = Annotated[float, Meta(ge=0, le=LONGEST_MS / SECOND_MS)]


class Common(Struct, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """Fields of every kind. Events are in no cycle, so the garbage collector can skip them."""

    ts: int | str
    floor: Name = DEFAULT_FLOOR
    source: Name = ABSENT
    seq: Annotated[int, Meta(ge=0, le=MOST_SEQ)] = NO_SEQ
    reason: Annotated[str, Meta(max_length=TEXTS["reason"])] | None = None
    channel: Annotated[str, Meta(max_length=TEXTS["channel"])] | None = None
    id: Annotated[str, Meta(max_length=TEXTS["id"])] | None = None
    direction: Literal["inbound", "outbound"] | None = None
    purpose: Literal["service", "sales"] | None = None
    work_mode: Literal["on_site", "at_home"] | None = None
    by: Literal["agent", "customer", "system"] | None = None


class Silent(Common, kw_only=True):
    """Fields that only calls have, null in all others: times of a talk."""

    talk_s: None = None
    hold_s: None = None
    acw_s: None = None


class OfNobody(Silent, kw_only=True):
    """Fields of agents and calls, null in kinds that concern neither."""

    agent: None = None
    team: None = None
    call: None = None
    sync: None = None


class StateEvent(Silent, tag="state"):
    """An agent begins to be in a state."""

    agent: Name
    state: StateName
    team: Name = ABSENT
    sync: bool = False
    call: Name = ABSENT
    pool: None = None
    wait_s: None = None
    waiting: None = None


class CallEvent(Common, tag="call"):
    """A call enters a phase."""

    call: Name
    phase: PhaseName
    pool: Name = ABSENT
    agent: Name = ABSENT
    team: Name = ABSENT
    wait_s: Seconds = ABSENT_S
    talk_s: Seconds = ABSENT_S
    hold_s: Seconds = ABSENT_S
    acw_s: Seconds = ABSENT_S
    sync: None = None
    waiting: None = None


class QueueEvent(OfNobody, tag="queue"):
    """A gauge of a queue."""

    waiting: Annotated[int, Meta(ge=0, le=MOST_WAITING)]
    pool: Name = DEFAULT_POOL
    oldest_wait_s: Seconds = ABSENT_S


class Heartbeat(OfNobody, tag="heartbeat"):
    """A source is alive."""

    pool: None = None
    wait_s: None = None
    waiting: None = None


class SnapshotEvent(OfNobody, tag="snapshot"):
    """All agents that a source has."""

    agents: Annotated[list[Name], Meta(max_length=MOST_AGENTS)]
    pool: None = None
    wait_s: None = None
    waiting: None = None


Event = StateEvent | CallEvent | QueueEvent | Heartbeat | SnapshotEvent
