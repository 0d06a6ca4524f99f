"""The array tools of the windows, each against a loop."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.arrays import (
    Columns,
    ColumnStore,
    Runs,
    column,
    distinct,
    firsts,
    grown,
    max_before,
    ranges,
    ranked,
    sorted_distinct,
    union,
    within,
)
from stream.events.language import I64
from stream.units import EARLIEST_MS, LATEST_MS
from stream.windows.sources import UNSEEN_MS

GROUPS = 5
INSTANTS = st.one_of(
    st.integers(EARLIEST_MS, EARLIEST_MS + 20),
    st.integers(EARLIEST_MS, LATEST_MS - 1),
    st.just(LATEST_MS - 1),
)
RUNS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), max_size=8)


def slow_max_before(group: list[int], value: list[int], initial: list[int]) -> list[int]:
    so_far, out = dict(enumerate(initial)), []
    for one, ts_ms in zip(group, value, strict=True):
        out.append(so_far[one])
        so_far[one] = max(so_far[one], ts_ms)
    return out


@given(
    st.lists(st.tuples(st.integers(0, GROUPS - 1), INSTANTS), min_size=1, max_size=40),
    st.lists(st.one_of(st.just(UNSEEN_MS), INSTANTS), min_size=GROUPS, max_size=GROUPS),
)
def test_the_maximum_before_each_element_is_that_of_a_loop(
    events: list[tuple[int, int]], initial: list[int]
) -> None:
    group, value = map(list, zip(*events, strict=True))
    found = max_before(np.array(group), np.array(value), np.array(initial)).tolist()
    wanted = slow_max_before(group, value, initial)
    # Where nothing was seen yet, any bound below all values serves.
    low = min(value)
    assert [max(one, low - 1) for one in found] == [max(one, low - 1) for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one == other or max(one, other) < low


def test_no_elements_have_no_maxima() -> None:
    none = np.zeros(0, np.int64)
    assert not len(max_before(none, none, np.zeros(GROUPS, np.int64)))


def test_many_groups_over_a_century_do_not_overflow() -> None:
    group = np.arange(100_000)
    value = np.where(group % 2, EARLIEST_MS, LATEST_MS - 1)
    assert (max_before(group, value, np.full(len(group), UNSEEN_MS)) < value).all()
    assert (max_before(group, value, value + 1) == value + 1).all()


@given(st.lists(st.integers(0, 30)))
def test_the_numbers_that_occur_are_found_in_order_and_the_place_of_each(drawn: list[int]) -> None:
    numbers = np.array(drawn, np.int64)
    occurring, place = ranked(numbers)
    assert occurring.tolist() == distinct(numbers).tolist() == sorted(set(drawn))
    assert occurring[place].tolist() == drawn
    assert firsts(numbers).tolist() == [one not in drawn[:at] for at, one in enumerate(drawn)]


@given(RUNS)
def test_ranges_are_those_of_a_loop(runs: list[tuple[int, int]]) -> None:
    starts = np.array([start for start, _ in runs], np.int64)
    ends = starts + np.array([length for _, length in runs], np.int64)
    wanted = [at for start, length in runs for at in range(start, start + length)]
    assert ranges(starts, ends).tolist() == wanted


@given(st.lists(st.integers(0, 6), max_size=8))
def test_within_counts_each_run_from_0(lengths: list[int]) -> None:
    wanted = [at for length in lengths for at in range(length)]
    assert within(np.array(lengths, np.int64)).tolist() == wanted


def test_a_column_that_is_long_enough_stays_itself() -> None:
    column = np.arange(4)
    assert grown(column, 4) is column
    assert grown(column, 0) is column


def test_a_column_grows_by_doubling_and_keeps_rows_type_and_shape() -> None:
    column = np.arange(6, dtype=np.uint16).reshape(3, 2)
    wide = grown(column, 4, 9)
    assert wide.shape == (6, 2)
    assert wide.dtype == np.uint16
    assert wide.tolist() == [[0, 1], [2, 3], [4, 5], [9, 9], [9, 9], [9, 9]]
    assert grown(column, 100).shape == (100, 2)


@given(
    st.lists(
        st.tuples(st.integers(0, GROUPS - 1), st.integers(0, 30), st.integers(1, 9)), max_size=30
    )
)
def test_a_union_covers_what_any_of_the_intervals_covers_without_a_seam(
    intervals: list[tuple[int, int, int]],
) -> None:
    columns = np.array(intervals, np.int64).reshape(-1, 3).T
    found = list(
        zip(
            *(one.tolist() for one in union(columns[0], columns[1], columns[1] + columns[2])),
            strict=True,
        )
    )
    assert found == sorted(found)
    covered = [(one, t) for one, begin, end in found for t in range(begin, end)]
    wanted = {(one, t) for one, begin, lasts in intervals for t in range(begin, begin + lasts)}
    assert sorted(wanted) == covered
    assert not {(one, end) for one, _, end in found} & wanted


class _Rows(ColumnStore):
    count: I64 = column(np.int64, -1, per="teams")
    name: Any = column(np.object_, "", per="teams")
    by_state: I64 = column(np.int64, per="seats", shape=(3,))


def test_columns_of_one_kind_grow_together_and_keep_their_values() -> None:
    rows = _Rows()
    rows.count[:2], rows.by_state[0] = (5, 6), 7
    rows.resize(teams=1_000)
    assert len(rows.count) == len(rows.name) >= 1_000 > len(rows.by_state)
    assert rows.count[:2].tolist() == [5, 6]
    assert set(rows.count[2:].tolist()) == {-1}
    assert set(rows.name.tolist()) == {""}
    assert rows.by_state[:2].tolist() == [[7, 7, 7], [0, 0, 0]]


def test_two_stores_of_one_class_share_no_rows_and_never_shrink() -> None:
    one, other = _Rows(), _Rows()
    one.resize(seats=500)
    one.resize(seats=3, teams=0)
    one.by_state[0] = 1
    assert len(one.by_state) >= 500
    assert other.by_state[0].tolist() == [0, 0, 0]
    assert _Rows.column_names("teams") == ("count", "name")


def test_a_store_without_columns_for_a_kind_of_row_refuses_to_grow_them() -> None:
    with pytest.raises(KeyError, match="agents"):
        _Rows().resize(agents=3)


@dataclass(frozen=True, slots=True)
class _Pairs(Columns):
    left: I64
    right: I64


def test_rows_are_taken_joined_and_written_in_all_columns() -> None:
    pairs = _Pairs(np.array([1, 2, 3]), np.array([4, 5, 6]))
    both = _Pairs.joined(pairs.take(pairs.left > 1), pairs.take(np.array([0])))
    assert len(both) == 3
    assert (both.left.tolist(), both.right.tolist()) == ([2, 3, 1], [5, 6, 4])
    pairs.write(np.array([0, 2]), both.take(slice(0, 2)))
    assert (pairs.left.tolist(), pairs.right.tolist()) == ([2, 2, 3], [5, 5, 6])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), max_size=20))
def test_rows_by_group_are_summed_as_in_a_loop(rows: list[tuple[int, int]]) -> None:
    sums = dict.fromkeys(range(GROUPS), 0)
    for group, value in rows:
        sums[group] += value
    runs = Runs.of(np.array([group for group, _ in rows], np.int64), GROUPS)
    values = np.array([value for _, value in rows], np.int64)
    assert runs.by_group(runs.sums(runs.in_order(values)), 0).tolist() == [*sums.values()]
    in_order = [row for group in range(GROUPS) for row in rows if row[0] == group]
    assert runs.in_order(values).tolist() == [value for _, value in in_order]
    assert runs.held[runs.run].tolist() == [group for group, _ in in_order]


def test_sorted_distinct_values_are_those_that_numpy_finds() -> None:
    rng = np.random.default_rng(5)
    for size in (0, 1, 2, 500):
        values = rng.integers(-300, 300, size)
        assert sorted_distinct(values).tolist() == np.unique(values).tolist()
