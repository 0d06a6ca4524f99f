"""Tests a batch event by event for jumps ahead, where its floors give reason to.

Most batches have none: `suspected_floors` compares all events at once. Otherwise the events of the
suspected floors are gone through one by one, as a plain program would; the engine applies what
counts in segments, and each ends where the engine must be asked again: when an hour is sealed, when
a name may exceed a limit, and when held events are released.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream.arrays import distinct, firsts, max_before
from stream.events.batch import EventBatch
from stream.events.language import Bool, StampType
from stream.units import DAY_MS
from stream.windows.drafts import DraftNames
from stream.windows.engine import Engine
from stream.windows.floor_marks import FloorMarks
from stream.windows.jumps import HELD_BYTES_MOST, HeldEvent, HeldRecord, HeldSource, SourceKey
from stream.windows.sources import UNSEEN_MS


def suspected_floors(engine: Engine, batch: EventBatch, *, is_exact: bool) -> set[str]:
    """The floors of a batch on which an event may jump ahead, or something is on hold.

    is_exact: all events of the batch count unless they are late; else some may exceed a limit.
    """
    names, sources, jumps = engine.names, engine.sources, engine.jumps
    sources.resize(floors=len(names.floors))
    floor = names.source_floor.data[batch.source]
    ahead_ms = batch.ts_ms - sources.greatest_ms[floor]
    in_order = batch.stamp[0] == StampType.none
    leap_ms = DAY_MS if in_order else sources.least_leap_ms
    suspect = ahead_ms > leap_ms
    found = set[int]()
    if suspect.any():
        if is_exact:
            # Of a floor's first event it holds what the floor has come to; later ones follow it.
            is_first = firsts(floor)
            before_ms = max_before(floor, batch.ts_ms, sources.greatest_ms)
            suspect &= is_first & (sources.greatest_ms[floor] != UNSEEN_MS)
            suspect |= ~is_first & (batch.ts_ms - before_ms > leap_ms)
        found.update(floor[suspect & (batch.stamp != StampType.broker)].tolist())
    if jumps.holds or jumps.out:
        found.update(names.floors.get(name, -1) for name in jumps.floors())
    here = found & set(distinct(floor).tolist()) if found else found
    return {names.floors.keys[number] for number in here}


@dataclass(frozen=True, slots=True)
class TestedEvents:
    """A batch of E events that is tested."""

    batch: EventBatch
    keys: Sequence[SourceKey]
    """(E,): floor and source of each event."""
    held: Sequence[HeldEvent] | None = None
    """(E,): the events as they were held, of which the first is not tested again; None: new."""


class Segment(NamedTuple):
    """The events up to `end` were tested."""

    end: int
    floor: str
    """That of the last one."""
    released: tuple[SourceKey, ...]
    """Sources of which the held events count now, before what follows."""


class JumpTest:
    """The test of one batch.

    Args:
        engine: as of the last segment, with all jumps.
        events: what is tested.
        floors: those on which something may jump; others are left alone.
        drafts: the batch's new names, taken out; None if there are none.
    """

    def __init__(
        self, engine: Engine, events: TestedEvents, floors: set[str], drafts: DraftNames | None
    ) -> None:
        batch = events.batch
        self._engine, self._jumps = engine, engine.jumps
        self._events = events
        self._drafts = drafts
        self._at = [at for at, key in enumerate(events.keys) if key[0] in floors]
        self._ts_ms = batch.ts_ms.tolist()
        self._is_heartbeat = batch.heartbeats().tolist()
        self._stamp = batch.stamp.tolist()
        self._next = 0
        self._marks: dict[str, FloorMarks] = {}
        self._records: dict[int, HeldRecord] = {}
        self.kept: Bool = np.ones(len(batch), np.bool_)
        """(E,): which events were not held or refused."""

    def run(self) -> Segment | None:
        """Test the next segment; None: to the end of the batch nothing more is asked."""
        while self._next < len(self._at):
            at = self._at[self._next]
            self._next += 1
            key = self._events.keys[at]
            if self._jumps_ahead(at, key):
                self.kept[at] = False
                released = self._hold(at, key)
                if released:
                    return Segment(at + 1, key[0], released)
            elif segment := self._pass(at, key):
                return segment
        return None

    def settled(self, floor: str) -> tuple[SourceKey, ...]:
        """The source of the floor whose held events its progress releases; others are refused."""
        marks = self._marks_of(floor)
        reach_ms = marks.reached_ms
        for key, hold in self._jumps.of_floor(floor):
            if hold.first.ts_ms <= reach_ms + self._leap_ms(key, hold.first.stamp):
                return (key,)
            if reach_ms > hold.floor_ms + self._engine.spec.windows.horizon_ms:
                self._jumps.refuse_all(key, reach_ms)
        return ()

    def follow_engine(self) -> None:
        """Read the marks anew: the engine has applied a segment."""
        self._marks.clear()

    def _marks_of(self, floor: str) -> FloorMarks:
        if floor not in self._marks:
            self._marks[floor] = FloorMarks(self._engine, floor)
        return self._marks[floor]

    def _leap_ms(self, key: SourceKey, stamp: int) -> int:
        return self._marks_of(key[0]).leap_ms(key[1], in_order=stamp == StampType.none)

    # -- events that do not jump

    def _pass(self, at: int, key: SourceKey) -> Segment | None:
        """Leave an event to the engine; returns the segment if it ends with this event."""
        floor, source = key
        if self._drafts is not None and not self._drafts.fits(at):
            return None  # it will be rejected
        is_asked = self._drafts is not None and self._drafts.is_near(at)
        released: tuple[SourceKey, ...] = ()
        marks = self._marks_of(floor)
        if not marks.is_late(source, self._ts_ms[at]):
            marks.count(source, self._ts_ms[at], is_heartbeat=self._is_heartbeat[at])
            is_asked |= marks.seals_an_hour(source)
            self._jumps.out.discard(key)
            if self._jumps.holds:
                self._compare(at, key, marks)
                released = self.settled(floor)
        return Segment(at + 1, floor, released) if released or is_asked else None

    def _compare(self, at: int, key: SourceKey, marks: FloorMarks) -> None:
        """Compare what was counted with what is on hold."""
        ts_ms, floor_ms = self._ts_ms[at], marks.reached_ms
        self._jumps.refuse_later(key, ts_ms + self._leap_ms(key, self._stamp[at]), floor_ms)
        for other, hold in self._jumps.of_floor(key[0]):
            if other != key and not hold.is_contradicted:
                leap_ms = self._leap_ms(other, hold.first.stamp)
                hold.is_contradicted = ts_ms < hold.first.ts_ms - leap_ms

    # -- events that jump

    def _jumps_ahead(self, at: int, key: SourceKey) -> bool:
        greatest_ms = self._marks_of(key[0]).greatest_ms
        is_confirmed = self._events.held is not None and at == 0
        if greatest_ms is None or is_confirmed or self._stamp[at] == StampType.broker:
            return False
        return bool(self._ts_ms[at] > greatest_ms + self._leap_ms(key, self._stamp[at]))

    def _hold(self, at: int, key: SourceKey) -> tuple[SourceKey, ...]:
        """Hold a jump, or refuse it; returns the sources that this releases."""
        floor, source = key
        one, jumps, marks = self._event(at), self._jumps, self._marks_of(floor)
        greatest_ms = marks.reached_ms
        if key in jumps.out and one.ts_ms <= greatest_ms + DAY_MS and marks.has_other(source):
            jumps.refuse(one, greatest_ms)
            return ()
        jumps.out.discard(key)
        leap_ms = self._leap_ms(key, one.stamp)
        jumps.refuse_later(key, one.ts_ms + leap_ms, greatest_ms)
        if key not in jumps.holds:
            jumps.holds[key] = HeldSource(marks.needed_ms(source, one.ts_ms), greatest_ms)
        jumps.add(key, one)
        released = self._confirmed(key, one, leap_ms, greatest_ms)
        if not released:
            self._drop_oldest()
        return released

    def _confirmed(
        self, key: SourceKey, one: HeldEvent, leap_ms: int, floor_ms: int
    ) -> tuple[SourceKey, ...]:
        """What is released now that an event is on hold."""
        jumps, hold = self._jumps, self._jumps.holds[key]
        for other, theirs in jumps.of_floor(key[0]):
            if other != key and theirs.is_near(one.ts_ms, leap_ms):
                return (key, other)
        if one.ts_ms < hold.first.ts_ms + hold.needed_ms:
            return ()
        if not hold.is_contradicted:
            return (key,)
        jumps.refuse_all(key, floor_ms)
        jumps.out.add(key)
        return ()

    def _drop_oldest(self) -> None:
        while self._jumps.size_bytes > HELD_BYTES_MOST:
            oldest = self._jumps.oldest()
            self._jumps.refuse_first(oldest, self._jumps.holds[oldest].floor_ms)

    def _event(self, at: int) -> HeldEvent:
        if self._events.held is not None:
            return self._events.held[at]
        batch = self._events.batch
        number = int(batch.record[at])
        if number not in self._records:
            self._records[number] = HeldRecord.of(batch, number)
        return HeldEvent(
            self._jumps.next_number(),
            self._records[number],
            int(batch.place[at]),
            self._ts_ms[at],
            StampType(self._stamp[at]),
        )
