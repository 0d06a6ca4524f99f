"""Sealed hours the slow and obvious way: all rows and facts that are known, cut to the hour."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from itertools import islice

from stream.events.language import STAFFED, State
from tests.reference import clock
from tests.reference.lateness import zone_of_hours
from tests.reference.ledger import Ledger
from tests.reference.naive import States, add_up

EVER = -(2**62)
HOURS_MOST = 3 * 24
"""One event seals no more of them."""
SeatHour = tuple[list[int], list[int], tuple[int, ...]]
"""Milliseconds and spells begun by state; started, handled, short, talk, hold, acw."""


@dataclass(frozen=True)
class NaiveHour:
    """An hour of a floor."""

    floor: str
    start: int
    end: int
    seats: dict[tuple[str, str, str], SeatHour]
    """By (pool, team, agent); without those who were not staffed and had no call."""
    pools: dict[str, tuple[int, ...]]
    """Offered, answered, abandoned, call-backs requested and done."""


class Calls:
    """Calls of seats and pools as the hours tell them: each what is known and not told yet.

    So what becomes known of a call when its hour is sealed counts in the next one.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[str, ...], tuple[int, ...]] = {}

    def untold(self, key: tuple[str, ...], known: tuple[int, ...]) -> tuple[int, ...]:
        told = self._told.get(key, (0,) * len(known))
        self._told[key] = known
        return tuple(now - then for now, then in zip(known, told, strict=True))


def sealed_hours(
    states: States, ledger: Ledger, told: Calls, floor: str, before: int
) -> Iterator[NaiveHour]:
    """The hours of a floor that are sealed by now and were not when it was sealed to `before`."""
    zone = zone_of_hours(states.plan.spec, floor)
    hours = clock.hours_between(zone, before, states.lateness.sealed(floor))
    for start, end in islice(hours, HOURS_MOST):
        seats = dict(_seats(states, ledger, told, floor, start, end))
        pools = dict(_pools(ledger, told, floor, end))
        if seats or pools:
            yield NaiveHour(floor, start, end, seats, pools)


def _seats(
    states: States, ledger: Ledger, told: Calls, floor: str, start: int, end: int
) -> Iterator[tuple[tuple[str, str, str], SeatHour]]:
    agents = {agent for where, agent in states.rows if where == floor}
    seats = {(team, agent) for agent in agents for team in states.teams_of(floor, agent)}
    for team, agent in seats | ledger.seats(floor):
        times, spells = [0] * len(State), [0] * len(State)
        if agent in agents:
            pieces = list(states.pieces(floor, agent, end, states.lateness.heard(floor)))
            times = add_up(states.within(floor, agent, pieces, start, end), team)
            for at, where, state in states.begun(floor, agent):
                spells[state] += where == team and start <= at < end
        known = astuple(ledger.team_calls(floor, team, EVER, end, agent))
        calls = told.untold((floor, team, agent), known)
        if any(times[state] for state in STAFFED) or any(calls):
            yield (states.plan.pool_of(team), team, agent), (times, spells, calls)


def _pools(
    ledger: Ledger, told: Calls, floor: str, end: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for pool in {pool for where, pool in ledger.pools() if where == floor}:
        calls = ledger.pool_window(floor, pool, EVER, end)
        back = calls.callback_requested, calls.callback_done
        known = (calls.offered, calls.answered, calls.abandoned, *back)
        counts = told.untold((floor, pool), known)
        if any(counts):
            yield pool, counts
