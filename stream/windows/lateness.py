"""Late events: which, and why."""

from dataclasses import dataclass

import numpy as np

from stream.arrays import Columns
from stream.events.language import I64, Bool, Reason


@dataclass(frozen=True, slots=True)
class Late:
    """An event that is too late to be counted."""

    record: int
    """Index of the record in the batch."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class LateMasks(Columns):
    """(E,) masks of late events, each event for one reason."""

    grace: Bool
    """Beyond the grace of its own source."""
    horizon: Bool
    """Beyond the horizon of its floor."""
    sealed: Bool
    """In an hour of its floor that is sealed."""
    finalised: Bool
    """Older than what its agent's timeline still holds."""

    @classmethod
    def none(cls, size: int) -> "LateMasks":
        """Masks of `size` events, all in time."""
        return cls(*(np.zeros(size, np.bool_) for _ in cls.__slots__))

    def lates(self, record: I64) -> list[Late]:
        """The late events, by the index of each event's record, (E,)."""
        return [
            Late(int(record[event]), Reason[f"late_{name}"])
            for name in self.__slots__
            for event in np.flatnonzero(getattr(self, name)).tolist()
        ]
