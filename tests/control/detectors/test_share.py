"""Share as stories: its limits, what blinds it, amber, and the holds."""

import pytest

from stream.control.alerts.suppression import Jumps
from stream.control.control import Control
from stream.control.model import Verdict
from stream.events.language import State
from stream.spec import LocalSpan, PeakSpec, ShiftSpec
from tests.control.floor import (
    QUIET,
    Floor,
    m,
    run,
    run_control,
    s,
    spec,
    told,
    view,
    waiting,
)


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (4, []),
        (5, [("nudge", Verdict.watch)]),
        (7, [("nudge", Verdict.watch), ("page", Verdict.out_of_control)]),
    ],
)
def test_share_nudges_once_a_day_and_pages_by_the_month(
    away: int, expected: list[tuple[str, Verdict]]
) -> None:
    """k(10) is 5 for a day and 7 for a month; one leaves every two minutes."""
    floor = waiting(Floor())
    floor.all_set(s(60), floor.staff(10)[:away], State.aux, every_ms=120_000)
    found = [t for t in run(floor, spec(), m(18)) if t.detector == "share"]
    assert [(t.severity.value, t.to) for t in found] == expected
    assert all(t.notify for t in found)
    assert len({t.id for t in found}) <= 1


def test_a_small_team_has_facts_only() -> None:
    floor = waiting(Floor())
    agents = floor.staff(4)
    floor.all_set(s(300), agents[:3], State.aux)
    control = Control(spec())
    assert run_control(control, floor, m(20)) == []
    for detector in ("share", "collective", "verdict"):
        assert view(control, "red", detector).state == Verdict.facts_only
    verdict = view(control, "red", "verdict")
    assert 0 < verdict.statistic < verdict.limit


@pytest.mark.parametrize(("unknown", "blind"), [(2, False), (3, True)])
def test_more_than_a_tenth_unknown_blinds_the_share(unknown: int, *, blind: bool) -> None:
    floor = waiting(Floor())
    floor.staff(unknown, state=State.unknown)
    agents = floor.staff(18)
    floor.all_set(s(60), agents[:9], State.aux, every_ms=90_000)
    control = Control(spec())
    found = run_control(control, floor, m(20))
    assert bool(found) is not blind
    if blind:
        assert view(control, "red", "share").state == Verdict.insufficient_data
        assert view(control, "red", "verdict").state == Verdict.insufficient_data


def test_a_sixth_in_aux_is_amber_after_two_minutes_of_a_peak_and_tells_nobody() -> None:
    floor = waiting(Floor())
    floor.all_set(s(60), floor.staff(12)[:2], State.aux, every_ms=30_000)
    control = Control(spec())
    assert run_control(control, floor, s(209.999)) == []
    assert view(control, "red", "share").state == Verdict.in_control
    assert control.advance(floor.feed(s(209.999), s(210))) == []
    assert view(control, "red", "share").state == Verdict.watch
    assert view(control, "red", "share").since_ms == s(210)
    assert view(control, "red", "verdict").state == Verdict.watch
    outside = Control(QUIET)
    run_control(outside, floor, m(10))
    assert view(outside, "red", "share").state == Verdict.in_control


def test_amber_lasts_two_minutes_of_the_peak_itself() -> None:
    floor = waiting(Floor())
    floor.staff(10)
    floor.staff(2, state=State.aux)
    peak = spec(peaks=(PeakSpec(LocalSpan(605, 630)),))
    control = Control(peak)
    run_control(control, floor, s(419.999))
    assert view(control, "red", "share").state == Verdict.in_control
    control.advance(floor.feed(s(419.999), s(420)))
    assert view(control, "red", "share").state == Verdict.watch


@pytest.mark.parametrize(("logins", "raised_s"), [(6, 320.0), (7, 430.0)])
def test_share_holds_two_minutes_after_n_has_jumped_by_more_than_30_percent(
    logins: int, raised_s: float
) -> None:
    """n: 20 until 310 s, then 26, which is no jump, or 27, which is one: held until 430 s."""
    floor = waiting(Floor())
    floor.staff(6)
    at_meal = floor.staff(14, state=State.meal)
    floor.all_set(s(310), floor.staff(logins, state=State.offline), State.talking)
    floor.all_set(s(320), at_meal, State.aux)
    assert told(run(floor, spec(), m(12), cuts=(s(315), s(430)))) == [
        (raised_s, "red", "share", "page", "out_of_control")
    ]


def test_ten_logins_one_by_one_are_a_jump_and_a_slow_change_is_none() -> None:
    quick, slow = Jumps(), Jumps()
    assert [quick.update(s(10 * i), 10 + i, 11 + i) for i in range(4)] == [False] * 3 + [True]
    assert [slow.update(s(150 * i), 10 + i, 11 + i) for i in range(4)] == [False] * 4
    assert quick.until_ms == s(30) + 120_000


def test_a_jump_counts_values_that_were_in_force_within_five_minutes() -> None:
    inside, outside = Jumps(), Jumps()
    inside.update(s(0), 10, 13)
    assert inside.update(s(299.999), 13, 14)
    outside.update(s(0), 10, 13)
    assert not outside.update(s(300), 13, 14)


@pytest.mark.parametrize(
    ("minute", "pages"), [(9.99, 1), (10, 0), (20, 0), (29.9, 0), (30, 1), (40, 1)]
)
def test_people_alerts_are_held_ten_minutes_around_a_shift_edge(minute: float, pages: int) -> None:
    """The shift ends at 10:20; [10:10, 10:30) is held."""
    shifts = (ShiftSpec((LocalSpan(120, 620),)),)
    floor = waiting(Floor())
    floor.all_set(m(minute), floor.staff(10)[:5], State.aux)
    floor.all_set(m(minute) + 5_000, [f"red-{i}" for i in range(5)], State.talking)
    assert len(told(run(floor, spec(shifts=shifts), m(60)))) == 2 * pages


def test_a_share_that_lasts_beyond_the_hold_is_told_when_it_ends() -> None:
    shifts = (ShiftSpec((LocalSpan(120, 620),)),)
    floor = waiting(Floor())
    floor.all_set(m(15), floor.staff(10)[:8], State.aux)
    found = run(floor, spec(shifts=shifts), m(60), cuts=(m(30),))
    assert told(found) == [(1800.0, "red", "share", "page", "out_of_control")]


def test_nobody_is_judged_while_the_source_is_silent() -> None:
    floor = waiting(Floor())
    agents = floor.staff(10)
    floor.silence(s(100), stale=True)
    floor.all_set(s(300), agents[:8], State.aux)
    floor.silence(s(500), stale=False)
    control = Control(spec())
    assert run_control(control, floor, s(400)) == []
    assert view(control, "red", "verdict").state == Verdict.stale
    assert told(run_control(control, floor, m(20), from_ms=s(400))) == [
        (500.0, "red", "share", "page", "out_of_control")
    ]
