"""How far one floor and its sources have come, as plain numbers: for tests event by event.

The engine decides for whole batches which events are late, and seals hours; this repeats its rules
for the few floors on which something jumps, between two pieces of a batch.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from stream.units import DAY_MS, NEVER_MS, SECOND_MS
from stream.windows.engine import Engine
from stream.windows.sources import UNSEEN_MS

CONFIRMED_ALONE_MS: Final = 5 * SECOND_MS
"""For so long a source must go on after its jump, if no other source can bear witness."""


class FloorMarks:
    """The floor as the engine knows it after the last piece, and what has been counted since."""

    def __init__(self, engine: Engine, floor: str) -> None:
        names, sources = engine.names, engine.sources
        self._windows = engine.spec.windows
        self._sources = sources
        self.greatest_ms: int | None = None
        """The greatest time that has counted; None: nothing has."""
        self.sealed_ms = self._hour_end_ms = UNSEEN_MS
        self.watermark_ms: dict[str, int] = {}
        """By known source."""
        self._beats: set[str] = set()
        """Sources of which a heartbeat has counted."""
        number = names.floors.get(floor, -1)
        if number < 0:
            return
        if (greatest_ms := int(sources.greatest_ms[number])) != UNSEEN_MS:
            self.greatest_ms = greatest_ms
        self.sealed_ms = int(engine.seals.sealed_ms[number])
        self._hour_end_ms = int(engine.seals.next_ms[number])
        mine = np.flatnonzero(names.source_floor.data == number)
        for at in mine[sources.known[mine]].tolist():
            name = names.sources.keys[at][1]
            self.watermark_ms[name] = int(sources.watermark_ms[at])
            if sources.times.first_heartbeat_ms[at] < NEVER_MS:
                self._beats.add(name)

    @property
    def reached_ms(self) -> int:
        """The greatest time that has counted, of a floor on which something has."""
        assert self.greatest_ms is not None
        return self.greatest_ms

    # -- sources

    def _active(self, but: str) -> Iterator[int]:
        """Watermarks of the other sources that are not retired."""
        return (
            mark_ms
            for name, mark_ms in self.watermark_ms.items()
            if name != but and not self._is_retired(mark_ms)
        )

    def _is_retired(self, mark_ms: int) -> bool:
        return self.greatest_ms is not None and self.greatest_ms - mark_ms > DAY_MS

    def has_other(self, source: str) -> bool:
        """Whether another source is not retired."""
        return next(self._active(source), None) is not None

    def _start_ms(self, source: str, ts_ms: int) -> int:
        """The watermark by which an event of a source is judged."""
        own_ms = self.watermark_ms.get(source)
        if own_ms is not None and not self._is_retired(own_ms):
            return own_ms
        slowest_ms = min(self._active(source), default=ts_ms)
        return slowest_ms if own_ms is None else max(own_ms, slowest_ms)

    # -- jumps

    def leap_ms(self, source: str, *, in_order: bool) -> int:
        """How far ahead of the floor an event of a source may be.

        in_order: the event is from a file that is read in the order of time.
        """
        heartbeats_ms = self._sources.three_heartbeats_ms(source)
        if in_order or heartbeats_ms is None:
            return DAY_MS
        if source not in self._beats and not self.has_other(source):
            return DAY_MS
        return max(self._windows.grace_ms, heartbeats_ms)

    def needed_ms(self, source: str, ts_ms: int) -> int:
        """How much later than a jump of a source its next words must be to confirm it."""
        quiet_ms = self._sources.quiet_ms(source)
        alive_ms = self._start_ms(source, ts_ms) - quiet_ms
        has_witness = any(mark_ms >= alive_ms for mark_ms in self._active(source))
        return quiet_ms if has_witness else CONFIRMED_ALONE_MS

    # -- what counts

    def is_late(self, source: str, ts_ms: int) -> bool:
        """Whether an event is late, as `Sources.admit` decides; its source is known from now on."""
        own_ms = self.watermark_ms[source] = self._start_ms(source, ts_ms)
        if ts_ms < max(own_ms - self._windows.grace_ms, self.sealed_ms):
            return True
        return self.greatest_ms is not None and ts_ms < self.greatest_ms - self._windows.horizon_ms

    def count(self, source: str, ts_ms: int, *, is_heartbeat: bool) -> None:
        """Count an event that is not late."""
        self.watermark_ms[source] = max(self.watermark_ms[source], ts_ms)
        self.greatest_ms = ts_ms if self.greatest_ms is None else max(self.greatest_ms, ts_ms)
        if is_heartbeat:
            self._beats.add(source)

    def seals_an_hour(self, source: str) -> bool:
        """Whether an hour is sealed by what was just counted of a source.

        The floor's first event begins its hours, which is the same.
        """
        own_ms, end_ms = self.watermark_ms[source], self._hour_end_ms
        if self.reached_ms - self._windows.seal_ms >= end_ms:
            return True
        grace_ms = self._windows.grace_ms
        if own_ms - grace_ms < end_ms:
            return False
        return min([own_ms, *self._active(source)]) - grace_ms >= end_ms
