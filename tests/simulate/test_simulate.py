"""A simulated floor: what a reader may rely on, and that it behaves as the plan says."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import orjson
import pytest

from stream.events.decode import decode
from stream.events.names import Names
from stream.roster import parse_roster
from stream.simulate.event_writer import Event
from stream.simulate.plan import (
    Disturbance,
    FloorPlan,
    Habits,
    Plan,
    TeamPlan,
    WalkOut,
    even_floors,
    roster_csv,
)
from stream.simulate.run import Sent, simulate
from stream.units import HOUR_MS, MINUTE_MS, SECOND_MS

START_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
TEAM = TeamPlan("sales", tuple(f"a{number:03d}" for number in range(30)))
FLOOR = FloorPlan("shenzhen", (TEAM,))


def plan(hours: float = 2, floor: FloorPlan = FLOOR, **more: object) -> Plan:
    one = Plan((floor,), START_MS, START_MS + round(hours * HOUR_MS))
    return replace(one, **more)  # type: ignore[arg-type]


@cache
def events_of(one: Plan) -> list[Event]:
    """Computed once for each plan: who reads it must not change it."""
    return [sent.event for sent in simulate(one)]


def spells(events: Sequence[Event], end_ms: int) -> list[tuple[str, str, int]]:
    """(agent, state, milliseconds) of every interval."""
    last: dict[str, Event] = {}
    found = []
    for event in [one for one in events if one["type"] == "state"]:
        before = last.get(str(event["agent"]))
        if before is not None:
            found.append(
                (
                    str(event["agent"]),
                    str(before["state"]),
                    int(str(event["ts"])) - int(str(before["ts"])),
                )
            )
        last[str(event["agent"])] = event
    found += [
        (agent, str(one["state"]), end_ms - int(str(one["ts"]))) for agent, one in last.items()
    ]
    return found


def test_the_same_plan_gives_the_same_events_and_another_seed_gives_others() -> None:
    disturbed = plan(disturbance=Disturbance(late=0.1, repeated=0.1, lost=0.1))
    assert list(simulate(disturbed)) == list(simulate(disturbed))
    assert events_of(plan(seed=2)) != events_of(plan(seed=1))


def test_a_floor_does_not_depend_on_its_neighbours() -> None:
    alone = events_of(plan())
    beside = Plan((FLOOR, replace(FLOOR, name="wuhan")), START_MS, START_MS + 2 * HOUR_MS)
    assert [sent.event for sent in simulate(beside) if sent.floor == "shenzhen"] == alone


def test_events_come_in_time_order_and_the_decoder_takes_every_one() -> None:
    floors = even_floors(3, 6, 60, habits=Habits(load=1.0))
    one = Plan(
        floors,
        START_MS,
        START_MS + HOUR_MS,
        walk_outs=(WalkOut("floor-01", "team-01", START_MS + MINUTE_MS, 5),),
    )
    sent = list(simulate(one))
    assert [one.sent_ms for one in sent] == sorted(one.sent_ms for one in sent)
    values = [orjson.dumps(one.event) for one in sent]
    decoded = decode(values, [one.sent_ms for one in sent], Names())
    assert decoded.rejected == []
    assert 140 < np.mean([len(value) for value in values]) < 200


def test_no_agent_has_two_states_at_one_instant_and_every_call_has_its_phases_in_order() -> None:
    seen: dict[str, int] = {}
    phases: dict[str, list[str]] = defaultdict(list)
    for event in events_of(plan(floor=replace(FLOOR, habits=Habits(load=1.1)))):
        if event["type"] == "state":
            agent, ts = str(event["agent"]), int(str(event["ts"]))
            assert seen.get(agent, 0) < ts, event
            seen[agent] = ts
        elif event["type"] == "call":
            phases[str(event["call"])].append(str(event["phase"]))
    stories = {tuple(story) for story in phases.values()}
    whole = ("offered", "answered", "ended", "wrapped")
    assert stories <= {whole[:1], whole[:2], whole[:3], whole, ("offered", "abandoned")}
    assert {whole, ("offered", "abandoned")} <= stories


def test_the_share_of_break_time_and_the_mean_spell_are_as_the_plan_says() -> None:
    team = TeamPlan("sales", tuple(f"a{number:03d}" for number in range(200)))
    one = plan(8, FloorPlan("shenzhen", (team,)))
    held = spells(events_of(one), one.end_ms)
    aux = [ms for _, state, ms in held if state == "aux"]
    assert sum(aux) / sum(ms for *_, ms in held) == pytest.approx(0.085, abs=0.005)
    assert np.mean(aux) == pytest.approx(5 * MINUTE_MS, rel=0.06)


def test_talk_and_after_call_work_have_the_means_that_the_plan_says() -> None:
    ended = [event for event in events_of(plan(8)) if event.get("phase") == "ended"]
    wrapped = [event for event in events_of(plan(8)) if event.get("phase") == "wrapped"]
    assert np.mean([event["talk_s"] for event in ended]) == pytest.approx(180, rel=0.08)
    assert np.mean([event["acw_s"] for event in wrapped]) == pytest.approx(30, rel=0.08)
    assert 0.07 < np.mean([event["hold_s"] > 0 for event in ended]) < 0.13  # type: ignore[operator]


def test_a_call_says_the_talk_time_that_its_agents_states_show() -> None:
    one = plan(3, floor=replace(FLOOR, habits=Habits(load=1.0)))
    events = events_of(one)
    ended = [event for event in events if event.get("phase") == "ended"]
    reported = sum(round(event["talk_s"] * 1000) for event in ended)  # type: ignore[operator, misc]
    shown = sum(ms for _, state, ms in spells(events, one.end_ms) if state == "talking")
    assert reported <= shown <= reported + 30 * HOUR_MS / 4


def test_callers_wait_at_a_high_load_and_hardly_at_a_low_one() -> None:
    def long_waits(load: float) -> float:
        events = events_of(plan(4, floor=replace(FLOOR, habits=Habits(load=load))))
        waits = [event["wait_s"] for event in events if event.get("phase") == "answered"]
        return float(np.mean([wait > 20 for wait in waits]))  # type: ignore[operator]

    assert long_waits(0.6) < 0.02
    assert long_waits(1.1) > 0.4


def test_the_walk_out_moves_so_many_heads_within_the_time_and_brings_them_back() -> None:
    out = WalkOut("shenzhen", "sales", START_MS + HOUR_MS, 12, 5 * SECOND_MS, 10 * MINUTE_MS)
    events = events_of(
        plan(floor=replace(FLOOR, habits=Habits(load=1.0, aux_rate=0)), walk_outs=(out,))
    )
    moved = [event for event in events if event.get("state") == "aux"]
    assert len({event["agent"] for event in moved}) == 12
    assert [moved[0]["ts"], moved[-1]["ts"]] == [out.at_ms, out.at_ms + 5 * SECOND_MS]
    agent, left_ms = moved[0]["agent"], int(str(moved[0]["ts"]))
    back = next(
        event
        for event in events
        if event.get("agent") == agent
        and event["type"] == "state"
        and int(str(event["ts"])) > left_ms
    )
    assert back["ts"] == left_ms + 10 * MINUTE_MS


def test_shifts_begin_and_end_and_a_long_one_has_one_meal() -> None:
    shift = (START_MS + HOUR_MS, START_MS + 9 * HOUR_MS)
    team = replace(TEAM, shifts=(shift,))
    events = events_of(plan(10, FloorPlan("shenzhen", (team,))))
    states = [event for event in events if event["type"] == "state"]
    first = {str(event["agent"]): int(str(event["ts"])) for event in reversed(states)}
    assert all(shift[0] <= ts < shift[0] + 2 * MINUTE_MS for ts in first.values())
    meals = Counter(str(event["agent"]) for event in states if event["state"] == "meal")
    assert set(meals.values()) == {1}
    last = {str(event["agent"]): event for event in states}
    assert {event["state"] for event in last.values()} == {"offline"}
    assert all(int(str(event["ts"])) >= shift[1] for event in last.values())


def test_events_are_lost_delayed_and_repeated_at_the_rates_and_heartbeats_are_not() -> None:
    whole = list(simulate(plan()))
    rates = Disturbance(late=0.1, late_ms_most=MINUTE_MS, repeated=0.05, lost=0.02)
    reported = list(simulate(plan(disturbance=rates)))

    def count(sent: Sequence[Sent]) -> Counter[bytes]:
        return Counter(orjson.dumps(one.event) for one in sent)

    n, copies = len(whole), count(reported)
    assert sum(key not in copies for key in count(whole)) == pytest.approx(0.02 * n, rel=0.3)
    assert sum(copy == 2 for copy in copies.values()) == pytest.approx(0.05 * n, rel=0.3)
    delays = [one.sent_ms - int(str(one.event["ts"])) for one in reported]
    assert sum(delay > 0 for delay in delays) == pytest.approx(0.15 * n, rel=0.2)
    assert 0 <= min(delays) <= max(delays) <= MINUTE_MS
    beats = [one for one in reported if one.event["type"] == "heartbeat"]
    assert beats == [one for one in whole if one.event["type"] == "heartbeat"]


def test_agents_are_dealt_out_evenly_and_the_roster_names_each_once() -> None:
    floors = even_floors(4, 10, 105)
    assert [len(floor.teams) for floor in floors] == [3, 3, 2, 2]
    sizes = [len(team.agents) for floor in floors for team in floor.teams]
    assert sorted(set(sizes)) == [10, 11]
    assert sum(sizes) == 105
    roster = parse_roster(roster_csv(floors), "roster.csv")
    assert len(roster.assignments) == 105
    with pytest.raises(ValueError, match="3 floors, 2 teams"):
        even_floors(3, 2, 10)
