"""The language of events: states, phases, kinds, and reasons why an event is rejected or late."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from stream.arrays import I32, I64, U8, Bool

__all__ = [
    "I32",
    "I64",
    "LATE",
    "PAID",
    "SERVING",
    "STAFFED",
    "STATE_COUNT",
    "U8",
    "WORKING",
    "Bool",
    "EndedBy",
    "Kind",
    "Phase",
    "Reason",
    "Rejected",
    "StampType",
    "State",
]


class State(IntEnum):
    """What an agent does.

    The number is the state's column, and its rank among rows of equal time and `seq`, of which the
    highest wins: a new state goes before `unknown` and `offline`. Stored state is read by names.
    """

    available = 0
    ringing = 1
    dialing = 2
    talking = 3
    hold = 4
    acw = 5
    other_work = 6
    aux = 7
    meal = 8
    training = 9
    meeting = 10
    system_aux = 11
    unknown = 12
    offline = 13


STATE_COUNT = len(State)
STAFFED = frozenset(State) - {State.offline, State.unknown}
PAID = STAFFED - {State.meal}
SERVING = frozenset(
    {State.available, State.ringing, State.dialing, State.talking, State.hold, State.acw}
)
"""States of agents who take calls now or in a moment: what `cover` counts."""
WORKING = SERVING | {State.other_work}
"""Known working states: an entry into aux counts only from one of these."""


class Kind(IntEnum):
    """The type of an event."""

    state = 0
    call = 1
    queue = 2
    heartbeat = 3
    snapshot = 4


class StampType(IntEnum):
    """Who gave a record its time stamp."""

    producer = 0
    """CreateTime, or a file's `received`: the clock may be that of the events' source."""
    broker = 1
    """LogAppendTime."""
    none = 2
    """Nobody: a file that is read in the order of time."""


class Phase(IntEnum):
    """The phase of a call."""

    offered = 0
    answered = 1
    ended = 2
    wrapped = 3
    abandoned = 4
    callback_requested = 5
    callback_done = 6


class EndedBy(IntEnum):
    """Who ended a call, as its source says."""

    unnamed = 0
    agent = 1
    customer = 2
    system = 3


class Reason(StrEnum):
    """Why an event was rejected (dead-lettered) or is late; the values are labels of metrics."""

    broken_json = "broken_json"
    not_an_object = "not_an_object"
    empty = "empty"
    too_large = "too_large"
    missing_field = "missing_field"
    wrong_type = "wrong_type"
    unknown_enum = "unknown_enum"
    bad_time = "bad_time"
    bad_id = "bad_id"
    out_of_range = "out_of_range"
    ahead = "ahead"
    misrouted = "misrouted"
    over_limit = "over_limit"
    late_grace = "late_grace"
    late_horizon = "late_horizon"
    late_sealed = "late_sealed"
    late_finalised = "late_finalised"


LATE: Final = frozenset(reason for reason in Reason if reason.startswith("late_"))
"""Valid events that are too late; they would be late again, since watermarks never go back."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that was rejected."""

    record: int
    """Index of the record in the batch that was decoded."""
    reason: Reason
    detail: str
    """Field, value and what is allowed, for a person."""
