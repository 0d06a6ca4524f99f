"""Events as types, into which JSON is read at once: what a usual event of each kind looks like.

These types accept less than `fields.read`, never more. What they refuse, or what they cannot tell
(characters, bytes, enumerated words, instants), is looked at by `columns.py` and `fields.py`. A
field that does not apply to a kind may only be null here.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from stream.events.fields import (
    DEFAULT_FLOOR,
    DEFAULT_POOL,
    LONGEST_MS,
    MOST_SEQ,
    MOST_WAITING,
    TEXTS,
)
from stream.roster import ID_BYTES_MOST
from stream.units import SECOND_MS

ABSENT: Final = ""
"""Stands for a name that was not given; no given one is empty."""
ABSENT_S: Final = -0.001
"""Stands for a duration that was not given: -1 ms."""

Name = Annotated[str, Meta(min_length=1, max_length=ID_BYTES_MOST)]
Seconds = Annotated[float, Meta(ge=0, le=LONGEST_MS / SECOND_MS)]


class Common(Struct, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    """What every kind has. Events hold no other objects, so the garbage collector may pass by."""

    ts: int | str
    floor: Name = DEFAULT_FLOOR
    source: Name = ABSENT
    seq: Annotated[int, Meta(ge=0, le=MOST_SEQ)] = 0
    reason: Annotated[str, Meta(max_length=TEXTS["reason"])] | None = None
    channel: Annotated[str, Meta(max_length=TEXTS["channel"])] | None = None
    id: Annotated[str, Meta(max_length=TEXTS["id"])] | None = None
    direction: Literal["inbound", "outbound"] | None = None
    purpose: Literal["service", "sales"] | None = None
    work_mode: Literal["on_site", "at_home"] | None = None


class Silent(Common, kw_only=True):
    """What every kind but a call has not: times of a talk."""

    talk_s: None = None
    hold_s: None = None
    acw_s: None = None


class OfNobody(Silent, kw_only=True):
    """What a kind has not that is said of no agent and no call."""

    agent: None = None
    team: None = None
    call: None = None
    sync: None = None


class StateEvent(Silent, tag="state"):
    """An agent begins to be in a state."""

    agent: Name
    state: str
    team: Name = ABSENT
    sync: bool = False
    call: Name = ABSENT
    pool: None = None
    wait_s: None = None
    waiting: None = None


class CallEvent(Common, tag="call"):
    """A call enters a phase."""

    call: Name
    phase: str
    pool: Name = DEFAULT_POOL
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
    """A source lives."""

    pool: None = None
    wait_s: None = None
    waiting: None = None


Event = StateEvent | CallEvent | QueueEvent | Heartbeat
