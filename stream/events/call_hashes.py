"""Hashes of the names of calls, so that the names need not be stored.

Names are hashed by tables of random numbers, one for each position (Zobrist, "A new hashing
method with application for game playing", 1970): two names share a hash with a chance of 2^-64.
"""

import numpy as np
import numpy.typing as npt

from stream.arrays import within
from stream.roster import ID_BYTES_MOST

U64 = npt.NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def scrambled(number: U64) -> U64:
    """(N,): a pseudo-random number for each (Steele et al., SplitMix64, 2014)."""
    z = (number + np.uint64(1)) * _GAMMA
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


_TABLES = scrambled(np.arange((ID_BYTES_MOST + 1) * 256, dtype=np.uint64))


def name_hashes(calls: list[str]) -> U64:
    """(N,): the hash of each name, the same in every process."""
    if not calls:
        return np.zeros(0, np.uint64)
    text = np.frombuffer(("\0".join(calls) + "\0").encode(), np.uint8)  # no name holds a NUL
    end = np.flatnonzero(text == 0) + 1
    length = np.diff(end, prepend=0)
    of_byte = _TABLES[within(length) * 256 + text]
    return np.asarray(np.bitwise_xor.reduceat(of_byte, end - length))
