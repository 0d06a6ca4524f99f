"""Which events count, in the order of offsets: late ones, jumps ahead, and what confirms them."""

from collections.abc import Callable
from typing import Final, NamedTuple

from stream.events.language import Reason
from tests.reference.marks import Arrival, Marks, Source
from tests.reference.records import Record, floor_of, source_of
from tests.reference.rules import DAY, SECOND, Rules

SKEW: Final = 5 * SECOND
"""How far an event may be ahead of its record."""


class Refused(NamedTuple):
    """An event that does not count."""

    place: tuple[int, int]
    reason: Reason


class Admission:
    """Decides event by event; what counts is handed to `count`, what is sealed to `seal`.

    `after` is called after each event, when all that it released has counted.
    """

    def __init__(
        self,
        rules: Rules,
        count: Callable[[Arrival], None] = lambda _: None,
        seal: Callable[[Arrival, int, int], None] = lambda *_: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self.rules = rules
        self.floors: dict[str, Marks] = {}
        self.refused: list[Refused] = []
        self.jumps = 0
        """How many events were put on hold."""
        self.confirmed = 0
        """How often such events were taken off hold."""
        self._count = count
        self._seal = seal
        self._after = after
        self._records = 0

    def push(self, record: Record) -> None:
        for index, event in enumerate(record.events):
            self._offer(Arrival((self._records, index), event, record.stamp, record.appended))
            self._after()
        self._records += 1

    def finish(self) -> None:
        """A file ends: nothing will confirm what is held."""
        for floor in self.floors.values():
            for source in list(floor.holding()):
                self._refuse_held(source)

    def _offer(self, one: Arrival, *, confirmed: bool = False) -> None:
        if one.stamp is not None and one.ts > one.stamp + SKEW:
            self._refuse(one, Reason.ahead)
            return
        floor = self.floors.setdefault(floor_of(one.event), Marks(floor_of(one.event)))
        source = floor.source(source_of(one.event))
        tested = floor.greatest is not None and not one.appended and not confirmed
        if tested and one.ts > floor.reach(self.rules, source, one.stamp):
            self._hold(floor, source, one)
            return
        late = self._late(floor, source, one)
        if late is None:
            self._admit(floor, source, one)
        else:
            self._refuse(one, late)

    def _refuse(self, one: Arrival, reason: Reason) -> None:
        self.refused.append(Refused(one.place, reason))

    def _refuse_held(self, source: Source, later_than: int | None = None) -> None:
        gone = [one for one in source.held if later_than is None or one.ts > later_than]
        source.held = [one for one in source.held if one not in gone]
        for one in gone:
            self._refuse(one, Reason.ahead)

    # -- what counts

    def _late(self, floor: Marks, source: Source, one: Arrival) -> Reason | None:
        """Why an event is late; a late one makes its source known all the same."""
        limits = self.rules.spec.windows
        source.mark = own = floor.start(source, one.ts)
        if one.ts < own - limits.grace_ms:
            return Reason.late_grace
        if floor.greatest is not None and one.ts < floor.greatest - limits.horizon_ms:
            return Reason.late_horizon
        if floor.sealed is not None and one.ts < floor.sealed:
            return Reason.late_sealed
        return None

    def _admit(self, floor: Marks, source: Source, one: Arrival) -> None:
        assert source.mark is not None
        source.mark = max(source.mark, one.ts)
        floor.greatest = max(one.ts, one.ts if floor.greatest is None else floor.greatest)
        source.beats |= one.event["type"] == "heartbeat"
        source.out = False
        self._seal_hours(floor, one)
        self._count(one)
        leap = floor.leap(self.rules, source, one.stamp)
        self._refuse_held(source, one.ts + leap)
        for other in floor.holding():
            first = other.held[0]
            if other is not source:
                behind = first.ts - floor.leap(self.rules, other, first.stamp)
                other.contradicted |= one.ts < behind
        self._settle(floor)

    def _settle(self, floor: Marks) -> None:
        """Release what F has come near to; refuse what was held for too long."""
        assert floor.greatest is not None
        for source in list(floor.holding()):
            if not source.held:
                continue  # what was released before it has settled it
            first = source.held[0]
            if first.ts <= floor.reach(self.rules, source, first.stamp):
                self._release(floor, source)
            elif floor.greatest > source.floor_then + self.rules.spec.windows.horizon_ms:
                self._refuse_held(source)

    def _seal_hours(self, floor: Marks, one: Arrival) -> None:
        reach = floor.seal(self.rules)
        before = reach if floor.sealed is None else floor.sealed
        floor.sealed = max(before, reach)
        if floor.sealed > before:
            self._seal(one, before, floor.sealed)

    # -- what jumps ahead

    def _hold(self, floor: Marks, source: Source, one: Arrival) -> None:
        assert floor.greatest is not None
        if source.out and one.ts <= floor.greatest + DAY and floor.active(source):
            self._refuse(one, Reason.ahead)
            return
        source.out = False
        leap = floor.leap(self.rules, source, one.stamp)
        self._refuse_held(source, one.ts + leap)
        if not source.held:
            source.needs = floor.needed(self.rules, source, one.ts)
            source.floor_then = floor.greatest
            source.contradicted = False
        source.held.append(one)
        self.jumps += 1
        near = [
            other
            for other in floor.holding()
            if other is not source and any(abs(one.ts - two.ts) <= leap for two in other.held)
        ]
        if near:
            self._release(floor, source, near[0])
        elif one.ts >= source.held[0].ts + source.needs:
            if source.contradicted:
                self._refuse_held(source)
                source.out = True
            else:
                self._release(floor, source)

    def _release(self, floor: Marks, *sources: Source) -> None:
        """Admit anew what is held, by offset, the first without the test of the jump."""
        self.confirmed += 1
        items = sorted((one for source in sources for one in source.held), key=lambda i: i.place)
        for source in sources:
            source.held = []
        for number, one in enumerate(items):
            self._offer(one, confirmed=number == 0)
