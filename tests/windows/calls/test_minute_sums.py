"""Values by row and minute, and by row and period, against a dictionary."""

from collections import defaultdict

import numpy as np
import pytest

from stream.units import HOUR_MS, MINUTE_MS
from stream.windows.calls.minute_sums import CountEntries, MinuteSums
from stream.windows.panes import RING

ROWS, WIDTH = 30, 4
FIRST = 1_000


def drawn(rng: np.random.Generator, minute: int) -> CountEntries:
    """Entries of the last minutes and of some that are no longer kept; periods are hours."""
    count = int(rng.integers(1, 60))
    ts_ms = (minute - rng.integers(0, 2 * RING, count)) * MINUTE_MS + 7
    values = rng.integers(-9, 9, (count, WIDTH))
    return CountEntries(rng.integers(0, ROWS, count), ts_ms, ts_ms // HOUR_MS * HOUR_MS, values)


@pytest.mark.parametrize("seed", range(4))
def test_sums_by_minute_and_by_period_are_those_of_the_entries(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tally = MinuteSums(WIDTH)
    tally.resize(ROWS)
    tally.head[:ROWS] = FIRST
    minutes = defaultdict[tuple[int, int], np.ndarray](lambda: np.zeros(WIDTH, np.int64))
    periods = defaultdict[tuple[int, int], np.ndarray](lambda: np.zeros(WIDTH, np.int64))
    minute = FIRST
    for _ in range(80):
        minute += int(rng.integers(0, 9))
        tally.advance(np.full(ROWS, minute))
        entries = drawn(rng, minute)
        tally.add(entries)
        columns = (entries.row, entries.ts_ms // MINUTE_MS, entries.period_ms)
        rows = zip(*(column.tolist() for column in columns), entries.values, strict=True)
        for row, at, start_ms, values in rows:
            minutes[row, at] += values
            periods[row, start_ms] += values
        if rng.integers(0, 5) == 0:
            before_ms = (minute - 3 * RING) * MINUTE_MS
            tally.drop_before(before_ms)
            for key in [key for key in periods if key[1] < before_ms]:
                del periods[key]
    last = {(row, minute - back) for row in range(ROWS) for back in range(RING)}
    found = {(row, at): tally.minutes[row, at % RING].tolist() for row, at in last}
    assert found == {key: minutes[key].tolist() for key in last}
    assert {key: tally.sums[at].tolist() for key, at in tally.periods.items()} == {
        key: sums.tolist() for key, sums in periods.items()
    }


def test_a_row_without_its_period_has_none_of_it() -> None:
    tally = MinuteSums(WIDTH)
    tally.resize(2)
    one = CountEntries(
        np.array([1]), np.array([HOUR_MS]), np.array([HOUR_MS]), np.ones((1, WIDTH), int)
    )
    tally.add(one)
    nothing = CountEntries(
        *(column[:0] for column in (one.row, one.ts_ms, one.period_ms, one.values))
    )
    found = tally.windows(np.array([HOUR_MS, HOUR_MS]), (5,), 2 * HOUR_MS, nothing)
    assert found[:, -1].tolist() == [[0] * WIDTH, [1] * WIDTH]
    tally.drop_before(2 * HOUR_MS)
    assert not tally.windows(np.array([HOUR_MS, HOUR_MS]), (5,), 2 * HOUR_MS, nothing)[:, -1].any()
