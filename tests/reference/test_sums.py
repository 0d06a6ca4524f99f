"""The reference against sums done by hand; each timeline is drawn above its test.

A letter is one minute: T talking, A aux, a available, u unknown, o offline; ten o'clock is 0.
"""

from typing import Any

import pytest

from stream.events.language import Reason, State
from stream.spec import LocalSpan, ShiftSpec, SourceSpec, Spec
from tests.reference.ratios import Ratio, ratio_of
from tests.reference.records import Record
from tests.reference.rules import Member, Rules
from tests.reference.truth import Truth

TEN = 1_772_445_600_000
"""2026-03-02T10:00:00Z, a Monday."""
MINUTE = 60_000
LOG = Spec(sources=(SourceSpec(heartbeat_ms=None, silence_ms=None),))


def at(minute: float) -> int:
    return TEN + round(minute * MINUTE)


def state(minute: float, name: str, agent: str = "ann", **more: Any) -> dict[str, Any]:
    return {"type": "state", "ts": at(minute), "agent": agent, "state": name, "team": "blue"} | more


def push(truth: Truth, event: dict[str, Any]) -> Reason | None:
    """Why an event is refused; None: it counts."""
    return next((one.reason for one in truth.push(Record((event,)))), None)


def taken(events: list[dict[str, Any]], spec: Spec = LOG) -> Truth:
    truth = Truth(Rules(spec))
    for event in events:
        assert push(truth, event) is None
    return truth


def minutes(
    truth: Truth, as_of: float, window: int, team: str = "blue", agent: str = "ann"
) -> dict[str, float]:
    seat = truth.figures(at(as_of)).seats["main", team, agent][window]
    return {State(s).name: ms / MINUTE for s, ms in enumerate(seat) if ms}


def rate_of(truth: Truth, as_of: float, window: int) -> Ratio:
    """The aux rate of the team blue."""
    figures = truth.figures(at(as_of))
    start, end = figures.spans["main", "blue"][window]
    members = [own[window] for (_, team, _), own in figures.seats.items() if team == "blue"]
    return ratio_of(LOG.ratios[2], members, end - start)


# 0         5         10
# TTTAAaaaaa|                     as_of 10, 5m = [5, 10), 15m = [-5, 10)
def test_time_in_state_is_the_sum_of_clipped_intervals() -> None:
    truth = taken([state(0, "talking"), state(3, "aux"), state(5, "available")])
    assert minutes(truth, 10, 0) == {"available": 5}
    assert minutes(truth, 10, 1) == {"unknown": 5, "talking": 3, "aux": 2, "available": 5}


# as_of 10.5: the last five closed minutes and the open one, [5, 10.5)
def test_the_open_minute_belongs_to_the_window_and_makes_it_longer() -> None:
    truth = taken([state(0, "talking"), state(10, "aux")])
    assert minutes(truth, 10.5, 0) == {"talking": 5, "aux": 0.5}
    assert truth.figures(at(10.5)).spans["main", "blue"][0] == (at(5), at(10.5))


def test_an_event_at_as_of_is_in_no_window_yet_but_is_a_head() -> None:
    truth = taken([state(0, "talking"), state(10, "aux")])
    assert minutes(truth, 10, 0) == {"talking": 5}
    assert truth.figures(at(10)).heads["main", "blue"][State.aux] == 1


# red  ....TTTTT
# blue TTTT.....                  the event at 4 names a new team
def test_a_new_team_closes_the_old_seat() -> None:
    truth = taken([state(0, "talking"), state(4, "talking", team="red")])
    assert minutes(truth, 9, 1, "blue") == {"unknown": 6, "talking": 4}
    assert minutes(truth, 9, 1, "red") == {"talking": 5}


def test_of_rows_at_one_time_the_last_in_order_wins_and_the_others_last_no_time() -> None:
    rows = [state(1, "available", team="red"), state(1, "aux"), state(1, "talking", seq=1)]
    for order in (rows, rows[::-1]):
        truth = taken([*order, state(6, "offline")])
        assert minutes(truth, 6, 0) == {"talking": 5}


def test_rows_of_equal_time_and_state_are_ordered_by_the_bytes_of_their_team() -> None:
    truth = taken([state(0, "aux", team="zz"), state(0, "aux", team="ä"), state(3, "aux")])
    assert minutes(truth, 3, 0, "ä") == {"aux": 3}


# ringing is believed for 3 minutes: rrruuuuT
def test_beyond_its_limit_a_closed_interval_is_unknown_for_good() -> None:
    spec = Spec(sources=(SourceSpec(heartbeat_ms=None),))
    truth = taken([state(0, "ringing"), state(7, "talking")], spec)
    assert minutes(truth, 8, 1) == {"unknown": 11, "ringing": 3, "talking": 1}


# a repeat starts a new interval with a limit of its own: rrurrru
def test_a_repeated_state_is_believed_anew() -> None:
    spec = Spec(sources=(SourceSpec(heartbeat_ms=None),))
    truth = taken([state(0, "ringing"), state(4, "ringing")], spec)
    assert minutes(truth, 8, 1) == {"unknown": 7 + 1 + 1, "ringing": 3 + 3}


# shift 8-11:15; available since 10:00 is believed until 11:45
def test_a_state_without_a_limit_ends_half_an_hour_after_the_shift() -> None:
    spec = Spec(
        sources=(SourceSpec(heartbeat_ms=None),), shifts=(ShiftSpec((LocalSpan(480, 675),)),)
    )
    truth = taken([state(0, "available"), state(120, "offline")], spec)
    assert minutes(truth, 120, 2) == {"available": 45, "unknown": 15}
    assert minutes(truth, 120, 3) == {"unknown": 120 + 15, "available": 105}


# heartbeat 30 s: silent after 90 s, then the open interval counts to the watermark only
@pytest.mark.parametrize(("as_of", "open_minutes"), [(4.5, 4.5), (4.5 + 1 / MINUTE, 3)])
def test_an_open_interval_of_a_silent_source_counts_to_its_watermark(
    as_of: float, open_minutes: float
) -> None:
    spec = Spec(event_clock=True)
    events = [state(0, "available"), {"type": "heartbeat", "ts": at(3)}]
    found = minutes(taken(events, spec), as_of, 1)
    assert found["available"] == open_minutes
    assert sum(found.values()) == pytest.approx(15 + as_of % 1)


def test_lateness_is_judged_by_the_own_source_and_by_the_floor() -> None:
    truth = Truth(Rules(LOG))
    assert push(truth, state(0, "aux", source="a")) is None
    assert push(truth, state(300, "aux", source="b")) is None
    assert push(truth, state(295, "aux", source="b")) is None
    assert push(truth, state(294.99, "aux", source="b")) is Reason.late_grace
    assert push(truth, state(240, "aux", source="a")) is None
    assert push(truth, state(239.99, "aux", source="a")) is Reason.late_sealed


def test_what_is_older_than_the_horizon_is_late_for_that_reason() -> None:
    truth = Truth(Rules(LOG))
    assert push(truth, state(0, "aux", source="a")) is None
    assert push(truth, state(300, "aux", source="b")) is None
    assert push(truth, state(180, "aux", source="a")) is Reason.late_sealed
    assert push(truth, state(179.99, "aux", source="a")) is Reason.late_horizon


def test_a_source_begins_where_the_slowest_other_source_of_its_floor_stands() -> None:
    truth = Truth(Rules(LOG))
    push(truth, state(0, "aux", source="a"))
    push(truth, state(20, "aux", source="b"))
    push(truth, state(1, "aux", source="a"))
    assert push(truth, state(-5, "aux", source="c")) is Reason.late_grace
    push(truth, state(10, "aux", source="a"))
    assert push(truth, state(-4, "aux", source="c")) is None
    assert truth.admission.floors["main"].sources["c"].mark == at(1)
    assert push(truth, state(-500, "aux", floor="other")) is None


def test_the_roster_at_that_time_decides_where_the_event_names_no_team() -> None:
    roster = (Member("ann", "blue", end=at(5)), Member("ann", "red", start=at(5)))
    truth = Truth(Rules(LOG, roster))
    for minute in (0, 5):
        event = state(minute, "aux")
        del event["team"]
        push(truth, event)
    assert minutes(truth, 8, 0, "blue") == {"aux": 2}
    assert minutes(truth, 8, 0, "red") == {"aux": 3}


# statistics.md: aux (2, 3, 0, 5) min of exposure (10, 60, 60, 60) min
def test_the_published_example_of_member_mean_and_cv() -> None:
    events = []
    for agent, (aux, exposure) in enumerate([(2, 10), (3, 60), (0, 60), (5, 60)]):
        name = f"agent-{agent}"
        events.append(state(0, "aux", name, seq=1))
        events.append(state(aux, "available", name, seq=2))
        events.append(state(exposure, "offline", name))
    rate = rate_of(taken(sorted(events, key=lambda event: int(event["ts"]))), 60, 2)
    assert rate.ratio == pytest.approx(10 / 190)
    assert rate.members == 3
    assert rate.mean == pytest.approx((3 + 0 + 5) / 180)
    assert rate.cv == pytest.approx(0.9437, abs=5e-5)


def test_without_any_time_in_the_denominator_a_ratio_is_not_defined() -> None:
    rate = rate_of(taken([state(0, "offline")]), 5, 0)
    assert (rate.ratio, rate.members, rate.mean, rate.sd, rate.cv) == (None, 0, None, None, None)


def call(minute: float, phase: str, **more: Any) -> dict[str, Any]:
    return {"type": "call", "ts": at(minute), "call": "c1", "phase": phase, "team": "blue"} | more


# offered 0 .. answered 0.25 by ann .. transfer to bob 2 .. both end .. wrapped by ann 0.5 min
def test_a_transferred_call_is_answered_once_and_each_leg_is_handled_once() -> None:
    events = [
        call(0, "offered"),
        call(0.25, "answered", agent="ann"),
        call(2, "answered", agent="bob", wait_s=0),
        call(2, "ended", agent="ann"),
        call(2.05, "ended", agent="bob", talk_s=3, hold_s=1),
        call(3, "wrapped", agent="ann", acw_s=30),
        call(3, "wrapped", agent="ann", acw_s=30),
    ]
    figures = taken(events).figures(at(4))
    calls = figures.calls["main", "blue"][0]
    assert (calls.started, calls.handled, calls.short) == (2, 2, 1)
    assert (calls.talk_ms, calls.hold_ms, calls.acw_ms) == (105_000 + 3_000, 1_000, 30_000)
    pool = figures.pools["main", "main"][0]
    assert (pool.offered, pool.answered, pool.service_level) == (1, 1, 1.0)
