"""Names that are gone for 35 days are forgotten: what is left says the same as before."""

from typing import Any

import numpy as np
import pytest

from stream.events.language import State
from stream.ids import PoolKey, TeamKey
from stream.shard import Shard
from stream.spec import NameLimits, SourceSpec, Spec
from stream.units import DAY_MS, HOUR_MS
from stream.windows import admission
from stream.windows.packing import pack, unpack
from tests.reference.turnover import check_turnover
from tests.windows.telling import T_MS, Event, call, heartbeat, push, state

DAY_S, HOUR_S = DAY_MS // 1_000, HOUR_MS // 1_000
SPEC = Spec(event_clock=True, seat_calls=True, sources=(SourceSpec(heartbeat_ms=None),))
LIVING = 100
"""Agents who are there at a time."""


def day_of(number: int, rng: np.random.Generator) -> list[Event]:
    """A day of a floor on which three agents are new each day, and a source and a team a month."""
    source, team = f"pbx-{number // 30}", f"team-{number // 30}"
    events: list[Event] = []
    for agent in range(3 * number, 3 * number + LIVING):
        at_s = number * DAY_S + int(rng.integers(0, 8 * HOUR_S))
        who = {"source": source, "team": team}
        name = State(int(rng.integers(0, len(State)))).name
        events.append(state(at_s, f"a{agent}", name, **who))
        if agent % 7 == 0:
            asked = {"call": f"c{agent}-{number}", "source": source, "pool": f"p{number // 30}"}
            events.append(call(at_s + 60, "answered", f"a{agent}", team=team, **asked))
            events.append(call(at_s + 120, "ended", f"a{agent}", team=team, **asked))
    events += [heartbeat(number * DAY_S + hour * HOUR_S, source) for hour in range(24)]
    return sorted(events, key=lambda event: event["ts"])


def sizes(shard: Shard) -> dict[str, int]:
    return shard.names.sizes()


def by_name(shard: Shard) -> list[Any]:
    """What is said of all who have time in a window, but for the time of those who are away."""
    figures = shard.figures()
    teams = {
        key: (figures.teams.heads[row, :-1].tolist(), figures.teams.handled[row].tolist())
        for row, key in enumerate(figures.teams.keys)
    }
    end_ms = shard.as_of_ms - shard.as_of_ms % 60_000
    sums = shard.seat_sums(end_ms - HOUR_MS, end_ms)
    there = np.any(sums.state_ms[:, : State.offline], axis=1) | np.any(sums.calls, axis=1)
    seats = [
        (key, sums.state_ms[row, : State.offline].tolist(), sums.calls[row].tolist())
        for row, key in enumerate(sums.keys)
        if there[row]
    ]
    pools = [
        (key, figures.pools.offered[row].tolist(), figures.pools.answered[row].tolist())
        for row, key in enumerate(figures.pools.keys)
        if figures.pools.answered[row].any()
    ]
    return [{key: one for key, one in teams.items() if any(one[0])}, seats, pools]


@pytest.mark.parametrize("seed", [2, 4])
def test_a_shard_forgets_what_the_reference_forgets_in_any_batches_and_restarts(seed: int) -> None:
    times, engine = check_turnover(seed)
    assert times > 5
    assert engine.shard.counts["accepted"] > 500


def test_a_shard_that_forgot_says_the_same_as_one_that_did_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shard, twin, rng = Shard(SPEC), Shard(SPEC), np.random.default_rng(3)
    for number in range(55):
        events = day_of(number, rng)
        push(shard, events)
        with monkeypatch.context() as patch:
            patch.setattr(admission, "may_be_due", lambda *_: False)
            push(twin, events)
        for one in (shard, twin):
            one.step(one.watermark_ms)
        assert by_name(shard) == by_name(twin)
    assert sizes(shard)["agents"] < sizes(twin)["agents"] == LIVING + 3 * 54


def test_names_and_snapshots_stay_bounded_while_three_in_a_hundred_are_new_each_day() -> None:
    shard, rng, held, stored = Shard(SPEC), np.random.default_rng(1), [], list[int]()
    for number in range(110):
        push(shard, day_of(number, rng))
        shard.step(shard.watermark_ms)
        held.append(sizes(shard))
        names = len(shard.names.agents)
        if number and names < held[-2]["agents"]:  # all parts are stored anew: without the others
            stored.append(sum(map(len, shard.snapshot().changed.values())))
    assert held[-1]["agents"] < LIVING + 3 * 110 // 2
    most = {kind: max(one[kind] for one in held[75:]) for kind in held[0]}
    assert most["agents"] <= 1.13 * (LIVING + 3 * 35)  # a tenth, and what came meanwhile
    assert most["seats"] <= 2 * most["agents"]  # who was there when the team changed has two
    assert max(most[kind] for kind in ("teams", "pools", "sources")) <= 4
    assert len(stored) > 3
    assert max(stored[2:]) < 1.3 * min(stored[2:])


def test_limits_count_only_what_is_left() -> None:
    limits = NameLimits(agents=450, teams=4)  # agents: in each of their teams
    shard = Shard(Spec(event_clock=True, sources=SPEC.sources, limits=limits))
    rng = np.random.default_rng(2)
    for number in range(90):
        push(shard, day_of(number, rng))
    assert shard.counts["over_limit"] == 0
    assert shard.counts["accepted"] > 90 * LIVING


def test_agents_who_are_new_in_the_batch_that_forgets_are_observed_afterwards() -> None:
    shard, days = Shard(SPEC), 36 * DAY_S
    push(shard, [state(0, f"old{number}", "available") for number in range(20)])
    push(shard, [state(days - 2 * DAY_S, "ann", "available")])
    shard.step(T_MS + (days + 4 * HOUR_S) * 1_000)  # the clock is ahead of the records
    new = [state(days + 60, f"new{number}", "aux") for number in range(100)]
    push(shard, [*new, heartbeat(days + 3 * HOUR_S)])
    assert sizes(shard)["agents"] == 101
    shard.step(T_MS + (days + 5 * HOUR_S) * 1_000)
    assert (shard.watch.state[:101] == shard.watch.state[100]).sum() == 100


def test_who_comes_back_after_35_days_is_new() -> None:
    shard = Shard(SPEC)
    push(shard, [state(0, "ann", "offline"), state(0, "bob", "available")])
    for day in range(38):
        push(shard, [state(day * DAY_S + 1, "bob", "available")])
    assert [agent for _, agent in shard.names.agents.keys] == ["bob"]
    push(shard, [state(37 * DAY_S + 60, "ann", "available")])
    shard.step(T_MS + (37 * DAY_S + 120) * 1_000)
    ann = next(one for one in shard.members("main", "unassigned") if one.agent == "ann")
    assert not ann.state_ms[0, State.offline]
    assert ann.state_ms[0, State.unknown]  # the time before anything was known of her


def test_state_of_a_version_that_did_not_know_uses_is_read_as_used_by_then() -> None:
    shard = Shard(SPEC)
    push(shard, [heartbeat(day * DAY_S, "main") for day in range(31)])
    push(shard, [state(30 * DAY_S, "ann", "offline"), state(30 * DAY_S, "bob", "aux", team="t")])
    stored = {name: unpack(part) for name, part in shard.snapshot().changed.items()}
    for pieces in stored.values():
        for name in ("used_ms", "named_ms", "pool_used_ms"):
            pieces.pop(name, None)
    parts = {name: pack(pieces) for name, pieces in stored.items()}
    again = Shard.restore(SPEC, shard.names.roster, parts, shard.control_state())
    again.resume()
    for day in range(31, 60):
        push(again, [heartbeat(day * DAY_S, "main")])
    assert sizes(again)["agents"] == 2
    for day in range(60, 70):
        push(again, [heartbeat(day * DAY_S, "main")])
    assert sizes(again)["agents"] == sizes(again)["teams"] == 0


def test_control_drops_what_it_holds_of_teams_and_pools_that_are_forgotten() -> None:
    shard = Shard(SPEC)
    push(shard, [state(0, "ann", "available", team="old"), state(0, "bob", "aux", team="new")])
    for day in range(40):
        push(shard, [state(day * DAY_S, "bob", "available", team="new")])
        shard.step(shard.watermark_ms)
    assert shard.team_keys() == (TeamKey("main", "main", "new"),)
    assert shard.pool_keys() == (PoolKey("main", "main"),)
    assert {view.team for view in shard.control.views()} == {"new", ""}
    assert b'"old"' not in shard.control.snapshot()
