"""A shard that is told of one floor, in short words."""

from typing import Any, Final

from stream.events.decode import decode_objects
from stream.events.language import State
from stream.roster import NO_ROSTER, Roster
from stream.shard import Shard
from stream.spec import SourceSpec, Spec
from stream.windows.calls.minute_sums import TEAM_COUNTS
from stream.windows.lateness import Late

T_MS: Final = 1_772_447_040_000
"""2026-03-02T10:24:00Z: a whole minute."""
Event = dict[str, Any]


def state(at_s: float, agent: str, name: str, **more: Any) -> Event:
    return {"type": "state", "ts": T_MS + round(at_s * 1000), "agent": agent, "state": name} | more


def call(at_s: float, phase: str, agent: str | None = None, **more: Any) -> Event:
    said = {"type": "call", "ts": T_MS + round(at_s * 1000), "call": "c1", "phase": phase}
    return said | ({} if agent is None else {"agent": agent}) | more


def heartbeat(at_s: float, source: str = "main", **more: Any) -> Event:
    return {"type": "heartbeat", "ts": T_MS + round(at_s * 1000), "source": source} | more


def push(shard: Shard, events: list[Event], times_ms: list[int] | None = None) -> list[Late]:
    decoded = decode_objects(events, times_ms, shard.names)
    assert decoded.rejected == []
    return shard.push(decoded.batch)


def shard_of(events: list[Event], spec: Spec | None = None, roster: Roster = NO_ROSTER) -> Shard:
    """A shard with members' calls, that was told of the events one by one; none was late."""
    without_heartbeats = (SourceSpec(heartbeat_ms=None),)
    default = Spec(event_clock=True, seat_calls=True, sources=without_heartbeats)
    shard = Shard(spec or default, roster)
    for event in events:
        assert push(shard, [event]) == [], event
    return shard


def calls_of(shard: Shard, as_of_s: int) -> dict[str, dict[str, int]]:
    """What each agent's calls count for in the hour before, without zeros."""
    as_of_ms = T_MS + as_of_s * 1000
    shard.step(as_of_ms)
    sums = shard.seat_sums(as_of_ms - 3_600_000, as_of_ms)
    return {
        key[3]: {name: count for name, count in zip(TEAM_COUNTS, row, strict=True) if count}
        for key, row in zip(sums.keys, sums.calls.tolist(), strict=True)
    }


def states_of(shard: Shard, as_of_s: float, agent: str) -> dict[str, int]:
    """Seconds by state of an agent in 60m, without zeros."""
    shard.step(T_MS + round(as_of_s * 1000))
    (member,) = [
        one
        for team in shard.team_keys()
        for one in shard.members(team.floor, team.team)
        if one.agent == agent
    ]
    return {State(at).name: int(ms) // 1000 for at, ms in enumerate(member.state_ms[2]) if ms}
