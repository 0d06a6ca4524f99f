"""The queue of one pool as time goes: from its calls, or from a gauge while a reading holds."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stream.arrays import Columns
from stream.events.language import I64, Bool
from stream.units import NEVER_MS
from stream.windows.phones import Phones
from stream.windows.queue_gauges import GaugeSpan

Spans = tuple[I64, I64]
"""Starts and ends."""


def _never() -> I64:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class QueueTrace:
    """A pool's queue in [from_ms, until_ms) as a step function; the first step is at from_ms."""

    at_ms: I64
    waiting: I64
    """Calls that wait and ring nowhere."""
    oldest_since_ms: I64
    """When the oldest of them was offered; NEVER_MS if none waits."""
    ringing: I64
    """Calls that ring at an agent."""
    known: Bool
    """False: nobody knows the queue. Then nothing waits by the other columns."""
    lost_ms: I64 = field(default_factory=_never)
    """Instants at which calls cease to wait and no event says what became of them."""
    read_ms: I64 = field(default_factory=_never)
    """Instants from which on the queue is that of a reading."""


@dataclass(frozen=True, slots=True)
class Queued(Columns):
    """Parts of calls' stays in queues in which no phone rings that names them, in columns."""

    pool: I64
    since_ms: I64
    """When the call was offered."""
    start_ms: I64
    end_ms: I64
    lost: Bool
    """Whether the stay ends with this part, and no event says what became of the call."""


@dataclass(frozen=True, slots=True)
class Rung(Columns):
    """Parts of calls' stays in queues in which a phone rings that names them, in columns."""

    pool: I64
    start_ms: I64
    end_ms: I64


@dataclass(frozen=True, slots=True)
class PoolSpans:
    """All that decides the queue of one pool."""

    waits: Queued
    rung: Rung
    takers: Phones
    """Phones that take the call that has waited longest."""
    phones: Phones
    """All phones."""
    known: Spans
    """When a source that reported calls of the pool is heard."""
    gauge: Sequence[GaugeSpan]


def trace_of(pool: PoolSpans, from_ms: int, until_ms: int) -> QueueTrace:
    """The queue in [from_ms, until_ms)."""
    spans = (pool.waits, pool.rung, pool.takers, pool.phones)
    edges = [edge for one in spans for edge in (one.start_ms, one.end_ms)]
    edges += [*pool.known, np.array([one[:2] for one in pool.gauge], np.int64).ravel()]
    instants = np.concatenate(edges)
    inside = (instants > from_ms) & (instants < until_ms)
    at_ms = np.unique(np.append(instants[inside], from_ms))
    takers = _count(pool.takers.start_ms, pool.takers.end_ms, at_ms)
    queued, oldest_ms = _left(at_ms, pool.waits, takers)
    taken = np.minimum(takers, queued)
    ringing = taken + _count(pool.rung.start_ms, pool.rung.end_ms, at_ms)
    known = _count(*pool.known, at_ms) > 0
    waiting = np.where(known, queued - taken, 0)
    oldest_ms[~known] = NEVER_MS
    phones = _count(pool.phones.start_ms, pool.phones.end_ms, at_ms)
    lost_ms = pool.waits.end_ms[pool.waits.lost]
    for one in pool.gauge:
        holds = (at_ms >= one.start_ms) & (at_ms < one.end_ms)
        waiting[holds], oldest_ms[holds] = one.waiting, one.oldest_since_ms
        ringing[holds], known[holds] = phones[holds], True
        lost_ms = lost_ms[(lost_ms < one.start_ms) | (lost_ms >= one.end_ms)]
    ended = [one.end_ms for one in pool.gauge if one.waiting]
    ended_ms = np.intersect1d(np.array(ended, np.int64), at_ms[~known])
    lost_ms = np.append(lost_ms[(lost_ms >= from_ms) & (lost_ms < until_ms)], ended_ms)
    read_ms = np.array([one.start_ms for one in pool.gauge], np.int64)
    return QueueTrace(at_ms, waiting, oldest_ms, ringing, known, lost_ms, read_ms)


def _count(start_ms: I64, end_ms: I64, at_ms: I64) -> I64:
    """How many of the intervals [start_ms, end_ms) contain each instant."""
    begun = np.searchsorted(np.sort(start_ms), at_ms, side="right")
    return np.asarray(begun - np.searchsorted(np.sort(end_ms), at_ms, side="right"))


def _left(at_ms: I64, waits: Queued, takers: I64) -> Spans:
    """(N,) each: how many calls are queued at each instant, and since when the oldest waits.

    takers: (N,) how many of the oldest are taken. NEVER_MS: all are.
    """
    since_ms = waits.since_ms.tolist()
    changes = sorted(
        [
            *zip(waits.start_ms.tolist(), since_ms, [True] * len(since_ms), strict=True),
            *zip(waits.end_ms.tolist(), since_ms, [False] * len(since_ms), strict=True),
        ]
    )
    queued: list[int] = []
    place, found = 0, list[tuple[int, int]]()
    for t_ms, taken in zip(at_ms.tolist(), takers.tolist(), strict=True):
        while place < len(changes) and changes[place][0] <= t_ms:
            _, since, comes = changes[place]
            place += 1
            if comes:
                insort(queued, since)
            else:
                queued.pop(bisect_left(queued, since))
        found.append((len(queued), queued[taken] if taken < len(queued) else NEVER_MS))
    count, oldest_ms = np.array(found, np.int64).T
    return count.copy(), oldest_ms.copy()
