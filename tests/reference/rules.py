"""What is configured: sources, zones, shifts and the roster, looked up by walking lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stream.events.language import State
from stream.spec import ANY, LocalSpan, PoolSpec, SourceSpec, Spec
from tests.reference import clock

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
NEVER: Final = 2**62
DAY_MINUTES: Final = 24 * 60


class Member(NamedTuple):
    """An agent belongs to a team, and the team to a pool, in [start, end)."""

    agent: str
    team: str
    pool: str = ""
    start: int = -NEVER
    end: int = NEVER


@dataclass(frozen=True)
class Rules:
    """The configuration and the roster in force."""

    spec: Spec = field(default_factory=Spec)
    roster: Sequence[Member] = ()
    ring_all: frozenset[str] = frozenset()
    """Pools of which all phones ring at once."""
    wait_ms: int = 4 * HOUR
    """How long a call may be believed to wait."""
    callback_ms: int = HOUR
    """After this an open call-back is overdue."""

    # -- sources

    def source(self, name: str) -> SourceSpec:
        named = [one for one in self.spec.sources if one.name == name]
        anyone = [one for one in self.spec.sources if one.name == ANY]
        return (named + anyone + [SourceSpec()])[0]

    def three_heartbeats(self, source: str) -> int | None:
        """None where heartbeats are off."""
        heartbeat = self.source(source).heartbeat_ms
        return None if heartbeat is None else 3 * heartbeat

    def quiet(self, source: str) -> int:
        """Q: three heartbeats, or the grace where they are off."""
        return self.three_heartbeats(source) or self.spec.windows.grace_ms

    # -- places

    def team_at(self, agent: str, ts: int) -> str:
        for one in self.roster:
            if one.agent == agent and one.start <= ts < one.end:
                return one.team
        return "unassigned"

    def pool_of(self, team: str) -> str:
        return next((one.pool for one in self.roster if one.team == team and one.pool), "main")

    def names(self, agent: str) -> bool:
        """Whether the roster names an agent."""
        return any(one.agent == agent for one in self.roster)

    def pool(self, floor: str, name: str) -> PoolSpec:
        for wanted in ((floor, name), (ANY, name), (floor, ANY), (ANY, ANY)):
            for one in self.spec.pools:
                if (one.floor, one.name) == wanted:
                    return one
        return PoolSpec()

    def zone_of_hours(self, floor: str) -> str:
        """The hours of a floor are those of the first pool that is listed for it."""
        own = [one for one in self.spec.pools if one.floor == floor]
        anyone = [one for one in self.spec.pools if one.floor == ANY]
        return (own + anyone + [PoolSpec()])[0].zone

    def shifts(self, floor: str, team: str) -> tuple[LocalSpan, ...]:
        for wanted in ((floor, team), (ANY, team), (floor, ANY), (ANY, ANY)):
            for one in self.spec.shifts:
                if (one.floor, one.team) == wanted:
                    return one.times
        return ()

    def zone(self, floor: str, team: str) -> str:
        return self.pool(floor, self.pool_of(team)).zone

    def shift_start(self, floor: str, team: str, ts: int) -> int:
        """Start of the team's running shift; without a calendar, of the local day."""
        zone, times = self.zone(floor, team), self.shifts(floor, team)
        return clock.shift_start(zone, times, ts) if times else clock.day_start(zone, ts)

    # -- limits

    def limit(self, floor: str, team: str, source: str, state: State, ts: int) -> int:
        """Until when a state that began at ts is credible."""
        said = self.source(source)
        if said.silence_ms is None:
            return NEVER
        if state in said.silence_ms:
            return ts + said.silence_ms[state]
        if state in (State.offline, State.unknown):
            return NEVER
        return self._end_of_day(floor, team, ts, said.shift_end_slack_ms)

    def _end_of_day(self, floor: str, team: str, ts: int, slack: int) -> int:
        pool = self.pool(floor, self.pool_of(team))
        ends = self.shifts(floor, team) or closings(pool.open)
        if not ends:
            return ts + 12 * HOUR
        near = clock.shift_end_after(pool.zone, ends, ts - HOUR)
        if near <= ts + HOUR and clock.shift_start(pool.zone, ends, ts + HOUR) < near:
            return max(near, ts) + slack
        return clock.shift_end_after(pool.zone, ends, ts + HOUR) + slack


def closings(opening: Sequence[LocalSpan]) -> tuple[LocalSpan, ...]:
    """Opening hours after which nothing opens at once."""
    begins = {one.start_min % DAY_MINUTES for one in opening}
    return tuple(one for one in opening if one.end_min % DAY_MINUTES not in begins)
