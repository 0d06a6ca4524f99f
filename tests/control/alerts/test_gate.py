"""The gate: when a pool was pressed within the last sixty seconds."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.control.alerts.gate import (
    WaitTraces,
    end_of_waits,
    known_at_last,
    long_waits,
    nobody_free,
    remembered,
    within,
)
from stream.events.language import Bool
from stream.units import NEVER_MS
from stream.windows.phones import Phones
from stream.windows.queue_trace import PoolSpans, Queued, QueueTrace, Rung, trace_of
from tests.control.floor import queue_trace


def trace(*steps: tuple[int, int]) -> QueueTrace:
    """Steps of (instant, start of the oldest)."""
    return queue_trace([(at_ms, int(since < NEVER_MS), since) for at_ms, since in steps])


def test_a_wait_is_long_after_twenty_seconds_until_the_call_is_taken() -> None:
    """0     20 001     30 000      40 000    50 001   60 000
    [waits |  long   )  nobody   [ waits   | long  )
    """
    queue = trace((0, 0), (30_000, NEVER_MS), (40_000, 30_000))
    assert long_waits(queue, 60_000) == [(20_001, 30_000), (50_001, 60_000)]
    assert long_waits(trace((0, -60_000)), 10) == [(0, 10)]


def test_nobody_free_counts_after_ten_seconds() -> None:
    assert nobody_free([0, 5, 15_004, 20_000], [1, 0, 1, 0], NEVER_MS, 40_000) == [
        (10_005, 15_004), (30_000, 40_000),
    ]  # fmt: skip
    assert nobody_free([0, 10_000], [0, 1], 0, 40_000) == []
    assert nobody_free([50_000], [0], 0, 60_000) == [(10_000, 60_000)]


def test_sixty_seconds_are_remembered_and_touching_spans_are_one() -> None:
    spans = remembered([(0, 10), (60_010, 60_020), (300_000, 300_001)], -NEVER_MS)
    assert spans == [(0, 120_020), (300_000, 360_001)]
    assert within(spans, 0)
    assert within(spans, 120_019)
    assert not within(spans, 120_020)
    assert not within(spans, -1)
    assert remembered([], 1_000) == [(-NEVER_MS, 61_000)]


class CallQueues(Sequence[QueueTrace]):
    """Queues that know their calls and phones and make traces of them.

    Calls are (pool, offered, end), phones that take the oldest call (pool, start, end).
    """

    def __init__(
        self, calls: list[tuple[int, int, int]], phones: list[tuple[int, int, int]], until_ms: int
    ) -> None:
        pool, offered_ms, end_ms = np.array(calls, np.int64).reshape(-1, 3).T
        self._waits = Queued(pool, offered_ms, offered_ms, end_ms, np.zeros(len(pool), np.bool_))
        pool, start_ms, end_ms = np.array(phones, np.int64).reshape(-1, 3).T
        self._takers = Phones(pool, np.zeros_like(pool), start_ms, end_ms)
        self._until_ms = until_ms
        self.made = 0

    def __len__(self) -> int:
        return 3

    def __getitem__(self, pool: int) -> QueueTrace:  # type: ignore[override]
        if not 0 <= pool < 3:
            raise IndexError(pool)
        self.made += 1
        waits = self._waits.take(self._waits.pool == pool)
        takers = self._takers.take(self._takers.pool == pool)
        heard = np.array([0]), np.array([self._until_ms])
        spans = PoolSpans(waits, NOTHING_RUNG, takers, takers, heard, [])
        return trace_of(spans, 0, self._until_ms)

    def known_at_last(self) -> Bool:
        return np.ones(3, np.bool_)

    def gauged(self) -> Sequence[int]:
        return []

    def waits(self) -> Queued:
        return self._waits

    def takers(self) -> Phones:
        return self._takers


NOTHING_RUNG = Rung(*np.zeros((3, 0), np.int64))
CALLS = st.tuples(
    st.integers(0, 2), st.integers(-60_000, 59_999), st.integers(1, 90_000)
).map(lambda call: (call[0], call[1], max(1, call[1] + call[2])))  # fmt: skip
PHONES = st.tuples(
    st.integers(0, 2), st.integers(0, 59_999), st.integers(1, 90_000)
).map(lambda phone: (phone[0], phone[1], min(60_000, phone[1] + phone[2])))  # fmt: skip


@given(st.lists(CALLS, max_size=12), st.lists(PHONES, max_size=6))
def test_the_calls_beneath_say_the_same_as_the_traces(
    calls: list[tuple[int, int, int]], phones: list[tuple[int, int, int]]
) -> None:
    queues = CallQueues(calls, phones, 60_000)
    assert isinstance(queues, WaitTraces)
    from_calls = np.full(3, -NEVER_MS, np.int64)
    end_of_waits(queues, 0, 60_000, from_calls)
    assert queues.made == 0
    from_traces = np.full(3, -NEVER_MS, np.int64)
    end_of_waits(list(queues), 0, 60_000, from_traces)
    assert from_calls.tolist() == from_traces.tolist()
    assert known_at_last(queues) == known_at_last(list(queues))
