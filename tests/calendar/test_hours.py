"""Peaks, opening hours and shift edges by pool and team."""

from datetime import date

from stream.calendar.hours import HoursLookup
from stream.control.control import Control
from stream.ids import PoolKey, TeamKey
from stream.spec import LocalSpan, PeakSpec, PoolSpec, ShiftSpec, Spec
from stream.units import HOUR_MS, NEVER_MS
from tests.control.floor import START_MS, m

MAIN = PoolKey("main", "main")
RED = TeamKey("main", "main", "red")


def test_the_peaks_that_name_a_pool_best_count_together() -> None:
    spec = Spec(
        peaks=(
            PeakSpec(LocalSpan(600, 660)),
            PeakSpec(LocalSpan(600, 610), pool="main"),
            PeakSpec(LocalSpan(610, 620), pool="main"),
            PeakSpec(LocalSpan(700, 720), pool="main"),
        )
    )
    peak = HoursLookup(spec).peak(MAIN)
    assert peak.edges(m(0), m(300)) == [m(0), m(20), m(100), m(120)]
    assert peak.next_start(m(5)) == m(100)
    assert peak.start_of(m(15)) == m(0)
    assert HoursLookup(spec).peak(PoolKey("main", "other")).edges(m(0), m(300)) == [m(0), m(60)]


def test_in_peak_goes_by_the_pools_own_zone_weekdays_and_exceptions() -> None:
    spec = Spec(
        pools=(PoolSpec(zone="Asia/Shanghai"),),
        peaks=(PeakSpec(LocalSpan(18 * 60, 19 * 60), days=frozenset({0, 1}),
                        without=frozenset({date(2026, 3, 3)})),),
    )  # fmt: skip
    control = Control(spec)
    assert control.in_peak(MAIN, START_MS)
    assert control.in_peak(MAIN, START_MS + HOUR_MS - 1)
    assert not control.in_peak(MAIN, START_MS + HOUR_MS)
    assert not control.in_peak(MAIN, START_MS + 24 * HOUR_MS)
    assert control.in_peak(MAIN, START_MS + 7 * 24 * HOUR_MS)


def test_without_peaks_and_shifts_there_are_no_edges() -> None:
    hours = HoursLookup(Spec())
    assert hours.peak(MAIN).next_edge(START_MS) == NEVER_MS
    assert hours.open(MAIN) is None
    assert not hours.shift_edges(RED).holds(START_MS)
    assert hours.shift_edges(RED).next_bound(START_MS) == NEVER_MS


def test_shift_edges_hold_ten_minutes_on_either_side_and_touching_holds_are_one() -> None:
    spec = Spec(shifts=(ShiftSpec((LocalSpan(600, 1080), LocalSpan(1090, 1400))),))
    edges = HoursLookup(spec).shift_edges(RED)
    assert [edges.holds(m(t)) for t in (-10.001, -10, 0, 9.999, 10)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert edges.bounds(m(1), m(24 * 60)) == [m(10), m(470), m(500), m(790), m(810), m(1430)]


def test_teams_of_one_calendar_share_its_edges() -> None:
    hours = HoursLookup(Spec(shifts=(ShiftSpec((LocalSpan(600, 1080),)),)))
    assert hours.shift_edges(RED) is hours.shift_edges(TeamKey("main", "main", "blue"))
    assert hours.peak(MAIN) is hours.peak(PoolKey("main", "other"))
