"""Where a replay must stop before a feed that had fallen silent is heard again."""

import numpy as np
import pytest

from stream.reports.pauses import pauses
from stream.units import NEVER_MS

Rows = list[tuple[int, int]]
"""(source, ts) in the order in which they are pushed."""


def slow(rows: Rows, silent_after: list[int]) -> list[int]:
    """The same, one event after the other."""
    heard: dict[int, int] = {}
    found, reach = [], -NEVER_MS
    for index, (source, ts) in enumerate(rows):
        reach = max(reach, ts)
        if source in heard and reach - heard[source] > silent_after[source]:
            found.append(index)
        heard[source] = max(heard.get(source, ts), ts)
    return found


def fast(rows: Rows, silent_after: list[int]) -> list[int]:
    source = np.array([source for source, _ in rows], np.int64)
    ts_ms = np.array([ts for _, ts in rows], np.int64)
    reach_ms = np.maximum.accumulate(ts_ms)
    found: list[int] = pauses(source, ts_ms, reach_ms, np.array(silent_after)).tolist()
    return found


def test_the_first_event_after_more_than_the_limit_ends_a_silence() -> None:
    rows = [(0, 0), (1, 50), (0, 90), (0, 181), (1, 182), (0, 271)]
    assert fast(rows, [90, 90]) == [3, 4]


def test_a_feed_without_heartbeats_is_never_silent() -> None:
    assert fast([(0, 0), (0, 10**12)], [NEVER_MS]) == []
    assert fast([], []) == []


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_one_finds_event_by_event_in_any_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = list(
        zip(rng.integers(0, 4, 200).tolist(), rng.integers(0, 3000, 200).tolist(), strict=True)
    )
    for told in (rows, sorted(rows, key=lambda row: row[1])):
        assert fast(told, [20, 50, 100, NEVER_MS]) == slow(told, [20, 50, 100, NEVER_MS])
