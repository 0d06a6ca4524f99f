"""The gate of movement alerts: they page only while callers wait or nobody is free.

A pool is *pressed* at an instant if, within the last 60 s up to it, the oldest call had waited
more than 20 s, or nobody had been free (available) for 10 s. Without call events the second
alone decides. The gate is open while the pool is pressed in a peak.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np

from stream.calendar.schedule_union import ScheduleUnion
from stream.control.detectors.cover import LONG_WAIT_MS
from stream.control.head_counts import CountSeries, third
from stream.events.language import I64, Bool
from stream.units import NEVER_MS, SECOND_MS
from stream.windows.phones import Phones
from stream.windows.queue_trace import Queued, QueueTrace

NOBODY_FREE_MS: Final = 10 * SECOND_MS
MEMORY_MS: Final = 60 * SECOND_MS

Span = tuple[int, int]


def long_waits(queue: QueueTrace, until_ms: int) -> list[Span]:
    """When the oldest call had waited more than 20 s: [start, end), in order."""
    ends = [*queue.at_ms.tolist()[1:], until_ms]
    series = zip(queue.at_ms.tolist(), queue.oldest_since_ms.tolist(), ends, strict=True)
    spans = [(max(at, since + LONG_WAIT_MS + 1), end) for at, since, end in series]
    return [(start, end) for start, end in spans if start < end]


def nobody_free(
    at_ms: Sequence[int], free: Sequence[int], since_ms: int, until_ms: int
) -> list[Span]:
    """When nobody had been free for 10 s: [start, end), in order.

    `free` are the available heads from each instant on; `since_ms` is since when there were none
    before the first, NEVER_MS if there were some.
    """
    spans: list[Span] = []
    for at, heads in zip((*at_ms, until_ms), (*free, 1), strict=True):
        if heads and since_ms < NEVER_MS:
            if since_ms + NOBODY_FREE_MS < at:
                spans.append((since_ms + NOBODY_FREE_MS, at))
            since_ms = NEVER_MS
        elif not heads and since_ms == NEVER_MS:
            since_ms = at
    return spans


def remembered(spans: Iterable[Span], last_end_ms: int) -> list[Span]:
    """When the last 60 s touched any of the spans, or one that ended at `last_end_ms`."""
    merged: list[Span] = []
    if last_end_ms > -NEVER_MS:
        merged.append((-NEVER_MS, last_end_ms + MEMORY_MS))
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end + MEMORY_MS))
        else:
            merged.append((start, end + MEMORY_MS))
    return merged


def within(spans: Sequence[Span], t_ms: int) -> bool:
    """Whether an instant lies in one of the spans, which are in order."""
    place = bisect_right(spans, (t_ms, NEVER_MS)) - 1
    return place >= 0 and t_ms < spans[place][1]


@dataclass(frozen=True, slots=True)
class Gate:
    """A pool's gate over the instants of one feed."""

    peak: ScheduleUnion
    needed: bool
    """False: configured off; movement alerts page in any peak."""
    waits: Sequence[Span]
    """When the last 60 s saw a long wait."""
    idle_free: Sequence[Span]
    """When the last 60 s saw nobody free for 10 s."""

    def is_open(self, t_ms: int) -> bool:
        """Whether a movement alert that is raised at this instant pages."""
        if not self.peak.contains(t_ms):
            return False
        return not self.needed or within(self.waits, t_ms) or within(self.idle_free, t_ms)

    def reason(self, t_ms: int, *, queue_known: bool) -> str:
        """Why it is open or closed, as evidence has it."""
        if not self.peak.contains(t_ms):
            return "outside_peak"
        if not self.needed:
            return "off"
        if within(self.waits, t_ms):
            return "calls_wait"
        if within(self.idle_free, t_ms):
            return "nobody_free"
        return "calls_served" if queue_known else "queue_unknown"

    def openings(self, from_ms: int, until_ms: int) -> list[int]:
        """Instants at which it may open; at some of them it may be open already."""
        starts = [span[0] for spans in (self.waits, self.idle_free) for span in spans]
        return [
            t for t in (*starts, *self.peak.edges(from_ms, until_ms)) if from_ms <= t < until_ms
        ]

    def next_opening(self, t_ms: int, free_since_ms: int, oldest_since_ms: int) -> int:
        """When it may open at or after t_ms without events; `t_ms` is the end of the feed."""
        candidates = [self.peak.next_start(t_ms - 1)]
        if free_since_ms < NEVER_MS:
            candidates.append(free_since_ms + NOBODY_FREE_MS)
        if oldest_since_ms < NEVER_MS:
            candidates.append(oldest_since_ms + LONG_WAIT_MS + 1)
        return min((t for t in candidates if t >= t_ms), default=NEVER_MS)


@runtime_checkable
class WaitTraces(Protocol):
    """Queues that make a pool's trace only when asked for it, and know the calls beneath."""

    def known_at_last(self) -> Bool:
        """(P,): whether each queue is known where the feed ends."""

    def gauged(self) -> Sequence[int]:
        """Pools whose traces may come from a gauge."""

    def waits(self) -> Queued:
        """Calls that wait at some instant of the feed and ring at no phone that names them."""

    def takers(self) -> Phones:
        """Phones that take the call of their pool that has waited longest."""


def known_at_last(queues: Sequence[QueueTrace]) -> Sequence[bool]:
    """By pool: whether its queue is known where the feed ends."""
    if isinstance(queues, WaitTraces):
        return [bool(known) for known in queues.known_at_last()]
    return [bool(queue.known[-1]) for queue in queues]


def end_of_waits(
    queues: Sequence[QueueTrace], from_ms: int, until_ms: int, last_end_ms: I64
) -> None:
    """Bring `last_end_ms`, by pool the end of the last long wait, up to the end of a feed.

    A wait that is still long counts up to there; the next feed goes on with it. Phones take the
    calls that have waited longest, so some call waits long exactly while more calls of the pool
    have waited long than phones take: where the queue comes from calls no trace is made.
    """
    traced: Sequence[int] = range(len(queues))
    if isinstance(queues, WaitTraces):
        traced = queues.gauged()
        waits, takers = queues.waits(), queues.takers()
        start_ms = np.maximum(waits.start_ms, waits.since_ms + LONG_WAIT_MS + 1)
        start_ms, end_ms = np.maximum(start_ms, from_ms), np.minimum(waits.end_ms, until_ms)
        long = (start_ms < end_ms) & ~np.isin(waits.pool, np.array(traced, np.int64))
        pool, start_ms, end_ms = waits.pool[long], start_ms[long], end_ms[long]
        takers = takers.take(np.isin(takers.pool, pool))
        if len(takers):
            pool, end_ms = _left(pool, start_ms, end_ms, takers)
        np.maximum.at(last_end_ms, pool, end_ms)
    for number in traced:
        spans = long_waits(queues[number], until_ms)
        if spans:
            last_end_ms[number] = spans[-1][1]


def _left(pool: I64, start_ms: I64, end_ms: I64, takers: Phones) -> tuple[I64, I64]:
    """Pools and ends of the time in which more calls wait long than phones take.

    pool, start_ms, end_ms: (N,) the long waits.
    """
    pool = np.concatenate([pool, pool, takers.pool, takers.pool])
    at_ms = np.concatenate([start_ms, end_ms, takers.start_ms, takers.end_ms])
    change = np.repeat([1, -1, -1, 1], [len(start_ms), len(start_ms), len(takers), len(takers)])
    order = np.lexsort((at_ms, pool))
    pool, at_ms = pool[order], at_ms[order]
    left = np.cumsum(change[order])  # what comes goes again, so each pool begins at 0
    is_last = np.append((pool[1:] != pool[:-1]) | (at_ms[1:] != at_ms[:-1]), True)
    pool, at_ms, left = pool[is_last], at_ms[is_last], left[is_last]
    after = np.flatnonzero(left[:-1] > 0) + 1
    return pool[after], at_ms[after]


def end_of_idle(pool_steps: CountSeries, base: I64, since_ms: I64, last_end_ms: I64) -> None:
    """Bring, by pool, since when nobody is free and when that last ended, to the end of a feed.

    Args:
        pool_steps: packed counts `stream.control.head_counts.POOL` by pool.
        base: packed counts by pool before any of them.
        since_ms: by pool; NEVER_MS if somebody is free. Changed in place.
        last_end_ms: by pool, the end of the last time that 10 s without free agents ended.
            Changed in place.
    """
    if not len(pool_steps.group):
        return
    none = third(pool_steps.packed) == 0
    none_before = third(pool_steps.before(base)) == 0
    place = np.arange(len(none))
    began = np.maximum.accumulate(np.where(none & ~none_before, place, -1))
    first = np.repeat(pool_steps.start, pool_steps.end - pool_steps.start)
    since = np.where(began >= first, pool_steps.at_ms[began], since_ms[pool_steps.group])
    ended = np.flatnonzero(none_before & ~none & (pool_steps.at_ms - since > NOBODY_FREE_MS))
    last_end_ms[pool_steps.group[ended]] = pool_steps.at_ms[ended]
    last = pool_steps.end - 1
    since_ms[pool_steps.groups] = np.where(none[last], since[last], NEVER_MS)
