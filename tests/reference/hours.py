"""Sealed hours: all rows and facts that are known by then, cut to the hour."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

from stream.events.language import STAFFED, State
from tests.reference import sums
from tests.reference.rules import NEVER, Rules
from tests.reference.timelines import Timelines
from tests.reference.walk import Walk

SeatHour = tuple[list[int], list[int], tuple[int, ...]]
"""Milliseconds and spells begun by state; started, handled, short, talk, hold, acw."""
Span = tuple[int, int]


@dataclass(frozen=True)
class Hour:
    """An hour of a floor."""

    floor: str
    start: int
    end: int
    seats: dict[tuple[str, str, str], SeatHour]
    """By (pool, team, agent); without those who were not staffed and had no call."""
    pools: dict[str, tuple[int, ...]]
    """Offered, answered, in time, abandoned, call-backs promised and done."""


class Told:
    """What the hours have told of calls: each tells what is known and was not told yet."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, ...], tuple[int, ...]] = {}

    def untold(self, key: tuple[str, ...], known: tuple[int, ...]) -> tuple[int, ...]:
        told = self._told.get(key, (0,) * len(known))
        self._told[key] = known
        return tuple(now - then for now, then in zip(known, told, strict=True))


def hour(
    rules: Rules,
    lines: Timelines,
    walks: Sequence[Walk],
    told: Told,
    floor: str,
    span: Span,
    heard: int,
) -> Hour:
    """An hour of a floor as it is sealed; heard: when its sources were heard of last."""
    seats = dict(_seats(rules, lines, walks, told, floor, span, heard))
    pools: dict[str, tuple[int, ...]] = {}
    for pool in sums.pools(walks):
        known = astuple(sums.pool_calls(rules, walks, pool, (-NEVER, span[1])))
        counts = told.untold((floor, pool), known)
        if any(counts):
            pools[pool] = counts
    return Hour(floor, *span, seats, pools)


def _seats(
    rules: Rules,
    lines: Timelines,
    walks: Sequence[Walk],
    told: Told,
    floor: str,
    span: Span,
    heard: int,
) -> Iterator[tuple[tuple[str, str, str], SeatHour]]:
    spent: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
    for agent in lines.agents(floor):
        rows = lines.rows(floor, agent)
        pieces = list(sums.within(rows[0], lines.pieces(floor, agent, span[1], heard), span))
        begun = [one for one in lines.begun(floor, agent) if span[0] <= one[0] < span[1]]
        for team in {row.team.decode() for row in rows}:
            spells = [0] * len(State)
            for _, where, state in begun:
                spells[state] += where == team
            spent[team, agent] = sums.add_up(pieces, team), spells
    none = [0] * len(State)
    for team, agent in set(spent) | sums.seats(walks):
        times, spells = spent.get((team, agent), (none, none))
        ever = (-NEVER, span[1])
        known = astuple(sums.seat_calls(rules, walks, team, ever, agent))
        calls = told.untold((floor, team, agent), known)
        if any(times[state] for state in STAFFED) or any(calls):
            yield (rules.pool_of(team), team, agent), (times, spells, calls)
