"""The language of events: states, phases, and a batch of events as columns."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]


class State(IntEnum):
    """What an agent does. The number is the column of the state and its rank among equal times."""

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
"""Those who take calls now or in a moment: what `cover` looks for."""
WORKING = SERVING | {State.other_work}
"""Known working states: an entry into aux must come from one of these."""


class Kind(IntEnum):
    """The type of an event."""

    state = 0
    call = 1
    queue = 2
    heartbeat = 3


class Phase(IntEnum):
    """The phase of a call."""

    offered = 0
    answered = 1
    ended = 2
    wrapped = 3
    abandoned = 4
    callback_requested = 5
    callback_done = 6


class Reason(StrEnum):
    """Why an event was rejected (dead-lettered) or is late; the values stand in metrics."""

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
    late_grace = "late_grace"
    late_horizon = "late_horizon"
    late_finalised = "late_finalised"


class Vocabulary:
    """Names and their numbers, in order of first sight.

    The numbers are private to one shard and never decide a result: where order matters the
    names decide, as bytes.
    """

    __slots__ = ("_number_of", "names")

    def __init__(self, names: list[str] | None = None) -> None:
        self.names: list[str] = []
        self._number_of: dict[str, int] = {}
        for name in names or []:
            self.number(name)

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str) -> int:
        """The number of a name, which is given one if it is new."""
        found = self._number_of.get(name)
        if found is None:
            found = self._number_of[name] = len(self.names)
            self.names.append(name)
        return found

    @property
    def get(self) -> Callable[[str], int | None]:
        """The number of a name, or None: a bare dict lookup, for use in ``map``."""
        return self._number_of.get


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that could not be taken in."""

    record: int
    """Index of the record in the batch that was decoded."""
    reason: Reason
    detail: str
    """What, where and what is allowed, for a person."""
