"""People alerts as stories: who is told what, when, once."""

import pytest

from stream.control.control import Control
from stream.control.model import Verdict
from stream.control.share import Jumps
from stream.events.language import State
from stream.spec import ControlSpec, LocalSpan, PeakSpec, ShiftSpec
from stream.units import NEVER_MS
from tests.control.floor import Floor, lines, m, run, run_control, s, spec, told, view

QUIET = spec(peaks=(PeakSpec(LocalSpan(15 * 60, 16 * 60)),))
"""The floor's time lies outside its peak."""


def waiting(floor: Floor, at_ms: int = s(0), pool: str = "main") -> Floor:
    """Calls wait long from an instant on, so the gate is open in a peak."""
    floor.calls(at_ms, 3, at_ms - 30_000, pool)
    return floor


def served(floor: Floor) -> Floor:
    """No calls wait and somebody is free, so the gate is closed."""
    floor.calls(0, 0)
    floor.staff(1, "free", State.available)
    return floor


# ---------------------------------------------------------------------------------- walk-outs


def test_five_of_ten_who_leave_within_five_seconds_are_one_page_of_their_team() -> None:
    floor = waiting(Floor())
    floor.all_set(s(300), floor.staff(10)[:5], State.aux, every_ms=1_000)
    found = run(floor, spec(), m(20))
    assert told(found) == [(303.0, "red", "collective", "page", "out_of_control")]
    assert lines(found)[1] == (304.0, "red", "share", "nudge", "watch")
    assert found[1].evidence["joins"] == found[0].id


def test_six_of_thirty_in_a_pool_of_three_teams_are_one_page_of_their_team() -> None:
    floor = waiting(Floor({"red": "main", "blue": "main", "green": "main"}))
    floor.staff(30, "blue")
    floor.staff(30, "green")
    floor.all_set(s(300), floor.staff(30)[:6], State.aux, every_ms=1_000)
    assert told(run(floor, spec(), m(20))) == [
        (303.0, "red", "collective", "page", "out_of_control")
    ]


def test_three_of_ten_who_leave_together_cannot_be_told_from_chance() -> None:
    floor = waiting(Floor())
    floor.all_set(s(300), floor.staff(10)[:3], State.aux)
    assert run(floor, spec(), m(20)) == []


@pytest.mark.parametrize(("last_s", "pages"), [(29.0, 1), (29.001, 0)])
def test_four_of_ten_page_within_the_span_of_29_seconds(last_s: float, pages: int) -> None:
    floor = waiting(Floor())
    agents = floor.staff(10)
    floor.all_set(s(300), agents[:3], State.aux)
    floor.set(s(300 + last_s), agents[3], State.aux)
    assert len(run(floor, spec(), m(20))) == pages


def test_one_agent_who_goes_again_and_again_is_one_mover() -> None:
    floor = waiting(Floor())
    agents = floor.staff(10)
    floor.all_set(s(300), agents[:3], State.aux)
    for i in range(5):
        floor.set(s(301 + 2 * i), agents[0], State.talking)
        floor.set(s(302 + 2 * i), agents[0], State.aux)
    assert run(floor, spec(), m(20)) == []


@pytest.mark.parametrize("before", [State.unknown, State.offline, State.meal, State.training])
def test_only_who_worked_before_makes_an_entry(before: State) -> None:
    floor = waiting(Floor())
    floor.staff(26)
    floor.all_set(s(300), floor.staff(4, state=before), State.aux)
    assert not [t for t in run(floor, spec(), m(20)) if t.detector == "collective"]


def test_a_snapshot_after_reconnecting_makes_no_entry() -> None:
    floor = waiting(Floor())
    for agent in floor.staff(10)[:4]:
        floor.set(s(300), agent, State.aux, sync=True)
    assert run(floor, spec(), m(20)) == []


def test_entries_that_are_known_late_count_from_when_they_were() -> None:
    floor = waiting(Floor())
    agents = floor.staff(10)
    for i, agent in enumerate(agents[:4]):
        floor.set(s(360), agent, State.aux, entry_ms=s(300 + i))
    found = run(floor, spec(), m(20))
    assert told(found) == [(360.0, "red", "collective", "page", "out_of_control")]
    assert found[0].evidence["window_s"] == 3


def test_entries_that_are_known_more_than_five_minutes_late_are_no_news() -> None:
    floor = waiting(Floor())
    for agent in floor.staff(10)[:4]:
        floor.set(s(700), agent, State.aux, entry_ms=s(399.999))
    assert run(floor, spec(), m(20)) == []


@pytest.mark.parametrize(("resolution_ms", "pages"), [(1_000, 1), (14_500, 1), (14_501, 0)])
def test_spans_below_twice_the_resolution_are_not_judged(resolution_ms: int, pages: int) -> None:
    floor = waiting(Floor(resolution_ms=resolution_ms))
    floor.all_set(s(300), floor.staff(10)[:4], State.aux)
    assert len(run(floor, spec(), m(20))) == pages


def test_other_states_count_where_they_are_listed() -> None:
    states = frozenset({State.aux, State.meeting})
    listed, plain = waiting(Floor(entry_states=states)), waiting(Floor())
    for floor in (listed, plain):
        floor.all_set(s(300), floor.staff(10)[:5], State.meeting)
    assert told(run(listed, spec(control=ControlSpec(entry_states=states)), m(20))) == [
        (300.0, "red", "collective", "page", "out_of_control")
    ]
    assert run(plain, spec(), m(20)) == []


# ---------------------------------------------------------------------------------- share


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
    assert view(control, "red", "verdict").statistic == 1.0


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


# ---------------------------------------------------------------------------------- holds


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
    assert [quick.push(s(10 * i), 10 + i, 11 + i) for i in range(4)] == [False] * 3 + [True]
    assert [slow.push(s(150 * i), 10 + i, 11 + i) for i in range(4)] == [False] * 4
    assert quick.until_ms == s(30) + 120_000


def test_a_jump_counts_values_that_were_in_force_within_five_minutes() -> None:
    inside, outside = Jumps(), Jumps()
    inside.push(s(0), 10, 13)
    assert inside.push(s(299.999), 13, 14)
    outside.push(s(0), 10, 13)
    assert not outside.push(s(300), 13, 14)


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


# ---------------------------------------------------------------------------------- the gate


def test_while_calls_are_served_a_walk_out_is_a_nudge_and_outside_a_peak_for_the_digest() -> None:
    floor = served(Floor({"red": "main", "free": "main"}))
    floor.all_set(s(300), floor.staff(10)[:4], State.aux)
    assert told(run(floor, spec(), m(10))) == [
        (300.0, "red", "collective", "nudge", "out_of_control")
    ]
    assert told(run(floor, QUIET, m(10))) == [
        (300.0, "red", "collective", "digest", "out_of_control")
    ]


def test_the_gate_opens_once_the_oldest_call_has_waited_more_than_20_seconds() -> None:
    floor = served(Floor({"red": "main", "free": "main"}))
    floor.all_set(s(300), floor.staff(10)[:4], State.aux)
    floor.calls(s(310), 1, s(310))
    floor.calls(s(331), 0)
    found = run(floor, spec(), m(10))
    assert told(found) == [
        (300.0, "red", "collective", "nudge", "out_of_control"),
        (330.001, "red", "collective", "page", "out_of_control"),
    ]
    assert found[0].id == found[1].id
    assert found[1].evidence["gate_reason"] == "calls_wait"
    control = Control(spec())
    run_control(control, floor, s(311))
    assert control.next_deadline() == s(330.001)
    floor.calls(s(330), 0)
    floor.queue = [row for row in floor.queue if row[0] != s(331)]
    assert len(told(run(floor, spec(), m(10)))) == 1


@pytest.mark.parametrize(("after_s", "severity"), [(59.999, "page"), (60, "nudge")])
def test_the_gate_remembers_sixty_seconds(after_s: float, severity: str) -> None:
    floor = served(Floor({"red": "main", "free": "main"}))
    floor.calls(s(200), 1, s(150))
    floor.calls(s(240), 0)
    floor.all_set(s(240 + after_s), floor.staff(10)[:4], State.aux)
    found = told(run(floor, spec(), m(10), cuts=(s(230), s(250))))
    assert [line[3] for line in found] == [severity]


@pytest.mark.parametrize(("for_s", "severity"), [(10, "nudge"), (10.001, "page")])
def test_without_call_events_nobody_free_for_ten_seconds_opens_it(
    for_s: float, severity: str
) -> None:
    floor = Floor({"red": "main", "free": "main"})
    free = floor.staff(1, "free", State.available)
    floor.set(s(200), free[0], State.talking)
    floor.set(s(200 + for_s), free[0], State.available)
    floor.all_set(s(240), floor.staff(10)[:4], State.aux)
    found = told(run(floor, spec(), m(10), cuts=(s(205), s(215))))
    assert [line[3] for line in found] == [severity]


def test_the_closing_of_the_gate_lowers_nothing() -> None:
    floor = waiting(Floor({"red": "main", "free": "main"}))
    floor.staff(1, "free", State.available)
    floor.all_set(s(300), floor.staff(10)[:4], State.aux)
    floor.calls(s(301), 0)
    control = Control(spec())
    run_control(control, floor, m(10))
    assert view(control, "red", "collective").severity == "page"


def test_a_peak_that_begins_while_it_lasts_pages_if_the_gate_is_open() -> None:
    floor = waiting(Floor())
    floor.all_set(s(100), floor.staff(10)[:4], State.aux)
    config = spec(peaks=(PeakSpec(LocalSpan(605, 620)),))
    found = run(floor, config, m(10), cuts=(s(200),))
    assert told(found) == [
        (100.0, "red", "collective", "digest", "out_of_control"),
        (300.0, "red", "collective", "page", "out_of_control"),
    ]
    assert [t.in_peak for t in found] == [False, True]


def test_an_alert_is_latched_across_the_end_of_the_peak() -> None:
    floor = waiting(Floor())
    agents = floor.staff(10)
    floor.all_set(s(100), agents[:4], State.aux)
    floor.all_set(s(400), agents[:4], State.talking)
    config = spec(peaks=(PeakSpec(LocalSpan(600, 603)),))
    found = run(floor, config, m(10))
    assert told(found) == [
        (100.0, "red", "collective", "page", "out_of_control"),
        (460.0, "red", "collective", "page", "in_control"),
    ]
    assert found[0].id == found[1].id


def test_with_the_gate_off_people_alerts_page_in_any_peak() -> None:
    floor = served(Floor({"red": "main", "free": "main"}))
    floor.all_set(s(300), floor.staff(10)[:4], State.aux)
    config = spec(control=ControlSpec(gate=False))
    assert [line[3] for line in told(run(floor, config, m(10)))] == ["page"]


# ---------------------------------------------------------------------------------- life cycle


def test_an_alert_clears_once_the_heads_were_down_for_sixty_seconds() -> None:
    """At n = 10 it clears at K ≤ ⌈10 p0⌉ + 1 = 2."""
    floor = waiting(Floor())
    agents = floor.staff(10)
    floor.all_set(s(300), agents[:4], State.aux)
    floor.set(s(400), agents[0], State.talking)
    floor.set(s(500), agents[1], State.talking)
    floor.set(s(559.999), agents[1], State.aux)
    floor.set(s(600), agents[1], State.talking)
    found = told(run(floor, spec(), m(20), cuts=(s(520), s(659), s(660))))
    assert found[1:] == [(660.0, "red", "collective", "page", "in_control")]


@pytest.mark.parametrize(("again_s", "same"), [(1059.999, True), (1060.0, False)])
def test_a_new_alarm_within_ten_minutes_of_clearing_reopens_the_same_alert_without_a_page(
    again_s: float, *, same: bool
) -> None:
    floor = waiting(Floor())
    agents = floor.staff(10)
    floor.all_set(s(300), agents[:4], State.aux)
    floor.all_set(s(400), agents[:4], State.talking)
    floor.all_set(s(again_s), agents[4:8], State.aux)
    found = run(floor, spec(), m(30), cuts=(s(700), s(900)))
    first, cleared, again = found
    assert lines([cleared])[0][0] == 460.0
    assert (again.id == first.id) is same
    assert again.notify is not same
    assert again.to == Verdict.out_of_control


def test_a_new_alarm_that_is_more_severe_is_told_again() -> None:
    floor = served(Floor({"red": "main", "free": "main"}))
    agents = floor.staff(10)
    floor.all_set(s(300), agents[:4], State.aux)
    floor.all_set(s(400), agents[:4], State.talking)
    floor.calls(s(500), 1, s(400))
    floor.all_set(s(600), agents[4:8], State.aux)
    found = run(floor, spec(), m(14))
    assert [(line[0], line[3]) for line in told(found)] == [
        (300.0, "nudge"), (460.0, "nudge"), (600.0, "page"),
    ]  # fmt: skip
    assert len({t.id for t in found}) == 1


def test_an_alert_that_was_reopened_silently_ends_silently() -> None:
    floor = waiting(Floor())
    agents = floor.staff(10)
    for start in (300, 600):
        floor.all_set(s(start), agents[:4], State.aux)
        floor.all_set(s(start + 100), agents[:4], State.talking)
    found = run(floor, spec(), m(30))
    assert [t.notify for t in found] == [True, True, False, False]


# ---------------------------------------------------------------------------------- pools


def four_teams() -> Floor:
    floor = waiting(Floor(dict.fromkeys(("red", "blue", "green", "grey"), "main")))
    for name in floor.pool_of:
        floor.staff(10, name)
    return floor


def test_movement_across_teams_pages_the_pool() -> None:
    """n = 40: five within 13 s."""
    floor = four_teams()
    movers = [f"{name}-{i}" for i in range(2) for name in ("red", "blue", "green")]
    floor.all_set(s(300), movers, State.aux, every_ms=3_000)
    assert told(run(floor, spec(), m(12))) == [
        (312.0, "pool main", "collective", "page", "out_of_control")
    ]


def test_a_pool_is_silent_about_entries_that_a_team_alert_explains() -> None:
    floor = four_teams()
    floor.all_set(s(300), [f"red-{i}" for i in range(5)], State.aux)
    floor.all_set(s(301), ["blue-0", "green-0"], State.aux)
    assert {t.team for t in run(floor, spec(), m(12))} == {"red"}


def test_a_pool_speaks_of_what_the_team_alert_does_not_explain() -> None:
    floor = four_teams()
    floor.all_set(s(300), [f"red-{i}" for i in range(5)], State.aux)
    others = [f"{name}-{i}" for i in range(3) for name in ("blue", "green", "grey")][:7]
    floor.all_set(s(301), others, State.aux)
    assert {t.team for t in run(floor, spec(), m(12)) if t.notify} == {"red", ""}


def test_entries_of_a_team_that_hands_over_do_not_count_for_its_pool() -> None:
    floor = four_teams()
    movers = [f"{name}-{i}" for i in range(2) for name in ("red", "blue", "green")]
    floor.all_set(s(300), movers, State.aux, every_ms=3_000)
    shifts = (ShiftSpec((LocalSpan(120, 605),), team="red"),)
    assert run(floor, spec(shifts=shifts), m(12)) == []


# ---------------------------------------------------------------------------------- verdict


def test_the_verdict_counts_active_checks_and_names_the_loudest_alert() -> None:
    floor = waiting(Floor())
    floor.all_set(s(300), floor.staff(10)[:5], State.aux)
    control = Control(spec())
    found = run_control(control, floor, s(310))
    verdict = view(control, "red", "verdict")
    assert verdict.state == Verdict.out_of_control
    assert (verdict.statistic, verdict.limit) == (3.0, 3.0)
    assert verdict.alert_id == next(t.id for t in found if t.detector == "collective")
    assert verdict.since_ms == s(300)
    share = view(control, "red", "share")
    assert (share.statistic, share.limit) == (5.0, 7.0)
    assert view(control, "red", "collective").statistic == 5.0


def test_views_of_a_floor_on_which_nothing_happens() -> None:
    floor = Floor()
    floor.staff(10)
    control = Control(spec())
    assert control.views() == ()
    assert run_control(control, floor, m(5), cuts=(m(1), m(2))) == []
    assert view(control, "red", "verdict").state == Verdict.in_control
    assert view(control, "red", "verdict").statistic == 2.0  # cover has no question to ask
    assert view(control, "", "cover").state == Verdict.insufficient_data
    assert control.next_deadline() == NEVER_MS
