"""Who waits: from a gauge that still holds, else from the calls that no phone rings for."""

from typing import NamedTuple

from stream.events.language import State
from tests.reference.marks import Arrival
from tests.reference.records import floor_of, milliseconds, source_of
from tests.reference.rules import HOUR, Rules
from tests.reference.sightings import Sightings
from tests.reference.stays import Entry
from tests.reference.timelines import Timelines
from tests.reference.walk import Walk


class Queue(NamedTuple):
    """A pool's queue at an instant; None where nobody knows."""

    waiting: int | None
    oldest_ms: int | None
    ringing: int


class Reading(NamedTuple):
    """A gauge; of readings at one time the least counts."""

    ts: int
    waiting: int
    oldest: int
    source: str


class Waiting(NamedTuple):
    """A call in a queue; the longest waiting first."""

    start: int
    call: str
    pool: str


class Queues:
    """The queues of all pools."""

    def __init__(self, rules: Rules, sightings: Sightings, lines: Timelines) -> None:
        self.rules = rules
        self._sightings = sightings
        self._lines = lines
        self._readings: dict[tuple[str, str], set[Reading]] = {}

    def add(self, one: Arrival) -> None:
        event = one.event
        oldest = milliseconds(event, "oldest_wait_s")
        told = -1 if oldest is None else oldest
        reading = Reading(one.ts, event["waiting"], told, source_of(event))
        key = floor_of(event), str(event.get("pool", "main"))
        self._readings.setdefault(key, set()).add(reading)

    def forget(self, floor: str, pool: str) -> None:
        self._readings.pop((floor, pool), None)

    def pools(self) -> set[tuple[str, str]]:
        return set(self._readings)

    def at(
        self, floor: str, pool: str, walks: dict[str, Walk], tellers: set[str], as_of: int
    ) -> Queue:
        """walks: the calls of the floor; tellers: who told calls of the pool."""
        waiting = self._waiting(floor, walks, as_of)
        taken = self._taken(floor, waiting, as_of)
        gauge = self._gauge(floor, pool, as_of)
        if gauge is not None:
            oldest = max(gauge.oldest, 0) + as_of - gauge.ts if gauge.waiting else 0
            return Queue(gauge.waiting, oldest, self._phones(floor, pool, as_of))
        ringing = sum(one.pool == pool for one in taken)
        if not any(self._speaks(floor, source, as_of) for source in tellers):
            return Queue(None, None, ringing)
        left = [as_of - one.start for one in waiting if one.pool == pool and one not in taken]
        return Queue(len(left), max(left, default=0), ringing)

    def _speaks(self, floor: str, source: str, as_of: int) -> bool:
        silent = self._sightings.silent(self.rules, floor, source, as_of)
        return not silent and not self._sightings.retired(floor, source, as_of)

    def _gauge(self, floor: str, pool: str, as_of: int) -> Reading | None:
        """The newest reading, if it still holds."""
        read = [one for one in self._readings.get((floor, pool), ()) if one.ts <= as_of]
        if not read:
            return None
        newest = max(one.ts for one in read)
        reading = min(one for one in read if one.ts == newest)
        holds = self.rules.three_heartbeats(reading.source) or HOUR
        return reading if as_of < reading.ts + holds else None

    def _waiting(self, floor: str, walks: dict[str, Walk], as_of: int) -> list[Waiting]:
        return sorted(
            Waiting(entry.start, call, entry.pool)
            for call, walk in walks.items()
            for entry in walk.entries
            if entry.start <= as_of < self._until(floor, entry, as_of)
        )

    def _until(self, floor: str, entry: Entry, as_of: int) -> int:
        """Until when a call waits as far as is known."""
        if entry.end is not None:
            return entry.end
        gaps = self._sightings.gaps(self.rules, floor, entry.source, as_of)
        edges = [gap.start for gap in gaps if gap.start >= entry.start]
        return min([*edges, entry.start + self.rules.wait_ms])

    def _ringing(self, floor: str, as_of: int) -> list[tuple[str, str]]:
        """(pool, call or "") of each agent whose phone rings, in the order of their names."""
        found = [self._lines.now(floor, agent, as_of) for agent in self._lines.agents(floor)]
        return [
            (self.rules.pool_of(row.team.decode()), row.call)
            for row, state in (one for one in found if one is not None)
            if state == State.ringing
        ]

    def _phones(self, floor: str, pool: str, as_of: int) -> int:
        return sum(where == pool for where, _ in self._ringing(floor, as_of))

    def _taken(self, floor: str, waiting: list[Waiting], as_of: int) -> list[Waiting]:
        """The calls that ring at somebody."""
        phones = self._ringing(floor, as_of)
        named = {call for _, call in phones if call}
        taken = [one for one in waiting if one.call in named]
        for pool, call in phones:
            left = [one for one in waiting if one.pool == pool and one not in taken]
            if not call and left and pool not in self.rules.ring_all:
                taken.append(left[0])
        return taken
