"""A floor drawn by hand: what happens is told once, and cut into feeds at will."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from stream.control.control import Control
from stream.control.model import DetectorView, Transition
from stream.events.language import WORKING, Bool, State
from stream.ids import PoolKey, TeamKey
from stream.observation.feed import Changes, Feed, StaleChanges
from stream.observation.seen_states import SEEN_COUNT
from stream.spec import ControlSpec, LocalSpan, PeakSpec, PoolSpec, ShiftSpec, Spec
from stream.units import MINUTE_MS, NEVER_MS, SECOND_MS
from stream.windows.queue_trace import QueueTrace

START_MS = 1_772_445_600_000
"""Monday, 2 March 2026, 10:00 UTC."""
PEAK = PeakSpec(LocalSpan(10 * 60, 12 * 60))
"""10:00-12:00: `START_MS` is its first instant."""


def spec(
    *,
    peaks: tuple[PeakSpec, ...] = (PEAK,),
    opening: tuple[LocalSpan, ...] = (),
    shifts: tuple[ShiftSpec, ...] = (),
    control: ControlSpec | None = None,
) -> Spec:
    """A configuration in UTC."""
    return Spec(
        peaks=peaks,
        pools=(PoolSpec(open=opening),),
        shifts=shifts,
        control=control or ControlSpec(),
    )


def s(seconds: float) -> int:
    """An instant so many seconds after the start."""
    return START_MS + round(seconds * SECOND_MS)


def m(minutes: float) -> int:
    """An instant so many minutes after the start."""
    return START_MS + round(minutes * MINUTE_MS)


@dataclass
class Happening:
    """One change of one agent."""

    at_ms: int
    agent: str
    state: State
    team: str
    sync: bool
    entry_ms: int


@dataclass
class Floor:
    """What happens on one floor; teams are given their pools."""

    pool_of: dict[str, str] = field(default_factory=lambda: {"red": "main"})
    entry_states: frozenset[State] = frozenset({State.aux})
    name: str = "main"
    happenings: list[Happening] = field(default_factory=list)
    queue: list[tuple[int, str, int, int]] = field(default_factory=list)
    silences: list[tuple[int, str, bool]] = field(default_factory=list)
    resolution_ms: int = 1
    losses: list[tuple[int, str]] = field(default_factory=list)

    def staff(
        self, count: int, team: str = "red", state: State = State.talking, at_ms: int = 0
    ) -> list[str]:
        """Agents who are there since long ago."""
        already = len({h.agent for h in self.happenings if h.team == team})
        names = [f"{team}-{already + i}" for i in range(count)]
        for agent in names:
            self.set(at_ms, agent, state, team)
        return names

    def set(
        self,
        at_ms: int,
        agent: str,
        state: State,
        team: str = "",
        *,
        sync: bool = False,
        entry_ms: int | None = None,
    ) -> None:
        """An agent's state from an instant on; `entry_ms`: it was then, but known only now."""
        own = team or next(h.team for h in reversed(self.happenings) if h.agent == agent)
        entry = at_ms if entry_ms is None else entry_ms
        self.happenings.append(Happening(at_ms, agent, state, own, sync, entry))

    def all_set(self, at_ms: int, agents: Iterable[str], state: State, every_ms: int = 0) -> None:
        """Several agents, one after the other."""
        for i, agent in enumerate(agents):
            self.set(at_ms + i * every_ms, agent, state)

    def calls(
        self, at_ms: int, waiting: int, oldest_ms: int = NEVER_MS, pool: str = "main"
    ) -> None:
        """A pool's queue from an instant on."""
        self.queue.append((at_ms, pool, waiting, oldest_ms))

    def lose(self, at_ms: int, pool: str = "main") -> None:
        """The calls of a pool no longer wait, and nothing tells what became of them."""
        self.calls(at_ms, 0, pool=pool)
        self.losses.append((at_ms, pool))

    def silence(self, at_ms: int, *, stale: bool, team: str = "red") -> None:
        """A team's source falls silent, or comes back."""
        self.silences.append((at_ms, team, stale))

    # -------------------------------------------------------------------------------- as feeds

    @property
    def teams(self) -> list[TeamKey]:
        return [TeamKey(self.name, pool, team) for team, pool in self.pool_of.items()]

    @property
    def pools(self) -> list[PoolKey]:
        return [PoolKey(self.name, pool) for pool in dict.fromkeys(self.pool_of.values())]

    def feed(self, from_ms: int, until_ms: int) -> Feed:
        """What happens in [from_ms, until_ms), and how things stand before."""
        teams, pools = list(self.pool_of), [key.pool for key in self.pools]
        agents = list(dict.fromkeys(h.agent for h in self.happenings))
        heads = np.zeros((len(teams), SEEN_COUNT), np.int32)
        now: dict[str, tuple[int, State]] = {}
        rows: list[tuple[int, int, int, int, int, int, bool, int]] = []
        for h in sorted(self.happenings, key=lambda h: h.at_ms):
            if h.at_ms >= until_ms:
                break
            team = teams.index(h.team)
            before = now.get(h.agent)
            now[h.agent] = (team, h.state)
            if h.at_ms < from_ms:
                heads[team, h.state] += 1
                if before is not None:
                    heads[before] -= 1
                continue
            old_team, old = before if before is not None else (-1, State.offline)
            entry = h.state in self.entry_states and old in WORKING and not h.sync
            known = entry and before is not None
            number = agents.index(h.agent)
            rows.append((h.at_ms, number, old_team, old, team, h.state, known, h.entry_ms))
        stale, stale_later = self._silence(teams, from_ms, until_ms)
        return Feed(
            from_ms,
            until_ms,
            self.teams,
            self.pools,
            np.array([pools.index(pool) for pool in self.pool_of.values()], np.int64),
            agents,
            heads,
            _changes(rows),
            [self._trace(pool, from_ms, until_ms) for pool in pools],
            stale,
            stale_later,
            np.full(len(teams), self.resolution_ms, np.int64),
        )

    def _silence(self, teams: list[str], from_ms: int, until_ms: int) -> tuple[Bool, StaleChanges]:
        stale = np.zeros(len(teams), np.bool_)
        for at_ms, name, silent in sorted(self.silences, key=lambda row: row[0]):
            if at_ms < from_ms:
                stale[teams.index(name)] = silent
        later = [row for row in self.silences if from_ms <= row[0] < until_ms]
        later.sort(key=lambda row: row[0])  # as above: of one instant the last one told holds
        return stale, StaleChanges(
            np.array([at_ms for at_ms, _, _ in later], np.int64),
            np.array([teams.index(name) for _, name, _ in later], np.int64),
            np.array([silent for _, _, silent in later], np.bool_),
        )

    def _trace(self, pool: str, from_ms: int, until_ms: int) -> QueueTrace:
        steps = sorted(row for row in self.queue if row[1] == pool and row[0] < until_ms)
        first = (from_ms, pool, 0, NEVER_MS)
        for step in steps:
            if step[0] <= from_ms:
                first = (from_ms, pool, step[2], step[3])
        kept = [first, *(step for step in steps if step[0] > from_ms)]
        lost = [at_ms for at_ms, of in self.losses if of == pool and from_ms <= at_ms < until_ms]
        return queue_trace(
            [(step[0], step[2], step[3]) for step in kept],
            known=any(row[1] == pool for row in self.queue),
            lost=lost,
        )


def queue_trace(
    steps: Sequence[tuple[int, int, int]], *, known: bool = True, lost: Sequence[int] = ()
) -> QueueTrace:
    """A queue by its steps: instant, calls waiting, since when the oldest waits."""
    at_ms, waiting, oldest_ms = np.array(steps, np.int64).reshape(-1, 3).T
    return QueueTrace(
        at_ms,
        waiting,
        oldest_ms,
        np.zeros_like(at_ms),
        np.full(len(at_ms), known),
        np.array(lost, np.int64),
    )


def _changes(rows: Sequence[tuple[int, int, int, int, int, int, bool, int]]) -> Changes:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 8
    at, agent, team_before, before, team_after, after, entry, entry_ms = columns
    return Changes(
        np.array(at, np.int64),
        np.array(agent, np.int64),
        np.array(team_before, np.int64),
        np.array(before, np.uint8),
        np.array(team_after, np.int64),
        np.array(after, np.uint8),
        np.array(entry, np.bool_),
        np.array(entry_ms, np.int64),
    )


def run(
    floor: Floor,
    config: Spec,
    until_ms: int,
    cuts: Iterable[int] = (),
    *,
    from_ms: int = START_MS,
    calm_filter: bool = True,
) -> list[Transition]:
    """The transitions of a floor, fed in one piece or cut at the instants given."""
    return run_control(Control(config, calm_filter=calm_filter), floor, until_ms, cuts, from_ms)


def run_control(
    control: Control, floor: Floor, until_ms: int, cuts: Iterable[int] = (), from_ms: int = START_MS
) -> list[Transition]:
    """The same with a control of one's own."""
    found: list[Transition] = []
    edges = sorted({from_ms, *(t for t in cuts if from_ms < t < until_ms), until_ms})
    for start, end in pairwise(edges):
        found += control.advance(floor.feed(start, end))
    return found


def told(transitions: Iterable[Transition]) -> list[tuple[float, str, str, str, str]]:
    """(seconds after the start, team or pool, detector, severity, to) of what sinks are told."""
    return [line for line, t in zip(lines(transitions), transitions, strict=True) if t.notify]


def lines(transitions: Iterable[Transition]) -> list[tuple[float, str, str, str, str]]:
    """(seconds after the start, team or pool, detector, severity, to) of each transition."""
    return [
        (
            (t.at_ms - START_MS) / 1000,
            t.team or f"pool {t.pool}",
            t.detector,
            t.severity.value,
            t.to.value,
        )
        for t in transitions
    ]


def view(control: Control, team: str, detector: str) -> DetectorView:
    """One line of the views; a pool's where no team is given."""
    return next(v for v in control.views() if v.team == team and v.detector == detector)


QUIET = spec(peaks=(PeakSpec(LocalSpan(15 * 60, 16 * 60)),))
"""The floor's time lies outside its peak."""


def waiting(floor: Floor, at_ms: int = s(0), pool: str = "main") -> Floor:
    """Calls wait long from an instant on, so the gate is open in a peak."""
    floor.calls(at_ms, 3, at_ms - 30_000, pool)
    return floor


def served(floor: Floor) -> Floor:
    """No calls wait and somebody is free, so the gate is closed."""
    floor.calls(0, 0)
    floor.staff(1, "free", State.available)
    return floor
