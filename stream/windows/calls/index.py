"""Numbers of calls, found by a hash of floor and name, so that names need not be stored.

Names are hashed by tables of random numbers, one for each position (Zobrist, "A new hashing
method with application for game playing", 1970): two names share a hash with a chance of 2^-64.
"""

import numpy as np
import numpy.typing as npt

from stream.arrays import within
from stream.events.language import I64, Bool
from stream.roster import ID_BYTES_MOST

U64 = npt.NDArray[np.uint64]
NONE = -1
"""No number: of a call, an agent, a pool or a row of a fact; no duration."""

_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def scrambled(number: U64) -> U64:
    """(N,): a pseudo-random number for each (Steele et al., SplitMix64, 2014)."""
    z = (number + np.uint64(1)) * _GAMMA
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


_TABLES = scrambled(np.arange((ID_BYTES_MOST + 1) * 256, dtype=np.uint64))


def call_hashes(floor: I64, calls: list[str]) -> U64:
    """(N,): the hash of each (floor, call), the same in every process."""
    if not calls:
        return np.zeros(0, np.uint64)
    text = np.frombuffer(("\0".join(calls) + "\0").encode(), np.uint8)  # no name holds a NUL
    end = np.flatnonzero(text == 0) + 1
    length = np.diff(end, prepend=0)
    of_byte = _TABLES[within(length) * 256 + text]
    of_name = np.bitwise_xor.reduceat(of_byte, end - length)
    return of_name ^ scrambled(~floor.astype(np.uint64))


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
