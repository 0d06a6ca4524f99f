"""The gate as stories: how loud a people alert is, and when it grows louder."""

import pytest

from stream.control.control import Control
from stream.events.language import State
from stream.spec import ControlSpec, LocalSpan, PeakSpec
from tests.control.floor import (
    QUIET,
    Floor,
    m,
    run,
    run_control,
    s,
    served,
    spec,
    told,
    view,
    waiting,
)


def test_while_calls_are_served_a_walk_out_is_a_nudge_and_outside_a_peak_for_the_digest() -> None:
    floor = served(Floor({"red": "main", "free": "main"}))
    floor.all_set(s(300), floor.staff(10)[:4], State.aux)
    assert told(run(floor, spec(), m(10))) == [
        (300.0, "red", "collective", "nudge", "out_of_control")
    ]
    assert told(run(floor, QUIET, m(10))) == [
        (300.0, "red", "collective", "digest", "out_of_control")
    ]


@pytest.mark.parametrize(("known", "reason"), [(True, "calls_served"), (False, "queue_unknown")])
def test_a_closed_gate_says_that_calls_are_served_only_where_the_queue_is_known(
    known: bool, reason: str
) -> None:
    floor = Floor({"red": "main", "free": "main"})
    floor.staff(1, "free", State.available)
    if known:
        floor.calls(0, 0)
    floor.all_set(s(300), floor.staff(10)[:4], State.aux)
    (found,) = run(floor, spec(), m(10))
    assert (found.evidence["gate"], found.evidence["gate_reason"]) == ("closed", reason)


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
