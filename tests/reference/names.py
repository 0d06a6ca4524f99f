"""Which names are known, until when each was in use, and which are forgotten."""

from collections.abc import Iterable, Mapping
from typing import Final

from stream.spec import ANY
from tests.reference.marks import Arrival, Marks
from tests.reference.records import floor_of
from tests.reference.rules import DAY, NEVER, Rules
from tests.reference.timelines import Timelines

FORGOTTEN_AFTER: Final = 35 * DAY
KINDS: Final = ("sources", "pools", "teams", "agents", "seats")
Key = tuple[str, ...]
"""Floor and name; of a seat floor, agent and team."""


class Names:
    """The names that counted events have told, but for floors, which stay."""

    def __init__(self, rules: Rules, lines: Timelines) -> None:
        self.rules = rules
        self._lines = lines
        self._seats: dict[Key, int] = {}
        """By seat: the last state or call event of the agent in that team."""
        self._teams: dict[Key, int] = {}
        """Those that an event told; until when they are in use follows from their seats."""
        self._agents: dict[Key, int] = {}
        """By agent: the last event that names him."""
        self._named: dict[Key, int] = {}
        """By agent: the last snapshot that names him."""
        self._pools: dict[Key, int] = {}
        """By pool: its last call or reading."""

    def add(self, one: Arrival) -> None:
        event, floor = one.event, floor_of(one.event)
        agent = str(event.get("agent") or "")
        team = str(event.get("team") or self.rules.team_at(agent, one.ts)) if agent else ""
        if agent:
            _raise(self._agents, (floor, agent), one.ts)
            _raise(self._seats, (floor, agent, team), one.ts)
            _raise(self._teams, (floor, team), -NEVER)
        for named in event.get("agents", ()):
            _raise(self._agents, (floor, named), one.ts)
            _raise(self._named, (floor, named), one.ts)
            if not any(row.ts <= one.ts for row in self._lines.rows_of(floor, named)):
                team = self.rules.team_at(named, one.ts)
                _raise(self._seats, (floor, named, team), -NEVER)
                _raise(self._teams, (floor, team), -NEVER)
        if event["type"] in ("call", "queue"):
            brought = self.rules.pool_of(team) if team else "main"
            _raise(self._pools, (floor, str(event.get("pool") or brought)), one.ts)

    def gone(self, floors: Mapping[str, Marks]) -> dict[str, set[Key]]:
        """By kind, what is to be forgotten now: nothing, or all that is gone."""
        before = {
            name: -NEVER if marks.sealed is None else marks.sealed - FORGOTTEN_AFTER
            for name, marks in floors.items()
        }
        used = self._in_use(floors)
        gone = {
            kind: {key for key, last in known.items() if last < before[key[0]]}
            for kind, known in used.items()
        }
        if not any(gone[kind] and 10 * len(gone[kind]) >= len(used[kind]) for kind in KINDS):
            return {}
        for known, kind in (
            (self._seats, "seats"), (self._teams, "teams"), (self._pools, "pools"),
            (self._agents, "agents"), (self._named, "agents"),
        ):  # fmt: skip
            for key in gone[kind] & known.keys():
                del known[key]
        return gone

    def known(self, floors: Mapping[str, Marks]) -> dict[str, set[Key]]:
        """All names by kind."""
        return {kind: set(known) for kind, known in self._in_use(floors).items()}

    def _in_use(self, floors: Mapping[str, Marks]) -> dict[str, dict[Key, int]]:
        """By kind and name: until when it was in use."""
        agents: dict[Key, int] = {
            (floor, agent): NEVER if self.rules.names(agent) else last
            for (floor, agent), last in self._agents.items()
        }
        sources: dict[Key, int] = {
            (floor, source.name): source.mark
            for floor, marks in floors.items()
            for source in marks.sources.values()
            if source.mark is not None
        }
        seats = self._seats_in_use()
        for (floor, agent), last in agents.items():
            for row in self._lines.rows_of(floor, agent)[-1:]:
                _raise(seats, (floor, agent, row.team.decode()), last)
                _raise(sources, (floor, row.source.decode()), last)
        teams = self._teams_in_use(seats)
        pools = self._pools_in_use(teams)
        return dict(zip(KINDS, (sources, pools, teams, agents, seats), strict=True))

    def _seats_in_use(self) -> dict[Key, int]:
        """By events of their own and by snapshots, as far as the agent has such a seat."""
        seats = dict(self._seats)
        for (floor, agent), last in self._named.items():
            seat = floor, agent, self.rules.team_at(agent, last)
            if seat in seats:
                _raise(seats, seat, last)
        return seats

    def _teams_in_use(self, seats: Mapping[Key, int]) -> dict[Key, int]:
        teams = dict(self._teams)
        for (floor, _, team), last in seats.items():
            _raise(teams, (floor, team), last)
        return {key: NEVER if self._is_named_team(*key) else at for key, at in teams.items()}

    def _pools_in_use(self, teams: Mapping[Key, int]) -> dict[Key, int]:
        pools = dict(self._pools)
        for (floor, team), last in teams.items():
            _raise(pools, (floor, self.rules.pool_of(team)), last)
        return {key: NEVER if self._is_named_pool(*key) else at for key, at in pools.items()}

    def _is_named_team(self, floor: str, team: str) -> bool:
        shifts = [one.floor for one in self.rules.spec.shifts if one.team == team]
        return any(one.team == team for one in self.rules.roster) or _is_here(floor, shifts)

    def _is_named_pool(self, floor: str, pool: str) -> bool:
        spec = self.rules.spec
        named = [one.floor for one in spec.pools if one.name == pool]
        named += [one.floor for one in spec.peaks if one.pool == pool]
        return any(one.pool == pool for one in self.rules.roster) or _is_here(floor, named)


def _is_here(floor: str, named: Iterable[str]) -> bool:
    return any(where in (ANY, floor) for where in named)


def _raise(known: dict[Key, int], key: Key, ts: int) -> None:
    known[key] = max(ts, known.get(key, -NEVER))
