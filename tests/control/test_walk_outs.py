"""Walk-outs as stories: who is told, once, and what counts as an entry."""

import pytest

from stream.events.language import State
from stream.spec import ControlSpec
from tests.control.floor import (
    Floor,
    lines,
    m,
    run,
    s,
    spec,
    told,
    waiting,
)


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
