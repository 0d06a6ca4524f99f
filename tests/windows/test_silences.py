"""Silences that events end: from when to when nothing was progress of a source."""

import numpy as np
import pytest

from stream.units import NEVER_MS
from stream.windows.silences import NO_DATA_MS, ended_silences

Rows = list[tuple[int, int]]
"""(source, clock) in the order in which they come."""
Found = list[tuple[int, int, int]]
"""(source, first instant, end)"""


def slow(rows: Rows, after: list[int]) -> Found:
    """One event after the other."""
    progress: dict[int, int] = {}
    found, reach = [], NO_DATA_MS
    for source, clock in rows:
        reach = max(reach, clock)
        if source in progress and reach > progress[source] + after[source]:
            found.append((source, progress[source] + after[source], reach))
        progress[source] = max(progress.get(source, clock), clock)
    return sorted(found)


def fast(rows: Rows, after: list[int], cuts: list[int] | None = None) -> Found:
    progress = np.full(len(after), NO_DATA_MS)
    found: Found = []
    for part in np.split(np.array(rows, np.int64).reshape(-1, 2), cuts or []):
        source, clock = part.T
        ended = ended_silences(source, clock, progress, np.array(after))
        found += [(int(one), int(start), int(end)) for one, start, end in ended.T]
        np.maximum.at(progress, source, clock)
    return sorted(found)


def test_a_silence_lasts_from_its_limit_until_time_has_come_to_the_next_event() -> None:
    rows = [(0, 0), (1, 50), (0, 91), (0, 183), (1, 184), (0, 274)]
    assert fast(rows, [91, 91]) == [(0, 182, 183), (1, 141, 184)]


def test_what_comes_late_ends_a_silence_when_it_comes() -> None:
    assert fast([(0, 0), (1, 300), (0, 280)], [91, 91]) == [(0, 91, 300)]


def test_a_source_without_heartbeats_is_never_silent_and_the_first_event_ends_nothing() -> None:
    assert fast([(0, 0), (0, 10**12)], [NEVER_MS]) == []
    assert fast([(0, 0), (1, 10**6)], [91, 91]) == []
    assert fast([], [91]) == []


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_one_finds_event_by_event_in_any_order_and_in_any_batches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = list(
        zip(rng.integers(0, 4, 200).tolist(), rng.integers(0, 3000, 200).tolist(), strict=True)
    )
    cuts = np.sort(rng.integers(1, 200, 3)).tolist()
    after = [20, 50, 100, NEVER_MS]
    for told in (rows, sorted(rows, key=lambda row: row[1])):
        assert fast(told, after) == fast(told, after, cuts) == slow(told, after)
