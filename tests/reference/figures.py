"""Figures of teams and pools the slow and obvious way: fractions of sums over members."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt

from stream.events.language import Reason, State
from stream.spec import RatioSpec, Spec
from tests.reference.hours import Calls, NaiveHour, sealed_hours
from tests.reference.lateness import Event, floor_of
from tests.reference.ledger import Ledger, PoolCalls
from tests.reference.naive import RosterLine, States, add_up
from tests.reference.truth.sums import SeatCalls

WINDOWS = ("5m", "15m", "60m", "shift")
Seat = tuple[str, str, str]
"""Floor, team, agent."""


@dataclass(frozen=True)
class RatioFigures:
    """One ratio of one team in one window; None where it is not defined."""

    numerator_ms: int
    denominator_ms: int
    ratio: float | None
    members: int
    mean: float | None
    sd: float | None
    cv: float | None


@dataclass(frozen=True)
class TeamWindow:
    """One team in one window."""

    length_ms: int
    state_ms: list[int]
    ratios: list[RatioFigures]
    calls: SeatCalls


@dataclass(frozen=True)
class NaiveFigures:
    """Everything at one instant, by names."""

    seats: dict[Seat, list[list[int]]] = field(default_factory=dict)
    """Window by window, milliseconds per state."""
    heads: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    teams: dict[tuple[str, str], list[TeamWindow]] = field(default_factory=dict)
    pools: dict[tuple[str, str], list[PoolCalls]] = field(default_factory=dict)


def divided(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def ratio_figures(spec: RatioSpec, members: Sequence[list[int]], length_ms: int) -> RatioFigures:
    """A ratio of a team from the milliseconds per state of each member."""
    if not any(map(any, members)):
        return RatioFigures(0, 0, None, 0, None, None, None)
    parts = [sum(ms[state] for state in spec.numerator) for ms in members]
    wholes = [sum(ms[state] for state in spec.denominator) for ms in members]
    shares = [
        Fraction(part, whole)
        for part, whole in zip(parts, wholes, strict=True)
        if whole > 0 and 4 * whole >= length_ms
    ]
    n, mean, sd, cv = len(shares), None, None, None
    if n:
        mean = sum(shares, Fraction()) / n
    if mean is not None and n >= 2:
        sd = sqrt(sum(((share - mean) ** 2 for share in shares), Fraction()) / (n - 1))
    if mean and sd is not None and n >= 3:
        cv = sd / float(mean)
    ratio = number(divided(sum(parts), sum(wholes)))
    return RatioFigures(sum(parts), sum(wholes), ratio, n, number(mean), sd, cv)


class Reference:
    """What Floorwatch promises, without any cleverness."""

    def __init__(self, spec: Spec, roster: Sequence[RosterLine] = ()) -> None:
        self.spec = spec
        self.states = States(spec, roster)
        self.ledger = Ledger(spec, self.states.plan)
        self._told = Calls()
        self.hours: list[NaiveHour] = []
        """Those that were sealed."""

    def push(self, event: Event, time_ms: int | None = None) -> Reason | None:
        """Take one event, in order of arrival; the reason why it is refused, else None."""
        lateness, floor = self.states.lateness, floor_of(event)
        before = lateness.sealed(floor) if floor in lateness.marks else None
        reason = lateness.admit(event, time_ms)
        if before is not None:
            self.hours += sealed_hours(self.states, self.ledger, self._told, floor, before)
        if reason is None and event["type"] == "state":
            self.states.add(event)
        elif reason is None and event["type"] == "call":
            self.ledger.add_call(event)
        elif reason is None and event["type"] == "queue":
            self.ledger.add_gauge(event)
        return reason

    def watermark(self) -> int:
        """The greatest watermark of all sources; 0 before any event."""
        marks = self.states.lateness.marks
        return max((mark for floor in marks.values() for mark in floor.values()), default=0)

    def figures(self, as_of: int) -> NaiveFigures:
        """All figures of all floors at an instant."""
        out = NaiveFigures()
        pieces = {key: list(self.states.pieces(*key, as_of)) for key in self.states.rows}
        for floor, team in self.states.teams() | self.ledger.teams():
            windows = [self.states.window(floor, team, name, as_of) for name in WINDOWS]
            members = {
                agent: [
                    add_up(self.states.within(floor, agent, own, *window), team)
                    for window in windows
                ]
                for (where, agent), own in pieces.items()
                if where == floor
            }
            for agent, times in members.items():
                if any(map(any, times)):
                    out.seats[floor, team, agent] = times
            out.teams[floor, team] = [
                self._team(floor, team, [times[w] for times in members.values()], window)
                for w, window in enumerate(windows)
            ]
            out.heads[floor, team] = self._heads(floor, team, as_of)
        for floor, pool in self.ledger.pools():
            out.pools[floor, pool] = self.ledger.pool_figures(floor, pool, as_of)
        return out

    def _team(
        self, floor: str, team: str, members: list[list[int]], window: tuple[int, int]
    ) -> TeamWindow:
        length = window[1] - window[0]
        sums = [sum(column) for column in zip(*members, strict=True)] or [0] * len(State)
        ratios = [ratio_figures(spec, members, length) for spec in self.spec.ratios]
        return TeamWindow(length, sums, ratios, self.ledger.team_calls(floor, team, *window))

    def _heads(self, floor: str, team: str, as_of: int) -> list[int]:
        heads = [0] * len(State)
        for where, agent in self.states.rows:
            found = self.states.now(floor, agent, as_of) if where == floor else None
            if found is not None and found[0] == team:
                heads[found[1]] += 1
        return heads
