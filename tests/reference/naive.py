"""Windows of agents' states the slow and obvious way: lists of rows, clipped with min and max.

Takes events as JSON objects in order of arrival. Shares no code with the product: only its
enums, its configuration and the words of units come from there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from stream.events.language import State
from stream.spec import ANY, PoolSpec, ShiftSpec, Spec
from tests.reference import clock
from tests.reference.lateness import DAY_MS, Event, Gap, Lateness, floor_of, instant, source_of
from tests.reference.truth.rules import Member, Rules

WINDOW_MINUTES = {"5m": 5, "15m": 15, "60m": 60}


class Row(NamedTuple):
    """A state event; the order of the fields is the order of the rows."""

    ts: int
    seq: int
    rank: int
    team: bytes
    source: bytes
    no_sync: bool


class Piece(NamedTuple):
    """An agent's time [start, end) in one team and one state."""

    start: int
    end: int
    team: str
    state: State


@dataclass(frozen=True)
class RosterLine:
    """An agent belongs to a team, and the team to a pool, in [start_ms, end_ms)."""

    agent: str
    team: str
    pool: str = ""
    start_ms: int | None = None
    end_ms: int | None = None


def zone_of(spec: Spec, floor: str, pool: str) -> str:
    here = [one for one in spec.pools if one.floor in (floor, ANY)]
    named = [one for one in here if one.name == pool]
    anyone = [one for one in here if one.name == ANY]
    return (named + anyone + [PoolSpec()])[0].zone


def shifts_of(spec: Spec, floor: str, team: str) -> ShiftSpec | None:
    here = [one for one in spec.shifts if one.floor in (floor, ANY)]
    named = [one for one in here if one.team == team]
    anyone = [one for one in here if one.team == ANY]
    return next(iter(named + anyone), None)


class Floorplan:
    """Who belongs where: the roster and the calendars of the specification."""

    def __init__(self, spec: Spec, roster: Sequence[RosterLine]) -> None:
        self.spec = spec
        self.roster = roster

    def team_at(self, agent: str, ts: int) -> str:
        for line in self.roster:
            begun = line.start_ms is None or line.start_ms <= ts
            if line.agent == agent and begun and (line.end_ms is None or ts < line.end_ms):
                return line.team
        return "unassigned"

    def teams_of(self, agent: str) -> set[str]:
        return {line.team for line in self.roster if line.agent == agent}

    def team_of(self, event: Event) -> str:
        return (
            str(event["team"]) if "team" in event else self.team_at(event["agent"], instant(event))
        )

    def pool_of(self, team: str) -> str:
        return next((line.pool for line in self.roster if line.team == team and line.pool), "main")

    def shift_start(self, floor: str, team: str, t: int) -> int:
        """Start of the team's running shift; without a calendar, of the local day."""
        zone = zone_of(self.spec, floor, self.pool_of(team))
        shifts = shifts_of(self.spec, floor, team)
        return clock.day_start(zone, t) if not shifts else clock.shift_start(zone, shifts.times, t)

    def latest_credible(self, floor: str, team: str, source: str, state: State, t0: int) -> int:
        """Until when a state that began at t0 is believed without any further event."""
        members = [Member(line.agent, line.team, line.pool) for line in self.roster]
        return Rules(self.spec, members).limit(floor, team, source, state, t0)


class States:
    """All rows of all agents, and their time in every state."""

    def __init__(self, spec: Spec, roster: Sequence[RosterLine] = ()) -> None:
        self.plan = Floorplan(spec, roster)
        self.lateness = Lateness(spec)
        self.rows: dict[tuple[str, str], set[Row]] = {}

    def add(self, event: Event) -> None:
        row = Row(
            instant(event),
            event.get("seq") or 0,
            int(State[event["state"]]),
            self.plan.team_of(event).encode(),
            source_of(event).encode(),
            not event.get("sync"),
        )
        self.rows.setdefault((floor_of(event), event["agent"]), set()).add(row)

    def teams_of(self, floor: str, agent: str) -> set[str]:
        return {row.team.decode() for row in self.rows[floor, agent]}

    def begun(self, floor: str, agent: str) -> Iterator[tuple[int, str, State]]:
        """When and where spells began: a repeat begins none, nor does what comes with `sync`."""
        held: tuple[str, State] | None = None
        credible = 0
        rows = sorted(self.rows[floor, agent])
        for place, row in enumerate(rows):
            if place + 1 < len(rows) and rows[place + 1].ts == row.ts:
                continue  # it lasts no time
            team, state = row.team.decode(), State(row.rank)
            if row.no_sync and (held != (team, state) or credible < row.ts):
                yield row.ts, team, state
            held = team, state
            source = row.source.decode()
            credible = self.plan.latest_credible(floor, team, source, state, row.ts)

    def teams(self) -> set[tuple[str, str]]:
        return {
            (floor, row.team.decode()) for (floor, _), rows in self.rows.items() for row in rows
        }

    def first(self, floor: str, agent: str) -> Row:
        """The row before which the agent's time is unknown."""
        return min(self.rows[floor, agent])

    def pieces(
        self, floor: str, agent: str, as_of: int, heard: int | None = None
    ) -> Iterator[Piece]:
        """The agent's time from the first row to as_of, in order and without gaps.

        heard: the instant by which it is judged what is silent, if it is not as_of.
        """
        rows = sorted(self.rows[floor, agent])
        at = as_of if heard is None else heard
        for row, next_ts in zip(rows, [*(row.ts for row in rows[1:]), as_of], strict=True):
            end = min(next_ts, as_of)
            edges = {row.ts, end, (limit := self._limit(floor, row)), limit + DAY_MS}
            edges |= {edge for gap in self._gaps(floor, row, at) for edge in gap}
            inside = sorted(edge for edge in edges if row.ts <= edge <= end)
            for start, stop in pairwise(inside):
                yield Piece(start, stop, row.team.decode(), self._believed(floor, row, start, at))

    def _gaps(self, floor: str, row: Row, at: int) -> list[Gap]:
        return self.lateness.gaps(floor, row.source.decode(), at)

    def _limit(self, floor: str, row: Row) -> int:
        team, source = row.team.decode(), row.source.decode()
        return self.plan.latest_credible(floor, team, source, State(row.rank), row.ts)

    def _believed(self, floor: str, row: Row, t: int, at: int) -> State:
        """What is believed at t of the interval that a row opened, as is known at an instant."""
        if row.rank == State.offline:
            return State.offline
        limit = self._limit(floor, row)
        around = [gap for gap in self._gaps(floor, row, at) if gap.start <= t < gap.end]
        if t >= limit + DAY_MS or any(t >= gap.gone for gap in around):
            return State.offline
        return State.unknown if around or t >= limit else State(row.rank)

    def within(
        self, floor: str, agent: str, pieces: Sequence[Piece], start: int, as_of: int
    ) -> Iterator[Piece]:
        """The agent's time in [start, as_of): unknown before the first row if that is in there."""
        first = self.first(floor, agent)
        if start < first.ts < as_of:
            yield Piece(start, first.ts, first.team.decode(), State.unknown)
        for piece in pieces:
            if piece.end > start:
                yield piece._replace(start=max(start, piece.start))

    def window(self, floor: str, team: str, name: str, as_of: int) -> tuple[int, int]:
        """[start, end) of a team's window."""
        if name == "shift":
            return self.plan.shift_start(floor, team, as_of), as_of
        minutes = WINDOW_MINUTES[name]
        return as_of // clock.MINUTE_MS * clock.MINUTE_MS - minutes * clock.MINUTE_MS, as_of

    def now(self, floor: str, agent: str, as_of: int) -> tuple[str, State] | None:
        """Where the agent is and what he does at as_of; None before the first row."""
        begun = sorted(row for row in self.rows[floor, agent] if row.ts <= as_of)
        if not begun:
            return None
        row = begun[-1]
        return row.team.decode(), self._believed(floor, row, as_of, as_of)


def add_up(pieces: Iterable[Piece], team: str) -> list[int]:
    """Milliseconds per state, in the order of State."""
    sums = [0] * len(State)
    for piece in pieces:
        if piece.team == team:
            sums[piece.state] += piece.end - piece.start
    return sums
