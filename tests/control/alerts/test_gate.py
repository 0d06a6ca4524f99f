"""The gate: when a pool was pressed within the last sixty seconds."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.control.alerts.gate import (
    WaitTraces,
    end_of_waits,
    has_data,
    long_waits,
    nobody_free,
    remembered,
    within,
)
from stream.events.language import I64, Bool
from stream.units import NEVER_MS
from stream.windows.queues import QueueTrace, calls_trace


def trace(*steps: tuple[int, int]) -> QueueTrace:
    """Steps of (instant, start of the oldest)."""
    at_ms, since = np.array(steps, np.int64).reshape(-1, 2).T
    return QueueTrace(True, at_ms, (since < NEVER_MS).astype(np.int64), since)


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
    """Queues that know their calls and make traces of them: (pool, offered, end)."""

    def __init__(self, calls: list[tuple[int, int, int]], pools: int, until_ms: int) -> None:
        self._columns = np.array(calls, np.int64).reshape(-1, 3).T
        self._pools, self._until_ms = pools, until_ms
        self.made = 0

    def __len__(self) -> int:
        return self._pools

    def __getitem__(self, pool: int) -> QueueTrace:  # type: ignore[override]
        if not 0 <= pool < self._pools:
            raise IndexError(pool)
        self.made += 1
        pools, offered_ms, end_ms = self._columns
        mine = pools == pool
        return QueueTrace(True, *calls_trace(offered_ms[mine], end_ms[mine], 0, self._until_ms))

    def has_data(self) -> Bool:
        return np.ones(self._pools, np.bool_)

    def gauged(self) -> Sequence[int]:
        return []

    def waits(self) -> tuple[I64, I64, I64]:
        pools, offered_ms, end_ms = self._columns
        return pools, offered_ms, end_ms


CALLS = st.tuples(
    st.integers(0, 2), st.integers(-60_000, 59_999), st.integers(1, 90_000)
).map(lambda call: (call[0], call[1], max(1, call[1] + call[2])))  # fmt: skip


@given(st.lists(CALLS, max_size=12))
def test_the_calls_beneath_say_the_same_as_the_traces(calls: list[tuple[int, int, int]]) -> None:
    queues = CallQueues(calls, 3, 60_000)
    assert isinstance(queues, WaitTraces)
    from_calls = np.full(3, -NEVER_MS, np.int64)
    end_of_waits(queues, 0, 60_000, from_calls)
    assert queues.made == 0
    from_traces = np.full(3, -NEVER_MS, np.int64)
    end_of_waits(list(queues), 0, 60_000, from_traces)
    assert from_calls.tolist() == from_traces.tolist()
    assert has_data(queues) == has_data(list(queues))
