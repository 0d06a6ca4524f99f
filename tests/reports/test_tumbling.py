"""Tumbling windows of local time."""

from itertools import pairwise

import pytest

from stream.reports.tumbling import WindowName, slices, window_edges
from stream.units import HOUR_MS, MINUTE_MS

AT_MS = 1_790_064_000_000  # 2026-09-22T08:00:00Z


@pytest.mark.parametrize(
    ("window", "size_ms"),
    [
        ("5m", 5 * MINUTE_MS),
        ("15m", 15 * MINUTE_MS),
        ("30m", 30 * MINUTE_MS),
        ("1h", HOUR_MS),
        ("1d", 24 * HOUR_MS),
    ],
)
def test_edges_cover_the_range_and_stand_a_window_apart(window: WindowName, size_ms: int) -> None:
    edges = window_edges("Asia/Shanghai", window, AT_MS + 1, AT_MS + 3 * HOUR_MS).tolist()
    assert edges[0] <= AT_MS + 1 < edges[1]
    assert edges[-2] < AT_MS + 3 * HOUR_MS <= edges[-1]
    assert {after - before for before, after in pairwise(edges)} == {size_ms}


@pytest.mark.parametrize("window", ["5m", "15m", "30m", "1h", "1d"])
def test_slices_are_at_most_a_quarter_hour_and_make_up_the_windows(window: WindowName) -> None:
    edges = window_edges("Asia/Kathmandu", window, AT_MS, AT_MS + 26 * HOUR_MS)
    parts = slices(edges)
    assert parts[0].start_ms == edges[0]
    assert parts[-1].end_ms == edges[-1]
    for before, after in pairwise(parts):
        assert before.end_ms == after.start_ms
    for part in parts:
        assert 0 < part.end_ms - part.start_ms <= 15 * MINUTE_MS
        assert part.window_start_ms <= part.start_ms < part.end_ms <= part.window_end_ms
