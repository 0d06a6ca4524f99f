"""What was told of calls that are over: a memory against repeats, 12 bytes a call and 12 a leg.

A call is retired when all that it counts for is known and no older event can still be admitted.
A repeat of one of its facts may come later all the same, with another time stamp; its key is
found here, and since of two facts of one key the earlier counts, the later is passed over.

A number stands for each call, and one for each of its legs; their lowest bits say which facts.
"""

from dataclasses import dataclass

import numpy as np

from stream.events.language import I32, I64, Bool
from stream.units import MINUTE_MS
from stream.windows.calls.index import U64

CALL_ITSELF = -2
"""Stands where a leg's agent stands."""
CALL_OVER = 4
"""The bit of a call that was over, whatever was told of it."""
BITS = np.array([1, 1, 2, 4, 2], np.uint64)
"""The bit of each phase, by number: two of the call itself, three of a leg."""
_KEY = np.uint64(2**64 - 8)
"""What is not bits."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SPAN_MS = 15 * MINUTE_MS
"""What is told of calls of one span is forgotten together, when the whole span is past."""


@dataclass(frozen=True, slots=True)
class SeenRun:
    """Calls and legs of one span, sorted."""

    told: U64
    """Their numbers, and in the lowest bits what was told."""
    floor: I32


def numbers(call: U64, agent: I64) -> U64:
    """The number of each leg of calls that are given by their hashes; the lowest bits are 0."""
    mixed = (call ^ (agent + 2).astype(np.uint64)) * _MIX
    return (mixed ^ (mixed >> np.uint64(29))) & _KEY


class SeenFacts:
    """Runs by span of the latest instant of the calls."""

    def __init__(self) -> None:
        self.runs: dict[int, SeenRun] = {}

    def add(self, told: U64, floor: I32, newest_ms: I64) -> None:
        """Remember calls and legs: their numbers with bits, and the latest instant of each."""
        span = newest_ms // _SPAN_MS
        for one in np.unique(span).tolist():
            at = span == one
            run = SeenRun(told[at], floor[at])
            self.runs[one] = _united(self.runs[one], run) if one in self.runs else _sorted(run)

    def holds(self, number: U64, bit: U64) -> Bool:
        """Whether the fact of each bit is remembered of each number."""
        order = np.argsort(number)  # in order they are found in half the time or less
        sought, found = number[order], np.zeros(len(number), np.uint64)
        for run in self.runs.values():
            place = np.minimum(np.searchsorted(run.told, sought), len(run.told) - 1)
            told = run.told[place]
            found[order] |= np.where(told & _KEY == sought, told, 0)
        held: Bool = found & bit != 0
        return held

    def forget(self, before_ms: I64) -> None:
        """Drop the spans that end at or before the given instant of their floor (floors,)."""
        for span, run in list(self.runs.items()):
            past = before_ms >= (span + 1) * _SPAN_MS
            if past.any():
                kept = ~past[run.floor]
                self.runs[span] = SeenRun(run.told[kept], run.floor[kept])
                if not kept.any():
                    del self.runs[span]


def _united(one: SeenRun, other: SeenRun) -> SeenRun:
    return _sorted(
        SeenRun(np.concatenate([one.told, other.told]), np.concatenate([one.floor, other.floor]))
    )


def _sorted(run: SeenRun) -> SeenRun:
    """By number, each once: of a call that was over twice, all that was told."""
    order = np.argsort(run.told, kind="stable")  # fast where most is in order already
    told, floor = run.told[order], run.floor[order]
    first = np.flatnonzero(np.diff(told & _KEY, prepend=~told[:1]))
    if len(first) < len(told):
        told, floor = np.bitwise_or.reduceat(told, first), floor[first]
    return SeenRun(told, floor)
