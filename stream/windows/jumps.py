"""Events that are far ahead of their floor: on hold until something confirms them.

A wrong clock must not move a floor's time, and a Monday morning must. So such an event waits, with
the bytes of its record, until another source or the next words of its own agree; it is refused when
they disagree. `jump_test` decides; here is what it remembers. Decision 0032, sections 1 and 2.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import orjson

from stream.events.batch import EventBatch
from stream.events.fields import NO_SEQ
from stream.events.language import Reason, StampType
from stream.units import rfc3339

HELD_BYTES_MOST: Final = 32 * 2**20
"""Bytes of the records of held events in a shard; each event counts with its whole record."""

SourceKey = tuple[str, str]
"""Floor and source: what is on hold has given the shard no names, so there are no numbers."""


@dataclass(slots=True, eq=False)
class HeldRecord:
    """A record that has a held event."""

    offset: int
    time_ms: int | None
    """Its time stamp as `decode` was given it; None: of a file in the order of time."""
    rank: int
    """Its rank as `decode` was given it; NO_SEQ: none."""
    value: bytes

    @classmethod
    def of(cls, batch: EventBatch, record: int) -> "HeldRecord":
        """A record of a batch, by its index."""
        source = batch.records
        value = source.values[record]
        return cls(
            int(source.offsets[record]),
            None if source.times_ms is None else int(source.times_ms[record]),
            NO_SEQ if source.ranks is None else int(source.ranks[record]),
            value if isinstance(value, bytes) else orjson.dumps(value),
        )


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that is far ahead of its floor."""

    number: int
    """Orders the held events of a shard as their offsets do."""
    record: HeldRecord
    place: int
    """Its place among the events of the record."""
    ts_ms: int
    stamp: StampType


@dataclass(slots=True)
class HeldSource:
    """What one source has on hold, by offset; it is never empty."""

    needed_ms: int
    """How much later than the first one an event of the source confirms it."""
    floor_ms: int
    """How far the floor had come when the first one was held."""
    is_contradicted: bool = False
    """Whether another source has spoken since of a time before the jump."""
    events: deque[HeldEvent] = field(default_factory=deque)
    latest_ms: int = -1
    """No event of it is later."""

    @property
    def first(self) -> HeldEvent:
        """The one with the least offset."""
        return self.events[0]

    def is_near(self, ts_ms: int, leap_ms: int) -> bool:
        """Whether one of them is at most a leap from an instant."""
        return ts_ms <= self.latest_ms + leap_ms and any(
            abs(ts_ms - one.ts_ms) <= leap_ms for one in self.events
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that does not count, though it was not rejected with its batch."""

    offset: int
    """Of its record."""
    value: bytes
    """The record."""
    reason: Reason
    detail: str
    """For a person; empty if the event is late."""


class HeldEvents:
    """The held events of a shard, and the sources whose jumps are refused."""

    def __init__(self) -> None:
        self.holds: dict[SourceKey, HeldSource] = {}
        self.out: set[SourceKey] = set()
        """Sources that another has contradicted."""
        self.refused: list[Refused] = []
        """Until they are taken."""
        self.size_bytes = 0
        self._numbers = 0

    def __len__(self) -> int:
        """How many events are on hold."""
        return sum(len(hold.events) for hold in self.holds.values())

    def floors(self) -> set[str]:
        """Floors that have something on hold, or a source that is out."""
        return {floor for floor, _ in (*self.holds, *self.out)}

    def of_floor(self, floor: str) -> list[tuple[SourceKey, HeldSource]]:
        """What the sources of a floor hold, by the offset of their first."""
        mine = [(key, hold) for key, hold in self.holds.items() if key[0] == floor]
        return sorted(mine, key=lambda one: one[1].first.number)

    def oldest(self) -> SourceKey:
        """The source of the held event with the least offset."""
        return min(self.holds, key=lambda key: self.holds[key].first.number)

    def next_number(self) -> int:
        """The number of the next event to be held."""
        self._numbers += 1
        return self._numbers

    def add(self, key: SourceKey, one: HeldEvent) -> None:
        """Hold an event of a source that holds something, or is about to."""
        hold = self.holds[key]
        hold.events.append(one)
        hold.latest_ms = max(hold.latest_ms, one.ts_ms)
        self.size_bytes += len(one.record.value)

    def take(self, keys: Iterable[SourceKey]) -> list[HeldEvent]:
        """Take off hold what the sources have; in the order of offsets."""
        taken = [one for key in keys for one in self.holds.pop(key).events]
        self.size_bytes -= sum(len(one.record.value) for one in taken)
        return sorted(taken, key=lambda one: one.number)

    def refuse_all(self, key: SourceKey, floor_ms: int) -> None:
        """Refuse what a source has on hold; floor_ms: how far its floor has come."""
        for one in self.take([key]):
            self.refuse(one, floor_ms)

    def refuse_first(self, key: SourceKey, floor_ms: int) -> None:
        """Refuse the first event of a hold."""
        hold = self.holds[key]
        one = hold.events.popleft()
        self.size_bytes -= len(one.record.value)
        self.refuse(one, floor_ms)
        if not hold.events:
            del self.holds[key]

    def refuse_later(self, key: SourceKey, than_ms: int, floor_ms: int) -> None:
        """Refuse those that a source holds and that are later than an instant."""
        hold = self.holds.get(key)
        if hold is None or hold.latest_ms <= than_ms:
            return
        events, hold.events, hold.latest_ms = hold.events, deque(), -1
        for one in events:
            self.size_bytes -= len(one.record.value)
            if one.ts_ms > than_ms:
                self.refuse(one, floor_ms)
            else:
                self.add(key, one)
        if not hold.events:
            del self.holds[key]

    def refuse(self, one: HeldEvent, floor_ms: int) -> None:
        """Refuse an event that is not on hold, as ahead of its floor."""
        detail = (
            f"ts {rfc3339(one.ts_ms)} is far ahead of its floor, which has come to "
            f"{rfc3339(floor_ms)}, and nothing has confirmed it; check the source's clock"
        )
        self.refused.append(Refused(one.record.offset, one.record.value, Reason.ahead, detail))
