"""Calls that were let go, remembered until nothing can belong to them any more: 20 bytes each.

What later facts may need of a call of which all is known: whether it was offered, its last pool,
the instant of its last fact, and whose legs it had. So a late repeat is found to be one, and an id
that comes again begins anew.
"""

from dataclasses import dataclass

import numpy as np

from stream.arrays import Columns, sorted_distinct
from stream.events.call_hashes import U64
from stream.events.language import I32, I64
from stream.units import MINUTE_MS

NO_LEG = -2
"""In place of a seat: the call had no leg."""
SPAN_MS = 15 * MINUTE_MS
"""Calls of one span are dropped together, when the whole span is past."""
WAS_OFFERED = np.uint64(1)
"""In the lowest bits of a key."""
_KEY_MASK = ~np.uint64(0b111)
_GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / phi: multiplication by it spreads neighbouring numbers (Knuth, TAOCP 3, section 6.4)."""


def keys_of(call: U64) -> U64:
    """(N,): the key of each call by its hash; the lowest three bits are 0."""
    mixed = call * _GOLDEN_RATIO
    return np.asarray((mixed ^ (mixed >> np.uint64(29))) & _KEY_MASK)


@dataclass(frozen=True, slots=True)
class PastRun(Columns):
    """Calls of one span, sorted by key; one row for each, and one more for each further leg."""

    keys: U64
    """With `WAS_OFFERED`."""
    floor_or_pool: I32
    """The call's last pool; below 0: ~floor, where a version before did not keep the pool."""
    seat: I32
    """Of the leg's agent; NONE: nobody was named; NO_LEG."""
    last_ms: I32
    """The call's last fact, after the start of the span."""


@dataclass(frozen=True, slots=True)
class PastCalls(Columns):
    """What is remembered of some calls, a row for each leg as in `PastRun`."""

    place: I64
    """Which of the calls that were sought."""
    was_offered: U64
    floor_or_pool: I64
    seat: I64
    last_ms: I64


class PastMemory:
    """Runs of let-go calls by the span of their last fact."""

    def __init__(self) -> None:
        self.runs: dict[int, PastRun] = {}

    def add(self, keys: U64, pool: I64, seat: I64, last_ms: I64) -> None:
        """Remember calls; keys with their bits. All (N,)."""
        span = last_ms // SPAN_MS
        columns = pool.astype(np.int32), seat.astype(np.int32), (last_ms % SPAN_MS).astype(np.int32)
        for one in sorted_distinct(span).tolist():
            at = span == one
            run = PastRun(keys[at], *(column[at] for column in columns))
            held = self.runs.get(one)
            run = run if held is None else PastRun.joined(held, run)
            # Fast where most is in order already.
            self.runs[one] = run.take(np.argsort(run.keys, kind="stable"))

    def find(self, keys: U64) -> PastCalls:
        """What is remembered of calls by their keys (N,); of each as it was let go last."""
        found = [np.zeros((5, 0), np.int64)]
        order = np.argsort(keys)  # in order they are found in half the time or less
        for span, run in self.runs.items():
            first = np.searchsorted(run.keys, keys[order])
            held = np.minimum(first, len(run) - 1)
            for hit in np.flatnonzero(run.keys[held] & _KEY_MASK == keys[order]).tolist():
                place = order[hit]
                end = np.searchsorted(run.keys, keys[place] | ~_KEY_MASK, side="right")
                one = run.take(slice(int(first[hit]), int(end)))
                last_ms = one.last_ms.astype(np.int64) + span * SPAN_MS
                offered = (one.keys & WAS_OFFERED).astype(np.int64)
                rows = np.full(len(one), place), offered, one.floor_or_pool, one.seat, last_ms
                found.append(np.stack(rows).astype(np.int64))
        place, offered, pool, seat, last_ms = np.concatenate(found, axis=1)
        newest = np.zeros(len(keys), np.int64)
        np.maximum.at(newest, place, last_ms)
        past = PastCalls(place, offered.astype(np.uint64), pool, seat, last_ms)
        return past.take(last_ms == newest[place])

    def drop_before(self, before_ms: I64, floor_of_pool: I64) -> None:
        """Drop the spans that end at or before the given instant of their floor (floors,)."""
        for span, run in list(self.runs.items()):
            past = before_ms >= (span + 1) * SPAN_MS
            if past.any():
                pool = run.floor_or_pool
                floor = np.where(pool < 0, ~pool, floor_of_pool[np.maximum(pool, 0)])
                kept = ~past[floor]
                self.runs[span] = run.take(kept)
                if not kept.any():
                    del self.runs[span]
