"""Cover: nobody there, at any number of heads."""

import pytest

from stream.control.control import Control
from stream.control.model import Verdict
from stream.events.language import State
from stream.spec import LocalSpan
from tests.control.floor import Floor, m, run, run_control, s, spec, told, view

OPEN = spec(peaks=(), opening=(LocalSpan(9 * 60, 10 * 60 + 20),))
"""Open until 20 minutes after the start; no peak at all: cover is never gated."""
UNKNOWN_HOURS = spec(peaks=())


def alone() -> Floor:
    """A night desk: one agent, who is there."""
    floor = Floor()
    floor.staff(1)
    return floor


@pytest.mark.parametrize(("back_s", "pages"), [(160.0, 0), (160.001, 1)])
def test_nobody_staffed_for_sixty_seconds_of_opening_hours_pages(back_s: float, pages: int) -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    floor.set(s(back_s), "red-0", State.available)
    found = run(floor, OPEN, m(5), cuts=(s(130), s(160)))
    assert told(found)[:1] == [(160.0, "pool main", "cover", "page", "out_of_control")] * pages


def test_outside_opening_hours_and_without_them_nobody_needs_to_be_there() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    assert run(floor, UNKNOWN_HOURS, m(60)) == []
    floor = alone()
    floor.set(m(19.5), "red-0", State.offline)
    assert run(floor, OPEN, m(60)) == []


def test_the_minute_begins_with_opening_hours() -> None:
    floor = Floor()
    floor.staff(1, state=State.offline)
    opens = spec(peaks=(), opening=(LocalSpan(605, 620),))
    control = Control(opens)
    assert control.advance(floor.feed(s(0), s(1))) == []
    assert control.next_deadline() == m(5)
    found = run(floor, opens, m(60))
    assert told(found) == [
        (360.0, "pool main", "cover", "page", "out_of_control"),
        (1260.0, "pool main", "cover", "page", "in_control"),
    ]


@pytest.mark.parametrize(
    ("offered_s", "raised_s"),
    [(90, 130.0), (105, 130.0), (109.999, 130.0), (110, 130.001), (120, 140.001)],
)
def test_nobody_serving_for_thirty_seconds_while_a_call_waits_more_than_twenty_pages(
    offered_s: float, raised_s: float
) -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.aux)
    floor.calls(s(offered_s), 1, s(offered_s))
    found = told(run(floor, UNKNOWN_HOURS, m(5), cuts=(s(95), s(115), s(130))))
    assert found == [(raised_s, "pool main", "cover", "page", "out_of_control")]


@pytest.mark.parametrize("state", [State.available, State.talking, State.acw, State.ringing])
def test_one_who_serves_is_cover(state: State) -> None:
    floor = Floor()
    floor.staff(1, state=state)
    floor.calls(s(0), 9, s(0))
    assert run(floor, OPEN, m(10)) == []


def test_it_clears_once_somebody_has_served_for_sixty_seconds() -> None:
    floor = alone()
    floor.calls(s(0), 1, s(0))
    floor.set(s(100), "red-0", State.aux)
    floor.set(s(200), "red-0", State.available)
    floor.set(s(259.999), "red-0", State.aux)
    floor.set(s(260), "red-0", State.available)
    found = told(run(floor, UNKNOWN_HOURS, m(10), cuts=(s(210), s(300))))
    assert found == [
        (130.0, "pool main", "cover", "page", "out_of_control"),
        (320.0, "pool main", "cover", "page", "in_control"),
    ]


def test_while_a_source_is_silent_nothing_is_raised_and_nothing_cleared() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    floor.silence(s(159), stale=True)
    floor.silence(s(200), stale=False)
    floor.silence(s(300), stale=True)
    floor.set(s(301), "red-0", State.available)
    floor.silence(s(600), stale=False)
    control = Control(OPEN)
    found = told(run_control(control, floor, m(15), cuts=(s(180), s(400))))
    assert found == [
        (260.0, "pool main", "cover", "page", "out_of_control"),
        (660.0, "pool main", "cover", "page", "in_control"),
    ]


def test_an_agent_of_unknown_whereabouts_does_not_hide_that_nobody_is_there() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.unknown)
    assert len(told(run(floor, OPEN, m(5)))) == 1


def test_a_pool_of_which_no_agent_was_ever_seen_is_not_judged() -> None:
    floor = Floor({"red": "main", "blue": "other"})
    floor.staff(1, "blue")
    floor.calls(s(0), 1, s(0))
    control = Control(OPEN)
    assert run_control(control, floor, m(10)) == []
    floor.set(s(600), "red-0", State.offline, "red")
    found = told(control.advance(floor.feed(m(10), m(15))))
    assert found == [(630.0, "pool main", "cover", "page", "out_of_control")]


def test_all_teams_of_a_pool_that_nobody_covers_need_action() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    control = Control(OPEN)
    run_control(control, floor, m(5))
    assert view(control, "", "cover").state == Verdict.out_of_control
    assert view(control, "", "verdict").state == Verdict.out_of_control
    assert view(control, "red", "verdict").state == Verdict.out_of_control
    assert view(control, "red", "share").state == Verdict.facts_only
