"""Sums by seat and shift, against a dictionary."""

from collections import defaultdict

import numpy as np
import pytest

from stream.calendar.team_calendars import TeamCalendars
from stream.events.language import I64, STATE_COUNT
from stream.events.names import Names
from stream.spec import Spec
from stream.units import DAY_MS, HOUR_MS
from stream.windows.panes import RING, SHIFTS, Intervals, Panes, empty_opened

SEATS = 6
FIRST_DAY = 20_000


def a_floor() -> tuple[TeamCalendars, I64]:
    names = Names()
    for number in range(SEATS):
        names.seat("main", f"a{number}", "red", 0)
    calendars = TeamCalendars(names, Spec())
    calendars.follow_names()
    return calendars, names.agent_floor.data[names.seat_agent.data]


def drawn(rng: np.random.Generator, day: int) -> Intervals:
    """Intervals within a day (in UTC a shift is a day), most of them of the last, some older."""
    count = int(rng.integers(1, 12))
    days = np.where(rng.random(count) < 0.7, day, day - rng.integers(0, 2 * SHIFTS, count))
    start_ms = days * DAY_MS + rng.integers(0, 20, count) * HOUR_MS
    return Intervals(
        start_ms,
        start_ms + rng.integers(1, 4 * HOUR_MS, count),
        rng.integers(0, SEATS, count),
        rng.integers(0, STATE_COUNT, count),
        np.ones(count, np.int64),
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_sums_of_a_shift_are_those_of_its_intervals_until_fifteen_newer_push_it_out(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    calendars, floor_of_seat = a_floor()
    panes = Panes()
    panes.resize(seats=SEATS, floors=1)
    sums = [defaultdict[int, I64](lambda: np.zeros(STATE_COUNT, np.int64)) for _ in range(SEATS)]
    for day in range(FIRST_DAY, FIRST_DAY + 60):
        intervals = drawn(rng, day)
        panes.head[0] = (day + 1) * DAY_MS // 60_000
        panes.add(intervals, floor_of_seat, calendars)
        for row, seat in enumerate(intervals.seat.tolist()):
            held, shift = sums[seat], int(intervals.start_ms[row]) // DAY_MS * DAY_MS
            if shift in held or len(held) < SHIFTS or shift > min(held):
                held[shift]
        for held in sums:
            while len(held) > SHIFTS:
                del held[min(held)]
        for row, seat in enumerate(intervals.seat.tolist()):
            shift = int(intervals.start_ms[row]) // DAY_MS * DAY_MS
            if shift in sums[seat]:
                length_ms = int(intervals.end_ms[row] - intervals.start_ms[row])
                sums[seat][shift][intervals.state[row]] += length_ms
        for seat, held in enumerate(sums):
            for shift, wanted in held.items():
                found = panes.sum_shift(np.array([seat]), np.array([shift]))
                assert found[0].tolist() == wanted.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_minutes_that_open_are_empty_as_if_each_row_moved_on_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, span = 40, int(rng.choice([2, 20, 3 * RING]))
    head = rng.integers(1_000, 1_000 + span, rows)
    minute = head + rng.integers(-3, span, rows)
    ring = rng.integers(1, 99, (rows + 2, RING, 3))
    alone = ring.copy()
    for row in range(rows):
        for opened in range(head[row] + 1, minute[row] + 1):
            alone[row, opened % RING] = 0
    empty_opened(ring, head, minute)
    assert np.array_equal(ring, alone)


def test_a_row_that_is_new_is_not_written_to_when_its_first_minute_opens() -> None:
    ring = np.full((2, RING, 1), 7)
    empty_opened(ring, np.array([0, 999]), np.array([1_000, 1_000]))
    assert (ring[0] == 7).all(), "written to, it would take memory"
    assert ring[1].sum() == 7 * (RING - 1)
