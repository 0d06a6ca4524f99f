"""Call and queue events the slow and obvious way: all facts are kept, and each call walks them."""

from dataclasses import dataclass
from typing import Final

from stream.spec import Spec
from tests.reference import clock
from tests.reference.lateness import Event, floor_of, instant
from tests.reference.naive import WINDOW_MINUTES, Floorplan, zone_of
from tests.reference.truth import sums
from tests.reference.truth.facts import Facts
from tests.reference.truth.marks import Arrival
from tests.reference.truth.rules import NEVER, Member, Rules
from tests.reference.truth.sums import SeatCalls
from tests.reference.truth.walk import Walk

GAUGE_MOST_MS: Final = 60 * clock.MINUTE_MS
"""A reading that was not renewed for longer says nothing any more."""


@dataclass
class PoolCalls:
    """Calls of a pool in a window, and those that wait at its end."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    service_level: float | None = None
    waiting: int = 0
    oldest_wait_ms: int = 0
    callback_requested: int = 0
    callback_done: int = 0


def milliseconds(event: Event, name: str) -> int | None:
    seconds = event.get(name)
    return None if seconds is None else round(seconds * 1000)


class Ledger:
    """All call and queue events of all floors."""

    def __init__(self, spec: Spec, plan: Floorplan) -> None:
        self._spec = spec
        members = tuple(
            Member(
                one.agent,
                one.team,
                one.pool,
                -NEVER if one.start_ms is None else one.start_ms,
                NEVER if one.end_ms is None else one.end_ms,
            )
            for one in plan.roster
        )
        self._rules = Rules(spec, members)
        self._facts = Facts()
        self._walks: dict[tuple[str, str], Walk] = {}
        self.gauges: dict[tuple[str, str], list[tuple[int, int, int]]] = {}

    def add_call(self, event: Event) -> None:
        self._facts.add(self._rules, Arrival((0, 0), event, None, False))
        self._walks.pop((floor_of(event), str(event["call"])), None)

    def add_gauge(self, event: Event) -> None:
        key = (floor_of(event), str(event.get("pool", "main")))
        oldest = milliseconds(event, "oldest_wait_s")
        reading = (instant(event), event["waiting"], -1 if oldest is None else oldest)
        self.gauges.setdefault(key, []).append(reading)

    def walks(self, floor: str) -> list[Walk]:
        """The calls of a floor."""
        for key, facts in self._facts.of.items():
            if key not in self._walks:
                self._walks[key] = Walk(self._rules, facts)
        return [walk for (where, _), walk in self._walks.items() if where == floor]

    def teams(self) -> set[tuple[str, str]]:
        floors = {floor for floor, _ in self._facts.of}
        return {(floor, team) for floor in floors for team, _ in self.seats(floor)}

    def seats(self, floor: str) -> set[tuple[str, str]]:
        """(team, agent) of all who had a call."""
        return sums.seats(self.walks(floor))

    def pools(self) -> set[tuple[str, str]]:
        floors = {floor for floor, _ in self._facts.of}
        called = {(floor, pool) for floor in floors for pool in sums.pools(self.walks(floor))}
        return called | set(self.gauges)

    def team_calls(
        self, floor: str, team: str, start: int, end: int, agent: str | None = None
    ) -> SeatCalls:
        """Calls of a team in [start, end), or just those of one agent in it."""
        return sums.seat_calls(self._rules, self.walks(floor), team, (start, end), agent)

    def pool_figures(self, floor: str, pool: str, as_of: int) -> list[PoolCalls]:
        """Calls of a pool, window by window; its "shift" is the local day."""
        minute = as_of // clock.MINUTE_MS * clock.MINUTE_MS
        starts = [minute - n * clock.MINUTE_MS for n in WINDOW_MINUTES.values()]
        starts.append(clock.day_start(zone_of(self._spec, floor, pool), as_of))
        return [self.pool_window(floor, pool, start, as_of) for start in starts]

    def pool_window(self, floor: str, pool: str, start: int, end: int) -> PoolCalls:
        calls = sums.pool_calls(self._rules, self.walks(floor), pool, (start, end))
        counts = calls.offered, calls.answered, calls.abandoned, calls.service_level
        back = calls.callback_requested, calls.callback_done
        return PoolCalls(*counts, *self.queue(floor, pool, end), *back)

    def queue(self, floor: str, pool: str, at: int) -> tuple[int, int]:
        """How many calls wait, and how long the oldest: the gauge knows, if there is one."""
        read = [one for one in self.gauges.get((floor, pool), []) if one[0] <= at]
        newest = max((ts for ts, _, _ in read), default=-GAUGE_MOST_MS)
        if read and at <= newest + GAUGE_MOST_MS:
            _, waiting, oldest = min(one for one in read if one[0] == newest)
            return waiting, at - newest + max(oldest, 0) if waiting else 0
        waits = [
            at - entry.start
            for walk in self.walks(floor)
            for entry in walk.entries
            if entry.pool == pool
            and 0 <= at - entry.start < self._rules.wait_ms
            and (entry.end is None or at < entry.end)
        ]
        return len(waits), max(waits, default=0)
