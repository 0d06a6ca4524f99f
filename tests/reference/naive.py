"""Windows of agents' states the slow and obvious way: lists of rows, clipped with min and max.

Takes events as JSON objects in order of arrival. Shares no code with the product: only its
enums, its configuration and the words of units come from there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from stream.events.language import Reason, State
from stream.spec import ANY, PoolSpec, ShiftSpec, SourceSpec, Spec
from tests.reference import clock

Event = Mapping[str, Any]
DAY_MS = 24 * 60 * clock.MINUTE_MS
AHEAD_MS = 5_000
"""How far an event may be ahead of its record's own time stamp."""
WINDOW_MINUTES = {"5m": 5, "15m": 15, "60m": 60}


class Row(NamedTuple):
    """A state event; the order of the fields is the order of the rows."""

    ts: int
    seq: int
    rank: int
    team: bytes
    source: bytes
    no_sync: bool


class Gap(NamedTuple):
    """Time [start, end) in which nothing of a source is dated; from `gone` on it is a day old."""

    start: int
    end: int
    gone: int


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


def instant(event: Event) -> int:
    """Epoch milliseconds of an event."""
    ts = event["ts"]
    if isinstance(ts, int):
        return ts
    return round(datetime.fromisoformat(ts).timestamp() * 1000)


def floor_of(event: Event) -> str:
    return str(event.get("floor", "main"))


def source_of(event: Event) -> str:
    return str(event.get("source", floor_of(event)))


class Lateness:
    """Which events come too late: a running maximum per source, and the order of arrival."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self.marks: dict[str, dict[str, int]] = {}
        self.last_seen: dict[tuple[str, str], int] = {}
        self.dates: dict[tuple[str, str], set[int]] = {}
        self.beats: dict[tuple[str, str], int] = {}
        """The first heartbeat of each source."""

    def admit(self, event: Event, time_ms: int | None = None) -> Reason | None:
        """None: the event is taken; else why it is not, and then it has no effect at all."""
        ts, floor, source = instant(event), floor_of(event), source_of(event)
        if time_ms is not None and ts > time_ms + AHEAD_MS:
            return Reason.ahead
        marks = self.marks.setdefault(floor, {})
        # At first sight, late or not, a source stands where the slowest of the others does.
        own = marks.setdefault(source, min(marks.values(), default=ts))
        limits = self._spec.windows
        if ts < own - limits.grace_ms:
            return Reason.late_grace
        if ts < max(marks.values()) - limits.horizon_ms:
            return Reason.late_horizon
        if ts < self.sealed(floor):
            return Reason.late_sealed
        marks[source] = max(own, ts)
        key = (floor, source)
        seen = ts if time_ms is None else time_ms
        self.last_seen[key] = max(self.last_seen.get(key, seen), seen)
        self.dates.setdefault(key, set()).add(ts)
        if event["type"] == "heartbeat":
            self.beats[key] = min(self.beats.get(key, ts), ts)
        return None

    def sealed(self, floor: str) -> int:
        """Before what a floor of which something is known is sealed."""
        marks, limits = self.marks[floor].values(), self._spec.windows
        reach = max(min(marks) - limits.grace_ms, max(marks) - limits.seal_ms)
        zone = zone_of_hours(self._spec, floor)
        return clock.hour_start(zone, reach // clock.MINUTE_MS * clock.MINUTE_MS)

    def heard(self, floor: str) -> int:
        """The latest instant at which a source of a floor was heard."""
        if self._spec.event_clock:
            return max(self.marks[floor].values())
        return max(at for (where, _), at in self.last_seen.items() if where == floor)

    def silent(self, floor: str, source: str, as_of: int) -> bool:
        """Whether nothing was heard of a source for three heartbeats."""
        heartbeat = source_spec(self._spec, source).heartbeat_ms
        if heartbeat is None or (floor, source) not in self.beats:
            return False
        if self._spec.event_clock:
            return as_of > max(self.dates[floor, source]) + 3 * heartbeat
        return as_of > self.last_seen[floor, source] + 3 * heartbeat

    def gaps(self, floor: str, source: str, as_of: int) -> list[Gap]:
        """The gaps of a source, an open one at the end."""
        key, heartbeat = (floor, source), source_spec(self._spec, source).heartbeat_ms
        dates = sorted(self.dates[key])
        found = [
            Gap(x, y, x + DAY_MS)
            for x, y in pairwise(dates)
            if heartbeat is not None and y - x > 3 * heartbeat and x >= self.beats.get(key, y)
        ]
        gone = dates[-1] + DAY_MS
        if self.silent(floor, source, as_of):
            found.append(Gap(dates[-1], 2**62, gone))
        elif as_of > gone:
            found.append(Gap(gone, 2**62, gone))
        return found


def source_spec(spec: Spec, source: str) -> SourceSpec:
    named = [one for one in spec.sources if one.name == source]
    anyone = [one for one in spec.sources if one.name == ANY]
    return (named + anyone + [SourceSpec()])[0]


def zone_of(spec: Spec, floor: str, pool: str) -> str:
    here = [one for one in spec.pools if one.floor in (floor, ANY)]
    named = [one for one in here if one.name == pool]
    anyone = [one for one in here if one.name == ANY]
    return (named + anyone + [PoolSpec()])[0].zone


def zone_of_hours(spec: Spec, floor: str) -> str:
    """The hours of a floor are those of the first pool that is listed for it."""
    own = [one for one in spec.pools if one.floor == floor]
    anyone = [one for one in spec.pools if one.floor == ANY]
    return (own + anyone + [PoolSpec()])[0].zone


def shifts_of(spec: Spec, floor: str, team: str) -> ShiftSpec | None:
    here = [one for one in spec.shifts if one.floor in (floor, ANY)]
    named = [one for one in here if one.team == team]
    anyone = [one for one in here if one.team == ANY]
    return next(iter(named + anyone), None)


class Floorplan:
    """Who belongs where: the roster and the calendars of the specification."""

    def __init__(self, spec: Spec, roster: Sequence[RosterLine]) -> None:
        self.spec = spec
        self._roster = roster

    def team_at(self, agent: str, ts: int) -> str:
        for line in self._roster:
            begun = line.start_ms is None or line.start_ms <= ts
            if line.agent == agent and begun and (line.end_ms is None or ts < line.end_ms):
                return line.team
        return "unassigned"

    def teams_of(self, agent: str) -> set[str]:
        return {line.team for line in self._roster if line.agent == agent}

    def team_of(self, event: Event) -> str:
        return (
            str(event["team"]) if "team" in event else self.team_at(event["agent"], instant(event))
        )

    def pool_of(self, team: str) -> str:
        return next((line.pool for line in self._roster if line.team == team and line.pool), "main")

    def shift_start(self, floor: str, team: str, t: int) -> int:
        """Start of the team's running shift; without a calendar, of the local day."""
        zone = zone_of(self.spec, floor, self.pool_of(team))
        shifts = shifts_of(self.spec, floor, team)
        return clock.day_start(zone, t) if not shifts else clock.shift_start(zone, shifts.times, t)

    def latest_credible(self, floor: str, team: str, source: str, state: State, t0: int) -> int:
        """Until when a state that began at t0 is believed without any further event."""
        said = source_spec(self.spec, source)
        never = 2**62
        if said.silence_ms is None:
            return never
        if state in said.silence_ms:
            return t0 + said.silence_ms[state]
        shifts = shifts_of(self.spec, floor, team)
        if not shifts or state in (State.offline, State.unknown):
            return never
        zone = zone_of(self.spec, floor, self.pool_of(team))
        return clock.shift_end_after(zone, shifts.times, t0) + said.shift_end_slack_ms


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
