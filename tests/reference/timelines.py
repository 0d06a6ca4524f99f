"""Agents' states: rows, what snapshots add to them, and what of an interval is believed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from stream.events.call_hashes import name_hashes
from stream.events.language import State
from tests.reference.marks import Arrival
from tests.reference.records import floor_of, source_of
from tests.reference.rules import DAY, NEVER, Rules
from tests.reference.sightings import Gap, Sightings


@dataclass(frozen=True, order=True)
class Row:
    """A state of an agent from `ts` on; rows are ordered by these fields."""

    ts: int
    seq: int
    rank: int
    team: bytes
    source: bytes
    no_sync: bool
    call_hash: int = 0
    call: str = field(default="", compare=False)
    limit: int = field(default=NEVER, compare=False)
    """Until when it is credible: computed once, by the rules in force when it came."""

    @property
    def state(self) -> State:
        return State(self.rank)


class Piece(NamedTuple):
    """An agent's time [start, end) in one team and one state."""

    start: int
    end: int
    team: str
    state: State


class Naming(NamedTuple):
    """All agents that a source had at an instant."""

    ts: int
    source: str
    teams: Mapping[str, str]
    """By agent: his team by the roster in force when it came."""


class Timelines:
    """The rows of all agents."""

    def __init__(self, rules: Rules, sightings: Sightings) -> None:
        self.rules = rules
        self._sightings = sightings
        self._rows: dict[tuple[str, str], dict[Row, Row]] = {}
        self._namings: dict[str, dict[tuple[int, str], Naming]] = {}
        self._whole: dict[tuple[str, str], list[Row]] = {}
        """What `rows` found, until something is added."""

    def add(self, one: Arrival) -> None:
        """A state event or a snapshot."""
        event, floor, source = one.event, floor_of(one.event), source_of(one.event)
        self._whole.clear()
        if event["type"] == "snapshot":
            teams = {agent: self.rules.team_at(agent, one.ts) for agent in event["agents"]}
            self._add_naming(floor, Naming(one.ts, source, teams))
            return
        team = str(event.get("team") or self.rules.team_at(event["agent"], one.ts))
        state, call = State[event["state"]], str(event.get("call") or "")
        row = Row(
            one.ts,
            event.get("seq") or 0,
            int(state),
            team.encode(),
            source.encode(),
            not event.get("sync"),
            int(name_hashes([call])[0]) if call and state is State.ringing else 0,
            call,
            self.rules.limit(floor, team, source, state, one.ts),
        )
        self._rows.setdefault((floor, event["agent"]), {}).setdefault(row, row)

    def _add_naming(self, floor: str, naming: Naming) -> None:
        known = self._namings.setdefault(floor, {})
        key = naming.ts, naming.source
        before = known[key].teams if key in known else {}
        known[key] = naming._replace(teams={**naming.teams, **before})
        for agent in naming.teams:
            self._rows.setdefault((floor, agent), {})

    def agents(self, floor: str) -> list[str]:
        return sorted(agent for where, agent in self._rows if where == floor)

    def floors(self) -> set[str]:
        return {floor for floor, _ in self._rows}

    def teams(self, floor: str) -> set[str]:
        """Teams in which an agent ever was."""
        rows = (row for agent in self.agents(floor) for row in self.rows(floor, agent))
        return {row.team.decode() for row in rows}

    def forget(self, floor: str, agent: str) -> None:
        """Drop an agent: snapshots of before say nothing of who comes under the name later."""
        self._rows.pop((floor, agent), None)
        for key, naming in self._namings.get(floor, {}).items():
            teams = {one: team for one, team in naming.teams.items() if one != agent}
            self._namings[floor][key] = naming._replace(teams=teams)
        self._whole.clear()

    def told(self, floor: str, agent: str) -> list[Row]:
        """The rows of an agent that state events told."""
        return sorted(self._rows[floor, agent])

    def rows_of(self, floor: str, agent: str) -> list[Row]:
        """The rows of an agent, who need not be known."""
        return self.rows(floor, agent) if (floor, agent) in self._rows else []

    def rows(self, floor: str, agent: str) -> list[Row]:
        """The rows of an agent in order, with those that snapshots stand for."""
        if (floor, agent) not in self._whole:
            self._whole[floor, agent] = self._with_made(floor, agent)
        return self._whole[floor, agent]

    def _with_made(self, floor: str, agent: str) -> list[Row]:
        told = self.told(floor, agent)
        made: list[Row] = []
        for _, naming in sorted(self._namings.get(floor, {}).items()):
            row = self._made(floor, agent, naming, sorted([*told, *made]))
            if row is not None:
                made.append(row)
        return sorted([*told, *made])

    def _made(self, floor: str, agent: str, naming: Naming, rows: list[Row]) -> Row | None:
        """The row that a snapshot stands for in the timeline of an agent."""
        before = [row for row in rows if row.ts < naming.ts]
        source = naming.source.encode()
        if any(row.ts == naming.ts for row in rows):
            return None
        if agent in naming.teams:
            if before:
                return None
            team = naming.teams[agent].encode()
            return Row(naming.ts, 0, int(State.unknown), team, source, no_sync=False)
        if not before or before[-1].source != source or before[-1].state == State.offline:
            return None
        return Row(naming.ts, 0, int(State.offline), before[-1].team, source, no_sync=False)

    # -- what is believed

    def pieces(
        self, floor: str, agent: str, as_of: int, heard: int | None = None
    ) -> Iterator[Piece]:
        """The agent's time from the first row to as_of, in order and without holes.

        heard: the instant by which it is judged what is silent, if it is not as_of.
        """
        rows = self.rows(floor, agent)
        for row, end in zip(rows, [*(row.ts for row in rows[1:]), as_of], strict=True):
            gaps = self._gaps(floor, row, as_of if heard is None else heard)
            yield from _split(row, min(end, as_of), gaps)

    def _gaps(self, floor: str, row: Row, at: int) -> list[Gap]:
        return self._sightings.gaps(self.rules, floor, row.source.decode(), at)

    def now(self, floor: str, agent: str, as_of: int) -> tuple[Row, State] | None:
        """The row in force at as_of and what is believed of it; None before the first row."""
        begun = [row for row in self.rows(floor, agent) if row.ts <= as_of]
        if not begun:
            return None
        return begun[-1], believed(begun[-1], self._gaps(floor, begun[-1], as_of), as_of)

    def begun(self, floor: str, agent: str) -> Iterator[tuple[int, str, State]]:
        """When and where spells began: a repeat begins none, nor does what comes with `sync`."""
        held: tuple[bytes, State] | None = None
        credible = 0
        rows = self.rows(floor, agent)
        for place, row in enumerate(rows):
            if place + 1 < len(rows) and rows[place + 1].ts == row.ts:
                continue  # it lasts no time
            here = row.team, row.state
            if row.no_sync and (held != here or credible < row.ts):
                yield row.ts, row.team.decode(), row.state
            held, credible = here, row.limit


def believed(row: Row, gaps: Sequence[Gap], t: int) -> State:
    """What is believed at an instant of the interval that a row opened."""
    if row.state == State.offline:
        return State.offline
    around = [gap for gap in gaps if gap.start <= t < gap.end]
    if t >= row.limit + DAY or any(t >= gap.gone for gap in around):
        return State.offline
    return State.unknown if around or t >= row.limit else row.state


def _split(row: Row, end: int, gaps: Sequence[Gap]) -> Iterator[Piece]:
    """The interval of a row up to `end`, cut wherever what is believed may change."""
    edges = {row.ts, end, row.limit, row.limit + DAY}
    edges |= {edge for gap in gaps for edge in gap}
    inside = sorted(edge for edge in edges if row.ts <= edge <= end)
    for start, stop in pairwise(inside):
        yield Piece(start, stop, row.team.decode(), believed(row, gaps, start))
