"""Events that come too late to count: which, and why."""

from dataclasses import dataclass

import numpy as np

from stream.events.language import I64, Bool, Reason


@dataclass(frozen=True, slots=True)
class Late:
    """An event that came too late to be counted."""

    record: int
    """Index of the record in the batch."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class LateMasks:
    """(E,) masks of events that come too late, each event for one reason."""

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
        """All are in time."""
        return cls(*(np.zeros(size, np.bool_) for _ in cls.__slots__))

    def put(self, first: int, part: "LateMasks") -> None:
        """What became of the events from `first` on."""
        for name in self.__slots__:
            mask = getattr(part, name)
            getattr(self, name)[first : first + len(mask)] = mask

    def lates(self, record: I64) -> list[Late]:
        """The events by their records, (E,)."""
        return [
            Late(int(record[event]), Reason[f"late_{name}"])
            for name in self.__slots__
            for event in np.flatnonzero(getattr(self, name)).tolist()
        ]
