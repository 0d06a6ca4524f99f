"""Facts already seen of calls that are over, against repeats: 12 bytes a call and 12 a leg.

A call is retired when everything that it counts for is known and no older event can still be
admitted. A repeat of one of its facts may come later all the same, with another time stamp; its
key is found here, and since of two facts of one key the earlier counts, the later is ignored.

An entry is one 64-bit number for a call itself or for one of its legs: a hashed key, with the bits
of the seen facts in its lowest three places.
"""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from stream.arrays import Columns
from stream.events.language import I32, I64, U8, Bool, Phase
from stream.units import MINUTE_MS
from stream.windows.calls.index import U64

CALL_ITSELF = -2
"""In place of a leg's agent: the entry of the call itself."""


class CallBit(IntFlag):
    """Facts seen of a call itself."""

    offered = 1
    abandoned = 2
    over = 4
    """The call was retired, whatever was seen of it."""


class LegBit(IntFlag):
    """Facts seen of one leg of a call."""

    answered = 1
    ended = 2
    wrapped = 4


_BIT_OF_PHASE = np.zeros(len(Phase), np.uint64)
for _bit in (*CallBit, *LegBit):
    if _bit is not CallBit.over:
        _BIT_OF_PHASE[Phase[str(_bit.name)]] = _bit
_BITS_MASK = np.uint64(0b111)
_KEY_MASK = ~_BITS_MASK
_GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / phi: multiplication by it spreads neighbouring numbers (Knuth, TAOCP 3, section 6.4)."""
_SPAN_MS = 15 * MINUTE_MS
"""Entries of one span are dropped together, when the whole span is past."""


def bit_of(phase: Phase | U8) -> U64:
    """The bit of each phase up to `abandoned`."""
    return np.asarray(_BIT_OF_PHASE[phase])


def keys_of(call: U64, agent: I64 | int) -> U64:
    """(N,): the key of each leg, by the hash of its call and its agent; the lowest bits are 0."""
    mixed = (call ^ np.asarray(agent + 2).astype(np.uint64)) * _GOLDEN_RATIO
    return np.asarray((mixed ^ (mixed >> np.uint64(29))) & _KEY_MASK)


@dataclass(frozen=True, slots=True)
class SeenRun(Columns):
    """Entries of one span, sorted."""

    entries: U64
    floor: I32

    def merged(self) -> "SeenRun":
        """Sorted by key, each key once with all its bits: a call may have been over twice."""
        order = np.argsort(self.entries, kind="stable")  # fast where most is in order already
        entries, floor = self.entries[order], self.floor[order]
        first = np.flatnonzero(np.diff(entries & _KEY_MASK, prepend=~entries[:1]))
        if len(first) < len(entries):
            entries, floor = np.bitwise_or.reduceat(entries, first), floor[first]
        return SeenRun(entries, floor)


class SeenFacts:
    """Runs of entries by the span of their calls' latest instants."""

    def __init__(self) -> None:
        self.runs: dict[int, SeenRun] = {}

    def add(self, entries: U64, floor: I32, newest_ms: I64) -> None:
        """Add entries (keys with their bits); newest_ms: the latest instant of each one's call."""
        span = newest_ms // _SPAN_MS
        for one in np.unique(span).tolist():
            at = span == one
            run = SeenRun(entries[at], floor[at])
            held = self.runs.get(one)
            self.runs[one] = (run if held is None else SeenRun.joined(held, run)).merged()

    def contains(self, keys: U64, bit: U64 | int) -> Bool:
        """(N,): whether the fact of each bit was seen of each key."""
        order = np.argsort(keys)  # in order they are found in half the time or less
        sought, found = keys[order], np.zeros(len(keys), np.uint64)
        for run in self.runs.values():
            place = np.minimum(np.searchsorted(run.entries, sought), len(run) - 1)
            entry = run.entries[place]
            found[order] |= np.where(entry & _KEY_MASK == sought, entry & _BITS_MASK, 0)
        held: Bool = found & np.uint64(bit) != 0
        return held

    def drop_before(self, before_ms: I64) -> None:
        """Drop the spans that end at or before the given instant of their floor (floors,)."""
        for span, run in list(self.runs.items()):
            past = before_ms >= (span + 1) * _SPAN_MS
            if past.any():
                kept = ~past[run.floor]
                self.runs[span] = run.take(kept)
                if not kept.any():
                    del self.runs[span]
