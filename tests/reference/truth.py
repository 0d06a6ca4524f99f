"""What Floorwatch promises, without any cleverness: records in, figures out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from stream.events.language import State
from tests.reference import clock, sums
from tests.reference.admission import Admission, Refused
from tests.reference.facts import Facts
from tests.reference.hours import Hour, Told, hour
from tests.reference.marks import Arrival
from tests.reference.names import Names
from tests.reference.queues import Queue, Queues
from tests.reference.records import Record, floor_of
from tests.reference.rules import MINUTE, Rules
from tests.reference.sightings import Sightings
from tests.reference.stays import PROMISE_MOST
from tests.reference.sums import PoolCalls, SeatCalls
from tests.reference.timelines import Timelines
from tests.reference.walk import Walk

WINDOW_MINUTES: Final = (5, 15, 60)
HOURS_MOST: Final = 72
"""One event seals no more of them."""
Key = tuple[str, str]
"""Floor and team, or floor and pool."""


@dataclass(frozen=True)
class CallBacks:
    """Promises of a pool that stand."""

    open: int
    overdue: int


@dataclass(frozen=True)
class Figures:
    """Everything at one instant, by names; lists go window by window: 5m, 15m, 60m, shift."""

    spans: dict[Key, list[tuple[int, int]]] = field(default_factory=dict)
    seats: dict[tuple[str, str, str], list[list[int]]] = field(default_factory=dict)
    """Milliseconds per state."""
    heads: dict[Key, list[int]] = field(default_factory=dict)
    calls: dict[Key, list[SeatCalls]] = field(default_factory=dict)
    stale: dict[Key, bool] = field(default_factory=dict)
    pools: dict[Key, list[PoolCalls]] = field(default_factory=dict)
    """The last window of a pool is its local day."""
    queues: dict[Key, Queue] = field(default_factory=dict)
    callbacks: dict[Key, CallBacks] = field(default_factory=dict)
    odd: Counter[str] = field(default_factory=Counter)


class Truth:
    """All floors of one partition."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.admission = Admission(rules, self._count, self._seal, self._forget)
        self.sightings = Sightings()
        self.lines = Timelines(rules, self.sightings)
        self.facts = Facts()
        self.queues = Queues(rules, self.sightings, self.lines)
        self.names = Names(rules, self.lines)
        self.hours: list[Hour] = []
        self.forgotten = 0
        """How often names were forgotten."""
        self._told = Told()
        self._has_sealed = False

    # -- what comes in

    def push(self, *records: Record) -> list[Refused]:
        """What is refused of these records, and of those that were held before."""
        before = len(self.admission.refused)
        for record in records:
            self.admission.push(record)
        return self.admission.refused[before:]

    def change(self, rules: Rules) -> None:
        """Other rules, or another roster, from here on."""
        self.rules = rules
        for part in (self.admission, self.lines, self.queues, self.names):
            part.rules = rules

    def _count(self, one: Arrival) -> None:
        self.sightings.add(self.rules, one)
        self.names.add(one)
        kind = one.event["type"]
        if kind in ("state", "snapshot"):
            self.lines.add(one)
        elif kind == "call":
            self.facts.add(self.rules, one)
        elif kind == "queue":
            self.queues.add(one)

    def _seal(self, one: Arrival, start: int, end: int) -> None:
        """An event seals hours: its time is known to them, and nothing else of it."""
        self._has_sealed = True
        if not self.rules.spec.archive:
            return
        self.sightings.add(self.rules, one)
        floor = floor_of(one.event)
        spans = clock.hours_between(self.rules.zone_of_hours(floor), start, end)
        heard = self.sightings.heard(self.rules, floor)
        walks = list(self.walks(floor).values())
        for span in islice(spans, HOURS_MOST):
            found = hour(self.rules, self.lines, walks, self._told, floor, span, heard)
            if found.seats or found.pools:
                self.hours.append(found)

    def _forget(self) -> None:
        """Forget what is gone, after an event that sealed hours."""
        has_sealed, self._has_sealed = self._has_sealed, False
        floors = self.admission.floors
        gone = self.names.gone(floors) if has_sealed else {}
        if not gone:
            return
        self.forgotten += 1
        for floor, agent in gone["agents"]:
            self.lines.forget(floor, agent)
        for floor, source in gone["sources"]:
            del floors[floor].sources[source]
            self.sightings.forget(floor, source)
        for floor, pool in gone["pools"]:
            self.queues.forget(floor, pool)
        self.facts.forget(gone["pools"], gone["sources"])

    # -- what comes out

    @property
    def watermark(self) -> int:
        """The greatest watermark of all floors."""
        reached = [floor.greatest for floor in self.admission.floors.values()]
        return max((one for one in reached if one is not None), default=0)

    def walks(self, floor: str) -> dict[str, Walk]:
        return {
            call: Walk(self.rules, facts)
            for (where, call), facts in self.facts.of.items()
            if where == floor
        }

    def figures(self, as_of: int) -> Figures:
        """All figures of all floors at an instant."""
        out = Figures()
        floors = self.lines.floors() | {floor for floor, _ in self.facts.of}
        for floor in sorted(floors | {floor for floor, _ in self.queues.pools()}):
            walks = self.walks(floor)
            called = {team for team, _ in sums.seats(walks.values())}
            for team in sorted(self.lines.teams(floor) | called):
                self._team(out, floor, team, walks.values(), as_of)
            gauged = {pool for where, pool in self.queues.pools() if where == floor}
            pools = sums.pools(walks.values()) | gauged
            for pool in sorted(pools):
                self._pool(out, floor, pool, walks, as_of)
            told = {pool for where, pool in self.facts.tellers if where == floor}
            for pool in sorted(pools | told):
                tellers = self.facts.tellers.get((floor, pool), set())
                queue = self.queues.at(floor, pool, walks, tellers, as_of)
                out.queues[floor, pool] = queue
            for walk in walks.values():
                out.odd.update(walk.odd)
        return out

    def _spans(self, start: int, as_of: int) -> list[tuple[int, int]]:
        minute = as_of // MINUTE * MINUTE
        return [*((minute - n * MINUTE, as_of) for n in WINDOW_MINUTES), (start, as_of)]

    def _team(self, out: Figures, floor: str, team: str, walks: Iterable[Walk], as_of: int) -> None:
        key = floor, team
        spans = self._spans(self.rules.shift_start(floor, team, as_of), as_of)
        out.spans[key] = spans
        out.calls[key] = [sums.seat_calls(self.rules, walks, team, span) for span in spans]
        out.heads[key] = [0] * len(State)
        depends: list[bool] = []
        for agent in self.lines.agents(floor):
            first = self.lines.rows(floor, agent)[0]
            pieces = list(self.lines.pieces(floor, agent, as_of))
            own = [sums.add_up(sums.within(first, pieces, span), team) for span in spans]
            if any(map(any, own)):
                out.seats[floor, team, agent] = own
            now = self.lines.now(floor, agent, as_of)
            if now is not None and now[0].team.decode() == team:
                out.heads[key][now[1]] += 1
                if now[1] != State.offline:
                    source = now[0].source.decode()
                    depends.append(self.sightings.silent(self.rules, floor, source, as_of))
        out.stale[key] = any(depends) and 2 * sum(depends) >= len(depends)

    def _pool(
        self, out: Figures, floor: str, pool: str, walks: dict[str, Walk], as_of: int
    ) -> None:
        key = floor, pool
        day = clock.day_start(self.rules.pool(floor, pool).zone, as_of)
        out.pools[key] = [
            sums.pool_calls(self.rules, walks.values(), pool, span)
            for span in self._spans(day, as_of)
        ]
        ages = [
            as_of - one.start
            for walk in walks.values()
            for one in walk.promises
            if one.pool == pool and one.start <= as_of and (one.done is None or as_of < one.done)
        ]
        open_ages = [age for age in ages if age < PROMISE_MOST]
        overdue = sum(age > self.rules.callback_ms for age in open_ages)
        out.callbacks[key] = CallBacks(len(open_ages), overdue)

    def shown(self, figures: Figures, floor: str, team: str) -> bool:
        """Whether a team is shown at all; no alert of it is active."""
        times = [own for (*where, _), own in figures.seats.items() if where == [floor, team]]
        spent = any(
            ms for own in times for window in own for state, ms in enumerate(window)
            if state != State.offline
        )  # fmt: skip
        called = any(vars(one) != vars(SeatCalls()) for one in figures.calls[floor, team])
        named = any(one.team == team for one in self.rules.roster)
        shifts = any(one.team == team for one in self.rules.spec.shifts)
        return spent or called or named or shifts
