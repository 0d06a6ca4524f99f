"""The product without I/O: what it counts, what it gives back, and how its time runs."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import pytest

from stream.control.model import Transition
from stream.events.decode import decode_objects
from stream.events.language import Reason
from stream.roster import NO_ROSTER
from stream.shard import NOT_YET_MS, Shard
from stream.simulate.plan import Habits, Plan, WalkOut, even_floors
from stream.simulate.run import simulate
from stream.spec import LocalSpan, PeakSpec, Spec
from stream.units import HOUR_MS, MINUTE_MS, NEVER_MS, SECOND_MS
from tests.windows.telling import T_MS, Event, call, heartbeat, push, shard_of, state, states_of

SPEC = Spec(event_clock=True, peaks=(PeakSpec(LocalSpan(0, 1_440)),))


def test_late_events_are_given_back_with_their_record_and_reason_and_are_counted() -> None:
    shard = Shard(SPEC)
    assert (
        push(shard, [heartbeat(0, "slow"), heartbeat(100, "fast"), heartbeat(20_000, "fast")]) == []
    )
    late = push(shard, [
        state(20_000, "ann", "aux", source="fast"),
        state(19_699, "ann", "aux", source="fast"),
        state(100, "ann", "aux", source="slow"),
        state(19_700, "ann", "aux", source="fast"),
    ])  # fmt: skip
    assert sorted((one.record, one.reason) for one in late) == [
        (1, Reason.late_grace), (2, Reason.late_horizon),
    ]  # fmt: skip
    assert dict(shard.counts) == {"accepted": 5, "late_grace": 1, "late_horizon": 1}


def test_the_record_of_a_late_event_of_an_array_is_its_records() -> None:
    shard = shard_of([heartbeat(1_000)], SPEC)
    batch = decode_objects([heartbeat(1_000), {"type": "odd"}, heartbeat(0)], None, shard.names)
    assert [one.record for one in shard.push(batch.batch)] == [2]


def test_rows_older_than_what_a_crowded_timeline_holds_are_late_and_said_to_be_so() -> None:
    shard = shard_of([heartbeat(0)], SPEC)
    crowd = [state(at / 100, "ann", ("aux", "acw")[at % 2]) for at in range(1, 9_000)]
    assert push(shard, crowd) == []
    assert push(shard, [state(0, "ann", "aux")])[0].reason == Reason.late_finalised
    assert shard.engine.finalised_early == 1
    assert shard.counts["late_finalised"] == 1


def test_before_any_event_nothing_holds_and_nothing_is_due() -> None:
    shard = Shard(SPEC)
    assert (shard.watermark_ms, shard.next_deadline(), shard.as_of_ms) == (0, NEVER_MS, NOT_YET_MS)
    assert shard.step(T_MS) == []
    figures = shard.figures()
    assert (figures.teams.keys, figures.pools.keys, figures.sources) == ((), (), ())
    assert shard.push(decode_objects([], None, shard.names).batch) == []


def test_a_refused_event_may_be_the_first_to_name_its_source_floor_and_agent() -> None:
    shard = shard_of([state(0, "ann", "talking"), heartbeat(60)], SPEC)
    soon = {**state(90, "bob", "aux", source="new"), "floor": "south"}
    refused = decode_objects([soon], [T_MS + 60_000], shard.names)
    assert [one.reason for one in refused.rejected] == [Reason.ahead]
    assert shard.names.sources.number(("south", "new"))
    assert shard.push(refused.batch) == []
    assert shard.next_deadline() == T_MS + 150_001
    shard.step(T_MS + 60_000)
    assert [(key.floor, key.team) for key in shard.figures().teams.keys] == [("main", "unassigned")]


def test_as_of_never_goes_back() -> None:
    shard = shard_of([state(0, "ann", "talking"), heartbeat(60)], SPEC)
    shard.step(T_MS + 60_000)
    assert shard.step(T_MS + 1_000) == []
    assert shard.as_of_ms == T_MS + 60_000
    assert shard.figures().as_of_ms == T_MS + 60_000
    assert states_of(shard, 1, "ann")["talking"] == 60


def test_the_watermark_is_the_greatest_of_all_floors() -> None:
    shard = shard_of([heartbeat(5), heartbeat(900, floor="east"), heartbeat(7, floor="west")])
    assert shard.watermark_ms == T_MS + 900_000


@pytest.mark.parametrize(
    ("event", "due_s"),
    [
        (state(0, "ann", "ringing", floor="a"), 180),
        (heartbeat(0), 90.001),
    ],
    ids=["the limit of a state", "the silence of a source that has sent a heartbeat"],
)
def test_the_next_deadline_is(event: Event, due_s: float) -> None:
    shard = shard_of([event], SPEC)
    shard.step(T_MS + 1_000)
    assert shard.next_deadline() == T_MS + round(due_s * 1_000)


def test_the_next_deadline_is_the_end_of_what_is_credible_where_that_comes_first() -> None:
    shard = shard_of([state(0, "ann", "ringing"), heartbeat(60), heartbeat(120)], SPEC)
    shard.step(T_MS + 120_000)
    assert shard.next_deadline() == T_MS + 180_000
    shard.step(T_MS + 180_001)
    assert shard.next_deadline() == T_MS + 120_000 + 90_001


def walk_out() -> list[Event]:
    """30 at work, callers waiting, and within 3 s eight of them are in aux."""
    events = [state(0, f"a{number:02}", "talking", team="blue") for number in range(30)]
    events += [heartbeat(at) for at in range(30, 900, 30)]
    events += [call(870 + at, "offered", call=f"c{at}") for at in range(3)]
    events += [heartbeat(896)]
    events += [state(900 + at % 4, f"a{at:02}", "aux", team="blue") for at in range(8)]
    return sorted(events, key=lambda one: int(one["ts"])) + [heartbeat(at) for at in (930, 960)]


def told(events: list[Event], width: int) -> list[Transition]:
    shard, out = Shard(SPEC), list[Transition]()
    for first in range(0, len(events), width):
        push(shard, events[first : first + width])
        out += shard.step(shard.watermark_ms)
    return out


def test_each_instant_is_judged_once_whatever_the_rhythm_of_steps() -> None:
    each = told(walk_out(), 1)
    assert [(one.team, one.detector) for one in each if one.severity.name == "page"]
    assert told(walk_out(), 7) == told(walk_out(), 1_000) == each
    assert [one.at_ms for one in each] == sorted(one.at_ms for one in each)


def test_an_instant_is_judged_when_time_has_passed_it() -> None:
    shard = shard_of([], SPEC)
    push(shard, walk_out())
    assert shard.step(T_MS + 900_000) == []
    assert shard.step(T_MS + 900_000) == []
    assert shard.step(T_MS + 930_000)
    assert shard.step(T_MS + 930_000) == []


def test_two_floors_of_a_shard_do_not_touch_each_other() -> None:
    north = [{**event, "floor": "north"} for event in walk_out()]
    south = [{**event, "floor": "south", "ts": event["ts"] + 7} for event in walk_out()]
    both = told(sorted(north + south, key=lambda one: int(one["ts"])), 1_000)
    assert [one for one in both if one.floor == "north"] == told(north, 1_000)
    assert [one for one in both if one.floor == "south"] == told(south, 1_000)


def test_a_row_that_came_while_time_stood_still_is_news_to_control_after_a_restart_too() -> None:
    shard = shard_of([state(0, "ann", "aux", team="a"), heartbeat(60)], SPEC)
    shard.step(T_MS + 60_000)
    assert push(shard, [state(0, "ann", "aux", team="b")]) == []  # at equal times "b" wins
    twin = Shard.restore(SPEC, NO_ROSTER, shard.snapshot().changed, shard.control_state())
    twin.resume()
    for one in (shard, twin):
        one.step(T_MS + 61_000)
    assert twin.control.views() == shard.control.views()
    assert twin.control_state() == shard.control_state()


def steps_of(batches: Iterator[list[Event]]) -> list[Transition]:
    shard = Shard(SPEC)
    steps: list[Transition] = []
    for events in batches:
        push(shard, events)
        steps += shard.step(shard.watermark_ms)
    return steps


@pytest.mark.parametrize("gauge", [False, True])
def test_a_backlog_of_hours_taken_in_whole_is_judged_like_the_same_events_minute_by_minute(
    gauge: bool,
) -> None:
    """Calls that are over at the end of the backlog waited at its beginning: the gate was open."""
    start_ms, hours = 1_772_445_600_000, 5
    [floor] = even_floors(1, 2, 20, habits=Habits(talk_ms=60_000, load=1.0))
    walk_outs = [
        WalkOut(floor.name, "team-01", start_ms + minute * MINUTE_MS, 6, lasts_ms=4 * MINUTE_MS)
        for minute in range(20, hours * 60, 20)
    ]
    plan = Plan((floor,), start_ms, start_ms + hours * HOUR_MS, 3, walk_outs=tuple(walk_outs))
    events: list[Event] = [dict(sent.event) for sent in simulate(plan)]
    if gauge:
        reading = {"type": "queue", "floor": floor.name, "source": floor.source}
        instants = range(start_ms, plan.end_ms, 30 * SECOND_MS)
        waits = [{"waiting": ts % 7, "oldest_wait_s": 5 * (ts % 11)} for ts in instants]
        events += [{**reading, "ts": ts, **more} for ts, more in zip(instants, waits, strict=True)]
        events.sort(key=itemgetter("ts"))
    by_minute = groupby(events, key=lambda event: int(event["ts"]) // MINUTE_MS)
    expected = steps_of(list(minute) for _, minute in by_minute)
    assert len(expected) > 20
    assert steps_of(iter([events])) == expected
