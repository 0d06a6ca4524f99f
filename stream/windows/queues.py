"""A pool's queue: from the source's gauge if there is one, else from the open calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stream.events.batch import QueueRows
from stream.events.language import I64, Bool
from stream.units import HOUR_MS, NEVER_MS
from stream.windows.calls.open_calls import Calls

GAUGE_MS_MOST = HOUR_MS
"""A reading of a gauge older than this no longer counts."""
_KEPT_MS = 2 * HOUR_MS


@dataclass(frozen=True, slots=True)
class QueueTrace:
    """A pool's queue in [from_ms, until_ms) as a step function; the first step is at from_ms."""

    known: bool
    """False: no call or queue event of this pool was ever accepted."""
    at_ms: I64
    waiting: I64
    oldest_since_ms: I64
    """When the oldest waiting call was offered; NEVER_MS if none waits."""


class Gauges:
    """Readings of queues by pool, sorted by time; of readings at one time the least counts."""

    def __init__(self) -> None:
        self.readings: dict[int, list[tuple[int, int, int]]] = {}

    def push(self, rows: QueueRows, at: I64, unjudged_ms: int = NEVER_MS) -> None:
        """Insert readings (ts_ms, waiting, oldest_wait_ms) and drop old ones.

        Readings from unjudged_ms on are retained, since control has not evaluated them.
        """
        changed = set()
        for index in at.tolist():
            reading = (
                int(rows.ts_ms[index]),
                int(rows.waiting[index]),
                int(rows.oldest_wait_ms[index]),
            )
            pool = int(rows.pool[index])
            held = self.readings.setdefault(pool, [])
            if reading not in held[-1:]:
                held.append(reading)
                changed.add(pool)
        for pool in changed:
            held = sorted(set(self.readings[pool]), reverse=True)
            newest = {
                ts_ms: (ts_ms, waiting, oldest)
                for ts_ms, waiting, oldest in held
                if ts_ms > min(held[0][0], unjudged_ms) - _KEPT_MS
            }
            self.readings[pool] = sorted(newest.values())

    def trace(self, pool: int, from_ms: int, until_ms: int) -> QueueTrace | None:
        """The steps in [from_ms, until_ms); None if no reading counts at `from_ms` or later."""
        held = [one for one in self.readings.get(pool, ()) if one[0] < until_ms]
        if not held or held[-1][0] + GAUGE_MS_MOST < from_ms:
            return None
        before = [one for one in held if one[0] <= from_ms][-1:]
        after = [one for one in held if one[0] > from_ms]
        steps = [(from_ms, *before[0][1:], before[0][0])] if before else [(from_ms, 0, -1, from_ms)]
        steps += [(ts_ms, waiting, oldest, ts_ms) for ts_ms, waiting, oldest in after]
        known = True
        return QueueTrace(
            known,
            np.array([at for at, *_ in steps], np.int64),
            np.array([waiting for _, waiting, *_ in steps], np.int64),
            np.array(
                [
                    since - max(oldest, 0) if waiting else NEVER_MS
                    for _, waiting, oldest, since in steps
                ],
                np.int64,
            ),
        )


def calls_trace(offered_ms: I64, end_ms: I64, from_ms: int, until_ms: int) -> tuple[I64, I64, I64]:
    """A queue in [from_ms, until_ms): instants of steps, calls waiting, start of the oldest."""
    instants = np.concatenate([offered_ms, end_ms])
    inside = (instants > from_ms) & (instants < until_ms)
    at_ms = np.unique(np.append(instants[inside], from_ms))
    waits = (offered_ms[:, None] <= at_ms) & (at_ms < end_ms[:, None])
    oldest = np.where(waits, offered_ms[:, None], NEVER_MS).min(axis=0, initial=NEVER_MS)
    return at_ms, waits.sum(axis=0), oldest


class Queues(Sequence[QueueTrace]):
    """Traces of all pools in [from_ms, until_ms), each computed at first access.

    Lazy, because most pools of a shard are not evaluated in a step, and a trace takes as long as
    the pool has calls. Calls and gauges must not change between the first access and the last.
    """

    def __init__(
        self, calls: Calls, gauges: Gauges, known: Bool, from_ms: int, until_ms: int
    ) -> None:
        self._calls, self._gauges, self._known = calls, gauges, known
        self._from_ms, self._until_ms = from_ms, until_ms
        self._traces: dict[int, QueueTrace] = {}
        self._waits: tuple[I64, I64, I64] | None = None

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[QueueTrace]:
        return (self[pool] for pool in range(len(self)))

    def __getitem__(self, pool: int) -> QueueTrace:  # type: ignore[override]
        if not 0 <= pool < len(self):
            raise IndexError(pool)
        if pool not in self._traces:
            self._traces[pool] = self._gauges.trace(
                pool, self._from_ms, self._until_ms
            ) or self._from_calls(pool)
        return self._traces[pool]

    def at_first(self) -> tuple[I64, I64]:
        """Of all pools (P,) at the first instant: calls waiting; since when the oldest waits.

        The same as the first step of each trace, computed at once; NEVER_MS if none waits.
        """
        pool, offered_ms, end_ms = self.waits()
        now = (offered_ms <= self._from_ms) & (self._from_ms < end_ms)
        waiting = np.bincount(pool[now], minlength=len(self))
        since_ms = np.full(len(self), NEVER_MS)
        np.minimum.at(since_ms, pool[now], offered_ms[now])
        for number in self.gauged():
            trace = self[number]
            waiting[number], since_ms[number] = trace.waiting[0], trace.oldest_since_ms[0]
        return waiting, since_ms

    def has_data(self) -> Bool:
        """(P,): whether a call or queue event of each pool was ever accepted."""
        return self._known

    def gauged(self) -> Sequence[int]:
        """Pools with readings of a gauge: their traces may not come from calls."""
        return sorted(self._gauges.readings)

    def waits(self) -> tuple[I64, I64, I64]:
        """Waits of calls: pool, start and end of each; those of gauged pools too."""
        if self._waits is None:
            waits = self._calls.waits(self._from_ms, self._until_ms)
            self._waits = waits.pool, waits.start_ms, waits.end_ms
        return self._waits

    def _from_calls(self, pool: int) -> QueueTrace:
        pools, offered_ms, end_ms = self.waits()
        mine = pools == pool
        steps = calls_trace(offered_ms[mine], end_ms[mine], self._from_ms, self._until_ms)
        return QueueTrace(bool(self._known[pool]), *steps)
