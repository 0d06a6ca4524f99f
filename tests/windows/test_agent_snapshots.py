"""Snapshots of agents: who has left, and who is there though nothing was told of him."""

from random import Random

import pytest

from stream.roster import Assignment, Roster
from stream.shard import Shard
from stream.spec import NameLimits, Spec
from stream.units import NEVER_MS
from tests.windows.telling import T_MS, Event, heartbeat, push, shard_of, state, states_of

CALM = Spec(event_clock=True)


def snapshot(at_s: float, *agents: str, source: str = "main") -> Event:
    return {"type": "snapshot", "ts": T_MS + at_s * 1000, "source": source, "agents": [*agents]}


def row(at_s: float, agent: str, name: str, source: str = "main", **more: object) -> Event:
    return state(at_s, agent, name, source=source, team="t", **more)


def heads(shard: Shard) -> dict[str, dict[str, str]]:
    """The states now, by team and agent."""
    return {
        key.team: {one.agent: one.state for one in members}
        for key, members in shard.all_members().items()
    }


def test_who_is_not_named_has_left_and_who_is_named_stays() -> None:
    shard = shard_of([row(0, "ann", "aux"), row(0, "bob", "aux"), snapshot(60, "bob")], CALM)
    assert states_of(shard, 90, "ann")["aux"] == 60
    assert states_of(shard, 90, "ann")["offline"] == 30
    assert states_of(shard, 90, "bob")["aux"] == 90


def test_who_is_named_and_was_not_known_exists_in_his_team_by_the_roster() -> None:
    roster = Roster({"cid": (Assignment(-NEVER_MS, NEVER_MS, "blue"),)}, {})
    shard = shard_of([snapshot(0, "cid", "dan")], CALM, roster)
    shard.step(T_MS + 1_000)
    assert heads(shard) == {"blue": {"cid": "unknown"}, "unassigned": {"dan": "unknown"}}


def test_a_later_snapshot_of_the_same_instant_adds_its_names() -> None:
    events = [row(0, "ann", "aux"), row(0, "bob", "aux"), snapshot(60, "ann"), snapshot(60, "bob")]
    shard = shard_of(events, CALM)
    assert "offline" not in states_of(shard, 90, "ann")
    assert "offline" not in states_of(shard, 90, "bob")


def test_a_row_of_the_same_instant_that_comes_later_takes_what_was_made_away() -> None:
    shard = shard_of([row(0, "ann", "aux"), snapshot(60)], CALM)
    assert states_of(shard, 90, "ann")["offline"] == 30
    push(shard, [row(60, "ann", "talking")])
    assert states_of(shard, 90, "ann")["talking"] == 30


def test_an_earlier_row_that_comes_later_leaves_no_trace_of_the_team_that_was_assumed() -> None:
    roster = Roster({"cid": (Assignment(-NEVER_MS, NEVER_MS, "blue"),)}, {})
    events = [row(0, "cid", "aux"), snapshot(60, "cid")]
    for ordered in (events, events[::-1]):
        shard = shard_of(ordered, CALM, roster)
        shard.step(T_MS + 90_000)
        assert [key.team for key in shard.figures().teams.keys] == ["t"]


def test_an_agent_that_becomes_known_later_is_treated_alike() -> None:
    shard = shard_of([row(0, "bob", "aux"), snapshot(60, "bob"), row(30, "ann", "aux")], CALM)
    assert states_of(shard, 90, "ann")["offline"] == 30


def test_a_snapshot_says_nothing_of_agents_of_another_source() -> None:
    shard = shard_of([row(0, "ann", "aux", "a"), heartbeat(0, "b"), snapshot(60, source="b")], CALM)
    assert states_of(shard, 90, "ann")["aux"] == 90


def test_what_a_snapshot_made_stays_when_no_event_can_change_it_any_more() -> None:
    shard = shard_of([row(0, "ann", "aux"), snapshot(60)], CALM)
    push(shard, [heartbeat(at_s) for at_s in range(60, 1_000, 30)])
    assert len(shard.engine.snapshots) == 0
    push(shard, [row(990, "ann", "available")])
    assert states_of(shard, 1_000, "ann")["offline"] == 930


def test_names_of_snapshots_are_limited_as_agents_are() -> None:
    shard = Shard(Spec(event_clock=True, limits=NameLimits(agents=2)))
    push(shard, [row(0, "ann", "aux")])
    push(shard, [snapshot(1, "ann", "bob", "cid"), snapshot(2, "ann", "bob")])
    [over] = shard.take_rejected()
    assert (over.record, over.detail.split(":")[0]) == (0, "agents")
    shard.step(T_MS + 3_000)
    assert heads(shard) == {"t": {"ann": "aux"}, "unassigned": {"bob": "unknown"}}


def drawn(random: Random) -> list[Event]:
    events: list[Event] = []
    for _ in range(random.randint(3, 14)):
        at_s = random.randint(0, 8) * 10
        source = random.choice("ab")
        if random.random() < 0.3:
            named = random.sample(["ann", "bob", "cid"], random.randint(0, 3))
            events.append(snapshot(at_s, *named, source=source))
        else:
            name = random.choice(["aux", "talking", "offline"])
            events.append(row(at_s, random.choice(["ann", "bob", "cid"]), name, source))
    return events


def read(shard: Shard) -> object:
    shard.step(T_MS + 100_000)
    return {
        (key.team, one.agent, one.state): one.state_ms.tolist()
        for key, members in shard.all_members().items()
        for one in members
    }


@pytest.mark.parametrize("seed", range(40))
def test_neither_order_nor_batches_nor_a_restore_nor_repeats_make_a_difference(seed: int) -> None:
    random = Random(seed)
    events = drawn(random)
    opening = [heartbeat(0, "a"), heartbeat(0, "b")]
    expected = read(shard_of([*opening, *events], CALM))
    random.shuffle(events)
    events += random.sample(events, 2)
    half = random.randrange(len(events))
    shard = Shard(CALM)
    push(shard, [*opening, *events[:half]])
    parts = shard.snapshot().changed
    restored = Shard.restore(CALM, Roster({}, {}), parts, None)
    push(restored, events[half:])
    push(shard, events[half:])
    assert read(shard) == expected
    assert read(restored) == expected
