"""Episodes as stories: clearing, opening again, and ending."""

import pytest

from stream.control.model import Verdict
from stream.events.language import State
from tests.control.floor import (
    Floor,
    lines,
    m,
    run,
    s,
    served,
    spec,
    told,
    waiting,
)


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
