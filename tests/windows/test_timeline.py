"""Merging rows into an agent's timeline: one order for all, equal rows once."""

from collections import defaultdict
from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.windows.timeline import COLUMNS, Merged, Order, Rows, merge, no_rows

PLACES = 3
T_MS = 1_772_447_000_000
ORDER = Order(team_of_seat=np.array([1, 0, 1]), source=np.array([1, 0]))
"""The team of seat 1 comes first by its bytes, and so does source 1."""
KEYS = tuple(name for name in COLUMNS if name != "limit_ms")
"""The limit does not tell rows apart."""
Row = tuple[int, int, int, int, int, bool, int, int]
"""ts_ms, seq, seat, source, state, sync, call, reason"""


def as_rows(rows: list[Row]) -> Rows:
    out = no_rows(len(rows))
    for at, row in enumerate(rows):
        for name, value in zip(KEYS, row, strict=True):
            getattr(out, name)[at] = value
    return out


def key_of(row: Row) -> tuple[int, ...]:
    ts_ms, seq, seat, source, state, sync, call, reason = row
    team, of = int(ORDER.team_of_seat[seat]), int(ORDER.source[source])
    return ts_ms, seq, state, team, of, not sync, call % 2**64, reason


def listed(merged: Merged) -> list[list[Row]]:
    columns = [getattr(merged.rows, name).tolist() for name in KEYS]
    rows: list[Row] = list(zip(*columns, strict=True))
    start = merged.start.tolist()
    return [rows[start[place] : start[place + 1]] for place in range(len(start) - 1)]


def merged_of(old: dict[int, list[Row]], new: list[tuple[int, Row]], places: int) -> Merged:
    flat = [row for place in range(places) for row in old.get(place, [])]
    place = [place for place in range(places) for _ in old.get(place, [])]
    return merge(
        as_rows(flat), np.array(place, np.int64), as_rows([row for _, row in new]),
        np.array([at for at, _ in new], np.int64), places, ORDER,
    )  # fmt: skip


ROWS = st.tuples(
    st.integers(T_MS, T_MS + 3), st.integers(0, 1), st.sampled_from((0, 1)), st.integers(0, 1),
    st.integers(0, 2), st.booleans(), st.sampled_from((0, 7, -7)), st.integers(0, 1),
)  # fmt: skip
PLACED = st.lists(st.tuples(st.integers(0, PLACES - 1), ROWS), max_size=12)


@given(PLACED, PLACED)
def test_a_merge_is_a_sorted_set_of_rows_for_each_agent(
    before: list[tuple[int, Row]], new: list[tuple[int, Row]]
) -> None:
    old: dict[int, list[Row]] = defaultdict(list)
    for place, row in sorted(set(before), key=lambda one: (one[0], key_of(one[1]))):
        old[place].append(row)
    merged = merged_of(old, new, PLACES)
    wanted = [
        sorted({*old.get(place, []), *(row for at, row in new if at == place)}, key=key_of)
        for place in range(PLACES)
    ]
    assert listed(merged) == wanted
    fresh = {
        place: [at for at, row in enumerate(rows) if row not in old.get(place, [])]
        for place, rows in enumerate(wanted)
    }
    assert merged.changed.tolist() == [place for place, at in fresh.items() if at]
    first = merged.first_new - merged.start[merged.changed]
    assert first.tolist() == [at[0] for at in fresh.values() if at]


def test_rows_of_one_instant_have_one_order_however_they_came() -> None:
    rows: list[Row] = [
        (T_MS, 0, 1, 1, 0, True, 0, 0),
        (T_MS, 0, 1, 1, 0, True, 0, 5),  # a reason
        (T_MS, 0, 1, 1, 0, True, 3, 0),  # a call
        (T_MS, 0, 1, 1, 0, True, -3, 0),  # another call, by the bits of its hash
        (T_MS, 0, 1, 1, 0, False, 0, 0),  # the same said by an event, after the snapshot
        (T_MS, 0, 1, 0, 0, False, 0, 0),  # a source whose name is greater
        (T_MS, 0, 0, 0, 0, False, 0, 0),  # a team whose name is greater
        (T_MS, 0, 1, 1, 7, False, 0, 0),  # a state of higher rank
        (T_MS, 1, 1, 1, 0, False, 0, 0),  # a greater seq
        (T_MS + 1, 0, 1, 1, 0, False, 0, 0),
    ]
    for order in list(permutations(rows))[::9_973]:
        assert listed(merged_of({}, [(0, row) for row in order], 1)) == [rows]


def test_a_row_that_is_there_already_changes_nothing() -> None:
    held: list[Row] = [(T_MS, 0, 0, 0, 0, False, 0, 0), (T_MS + 5, 0, 0, 0, 7, False, 0, 0)]
    merged = merged_of({0: held}, [(0, held[1]), (0, held[0]), (0, held[0])], 1)
    assert listed(merged) == [held]
    assert not len(merged.changed)


def test_seats_of_one_team_hold_equal_rows_apart_by_their_agents() -> None:
    merged = merged_of(
        {}, [(1, (T_MS, 0, 2, 0, 0, False, 0, 0)), (0, (T_MS, 0, 0, 0, 0, False, 0, 0))], 2
    )
    assert listed(merged) == [[(T_MS, 0, 0, 0, 0, False, 0, 0)], [(T_MS, 0, 2, 0, 0, False, 0, 0)]]


def test_a_repeat_leaves_the_limit_as_it_was() -> None:
    row = (T_MS, 0, 1, 1, 0, True, 0, 0)
    old, new = as_rows([row]), as_rows([row])
    old.limit_ms[:], new.limit_ms[:] = T_MS + 1, T_MS + 2
    merged = merge(old, np.zeros(1, np.int64), new, np.zeros(1, np.int64), 1, ORDER)
    assert merged.rows.limit_ms.tolist() == [T_MS + 1]
    assert not len(merged.changed)
