"""Numbers of calls, found by a hash of floor and name, so that names need not be stored."""

import numpy as np

from stream.events.call_hashes import U64, name_hashes, scrambled
from stream.events.language import I64, Bool

NONE = -1
"""No number: of a call, an agent, a pool or a row of a fact; no duration."""


def call_hashes(floor: I64, calls: list[str]) -> U64:
    """(N,): the hash of each (floor, call), the same in every process."""
    return in_floor(floor, name_hashes(calls))


def in_floor(floor: I64, names: U64) -> U64:
    """(N,): the hash of each (floor, call), by the hash of the call's name."""
    return names ^ scrambled(~floor.astype(np.uint64))


class FreeList:
    """Allocates the numbers 0, 1, 2 ... and reuses freed ones; `size`: how many there ever were."""

    def __init__(self) -> None:
        self.size = 0
        self._free = np.zeros(0, np.int64)

    def allocate(self, count: int) -> I64:
        """So many numbers: freed ones, then new ones."""
        kept = max(0, len(self._free) - count)
        reused, self._free = self._free[kept:], self._free[:kept]
        before, self.size = self.size, self.size + count - len(reused)
        return np.concatenate([reused, np.arange(before, self.size)])

    def free(self, numbers: I64) -> None:
        """Make numbers available again."""
        self._free = np.concatenate([self._free, numbers])


class Index:
    """Numbers by hash: two columns, sorted by hash."""

    def __init__(self) -> None:
        self.hashes: U64 = np.zeros(0, np.uint64)
        self.numbers = np.zeros(0, np.int64)

    def find(self, hashes: U64) -> I64:
        """The number of each hash; NONE if the hash is unknown."""
        if not len(self.hashes):
            return np.full(len(hashes), NONE, np.int64)
        place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[place] == hashes, self.numbers[place], NONE)

    def insert(self, hashes: U64, numbers: I64) -> None:
        """Insert hashes, sorted and not known yet, with their numbers."""
        place = np.searchsorted(self.hashes, hashes)
        self.hashes = np.insert(self.hashes, place, hashes)
        self.numbers = np.insert(self.numbers, place, numbers)

    def keep(self, kept: Bool) -> None:
        """Drop all entries but those of the mask."""
        self.hashes, self.numbers = self.hashes[kept], self.numbers[kept]
