"""Sums over windows: time in states of agents, and calls of teams and pools."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stream.events.language import Phase, State
from tests.reference.facts import Fact
from tests.reference.rules import Rules
from tests.reference.stays import Leg, times
from tests.reference.timelines import Piece, Row
from tests.reference.walk import Walk


@dataclass
class SeatCalls:
    """Calls of a team, or of one member of it, in a window."""

    started: int = 0
    handled: int = 0
    short: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    acw_ms: int = 0


@dataclass
class PoolCalls:
    """Calls of a pool in a window."""

    offered: int = 0
    answered: int = 0
    in_time: int = 0
    abandoned: int = 0
    callback_requested: int = 0
    callback_done: int = 0

    @property
    def service_level(self) -> float | None:
        judged = self.answered + self.abandoned
        return self.in_time / judged if judged else None


def within(row: Row, pieces: Iterable[Piece], span: tuple[int, int]) -> Iterator[Piece]:
    """An agent's time in [start, end): unknown before his first row, if that is in there.

    pieces: his time from that row to the end.
    """
    start, end = span
    if start < row.ts < end:
        yield Piece(start, row.ts, row.team.decode(), State.unknown)
    for piece in pieces:
        if piece.end > start:
            yield piece._replace(start=max(start, piece.start))


def add_up(pieces: Iterable[Piece], team: str) -> list[int]:
    """Milliseconds per state, in the order of State."""
    sums = [0] * len(State)
    for piece in pieces:
        if piece.team == team:
            sums[piece.state] += piece.end - piece.start
    return sums


def seat_of(leg: Leg) -> tuple[str, str] | None:
    """(team, agent) for whom the end of a leg counts."""
    told = [fact for fact in (leg.ended, leg.answered) if fact is not None and fact.agent]
    return _seat(told[0]) if told else None


def _seat(fact: Fact) -> tuple[str, str]:
    return fact.team.decode(), fact.agent.decode()


def seats(walks: Iterable[Walk]) -> set[tuple[str, str]]:
    """(team, agent) of all who had a call."""
    legs = [leg for walk in walks for leg in walk.legs]
    told = [leg.answered for leg in legs if leg.answered is not None and leg.answered.agent]
    ends = [seat for leg in legs if leg.end is not None and (seat := seat_of(leg)) is not None]
    return {*map(_seat, told), *ends}


def seat_calls(
    rules: Rules, walks: Iterable[Walk], team: str, span: tuple[int, int], agent: str | None = None
) -> SeatCalls:
    """Calls of a team in [start, end), or just those of one agent in it."""
    out = SeatCalls()
    start, end = span
    for leg in (leg for walk in walks for leg in walk.legs):
        answered = leg.answered
        if answered is not None and answered.agent and start <= answered.ts < end:
            where, who = _seat(answered)
            out.started += where == team and agent in (None, who)
        seat = seat_of(leg)
        if seat is None or seat[0] != team or agent not in (None, seat[1]):
            continue
        if leg.end is None or not start <= leg.end < end:
            continue
        talk, hold, acw = times(rules, leg)
        out.handled += 1
        out.short += talk is not None and talk <= rules.spec.windows.short_call_ms
        out.talk_ms += talk or 0
        out.hold_ms += hold
        out.acw_ms += acw
    return out


def pool_calls(rules: Rules, walks: Iterable[Walk], pool: str, span: tuple[int, int]) -> PoolCalls:
    """Calls of a pool in [start, end)."""
    out = PoolCalls()
    start, end = span
    for walk in walks:
        out.offered += sum(
            entry.pool == pool and start <= entry.start < end for entry in walk.entries
        )
        for one in walk.endings:
            if one.pool == pool and start <= one.ts < end:
                setattr(out, one.phase.name, getattr(out, one.phase.name) + 1)
                in_time = one.wait is not None and one.wait <= rules.spec.windows.service_level_ms
                out.in_time += one.phase == Phase.answered and in_time
    return out


def pools(walks: Iterable[Walk]) -> set[str]:
    """The pools of which calls tell something."""
    walks = list(walks)
    entries = {entry.pool for walk in walks for entry in walk.entries}
    endings = {one.pool for walk in walks for one in walk.endings}
    return entries | endings | {leg.pool for walk in walks for leg in walk.legs}
