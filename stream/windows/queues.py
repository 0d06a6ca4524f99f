"""Queues of all pools: a reading of a gauge while it holds, else the calls that ring nowhere.

A phone that rings takes the call that it names; one that names none takes the call that has waited
longest of those left in its team's pool, unless all phones of the pool ring at once. What a source
reported of calls is known as long as the source is heard.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from stream.arrays import without
from stream.events.language import Bool
from stream.units import NEVER_MS
from stream.windows.engine import Engine
from stream.windows.known_waits import known_waits
from stream.windows.phones import NO_CALL, Phones, rung
from stream.windows.queue_trace import PoolSpans, Queued, QueueTrace, Rung, trace_of

S = TypeVar("S", Queued, Rung, Phones)


class Queues(Sequence[QueueTrace]):
    """Traces of all pools in [from_ms, until_ms), each computed at first access.

    Lazy, because most pools of a shard are not evaluated in a step, and a trace takes as long as
    the pool has calls. The engine must not change between the first access and the last.

    Args:
        engine: the windows.
        phones: those that ring in this time.
        from_ms: its start.
        until_ms: its end.
    """

    def __init__(self, engine: Engine, phones: Phones, from_ms: int, until_ms: int) -> None:
        self._engine, self._phones = engine, phones
        self._from_ms, self._until_ms = from_ms, until_ms
        takes = (phones.call == NO_CALL) & ~engine.ring_all[phones.pool]
        self._takers = phones.take(np.flatnonzero(takes))
        self._traces: dict[int, QueueTrace] = {}
        self._of_calls: tuple[Queued, Rung] | None = None

    def __len__(self) -> int:
        return len(self._engine.names.pools)

    def __iter__(self) -> Iterator[QueueTrace]:
        return (self[pool] for pool in range(len(self)))

    def __getitem__(self, pool: int) -> QueueTrace:  # type: ignore[override]
        if not 0 <= pool < len(self):
            raise IndexError(pool)
        if pool not in self._traces:
            self._traces[pool] = trace_of(self._spans(pool), self._from_ms, self._until_ms)
        return self._traces[pool]

    def at_first(self) -> QueueTrace:
        """The queues of all pools at the first instant, in columns of (P,).

        The same as the first step of each trace, computed at once.
        """
        count = len(self)
        waits, named = self._calls()
        waits, named = self._at_first(waits), self._at_first(named)
        takers = self._at_first(self._takers)
        order = np.lexsort((waits.since_ms, waits.pool))
        pool, since_ms = waits.pool[order], waits.since_ms[order]
        queued, phones = (np.bincount(one.pool, minlength=count) for one in (waits, takers))
        rank = np.arange(len(pool)) - (np.cumsum(queued) - queued)[pool]
        oldest = np.flatnonzero(rank == phones[pool])
        oldest_ms = np.full(count, NEVER_MS)
        oldest_ms[pool[oldest]] = since_ms[oldest]
        taken = np.minimum(phones, queued)
        ringing = taken + np.bincount(named.pool, minlength=count)
        known = self._is_heard(self._from_ms)
        waiting = np.where(known, queued - taken, 0)
        oldest_ms[~known] = NEVER_MS
        for number in self.gauged():
            trace = self[number]
            waiting[number], oldest_ms[number] = trace.waiting[0], trace.oldest_since_ms[0]
            ringing[number], known[number] = trace.ringing[0], trace.known[0]
        return QueueTrace(np.full(count, self._from_ms), waiting, oldest_ms, ringing, known)

    def known_at_last(self) -> Bool:
        """(P,): whether each queue is known where this time ends."""
        known = self._is_heard(max(self._from_ms, self._until_ms - 1))
        for number in self.gauged():
            known[number] = self[number].known[-1]
        return known

    def gauged(self) -> Sequence[int]:
        """Pools with readings of a gauge: their traces may not come from calls."""
        return sorted(self._engine.gauges.readings)

    def waits(self) -> Queued:
        """Queued of calls where no phone rings that names them; those of gauged pools too."""
        return self._calls()[0]

    def takers(self) -> Phones:
        """Phones that take the call of their pool that has waited longest."""
        return self._takers

    def _at_first(self, spans: S) -> S:
        now = (spans.start_ms <= self._from_ms) & (self._from_ms < spans.end_ms)
        return spans.take(now)

    def _is_heard(self, t_ms: int) -> Bool:
        engine = self._engine
        return engine.call_sources.are_heard(engine.sources, t_ms, len(self))

    def _calls(self) -> tuple[Queued, Rung]:
        if self._of_calls is None:
            # From a moment before: what ends with the first instant may be lost there.
            engine, wait_ms = self._engine, self._engine.spec.windows.wait_ms
            waits = engine.counting.calls.waits(self._from_ms - 1, self._until_ms)
            known = known_waits(engine.sources, waits, wait_ms, self._until_ms)
            waits, every = waits.take(known.wait), np.arange(len(known))
            start_ms, end_ms = known.start_ms, known.end_ms
            holes = rung(waits.call.view(np.int64), start_ms, end_ms, self._phones)
            at, part_start_ms, part_end_ms = without(every, start_ms, end_ms, *holes)
            lost = known.lost[at] & (part_end_ms == end_ms[at])
            self._of_calls = (
                Queued(waits.pool[at], waits.start_ms[at], part_start_ms, part_end_ms, lost),
                Rung(waits.pool[holes[0]], holes[1], holes[2]),
            )
        return self._of_calls

    def _spans(self, pool: int) -> PoolSpans:
        engine, between = self._engine, (self._from_ms, self._until_ms)
        waits, named = self._calls()
        return PoolSpans(
            waits.take(waits.pool == pool),
            named.take(named.pool == pool),
            self._takers.take(self._takers.pool == pool),
            self._phones.take(self._phones.pool == pool),
            engine.call_sources.known_spans(engine.sources, pool, *between),
            engine.gauges.spans(pool, *between),
        )
