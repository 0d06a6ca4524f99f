"""When the hours of floors are sealed: by the stream alone, event by event, as lateness is decided.

An hour is sealed by the event with which its floor's slowest known source has passed its end by the
grace, or the fastest one by `seal_ms`. From then on older events are late.
"""

import numpy as np

from stream.arrays import ColumnStore, column, firsts
from stream.calendar.schedules import HourCalendar
from stream.events.batch import EventBatch
from stream.events.language import I64, Bool
from stream.events.names import Names
from stream.spec import Spec
from stream.units import DAY_MS
from stream.windows.sources import UNSEEN_MS, Sources

Crossing = tuple[int, int]
"""The place of an event, and the floor of which it seals an hour."""


class Seals(ColumnStore):
    """How far each floor (by number) is sealed."""

    sealed_ms: I64 = column(np.int64, UNSEEN_MS, per="floors")
    """Where the oldest hour begins that is not sealed: no event before it is admitted."""
    next_ms: I64 = column(np.int64, UNSEEN_MS, per="floors")
    """Where that hour ends. No event lies beyond the hour after it: an hour lasts half an hour at
    least, and `seal_ms` is no longer."""

    def __init__(self, names: Names, spec: Spec) -> None:
        super().__init__()
        self._names = names
        self._spec = spec
        self._grace_ms, self._seal_ms = spec.windows.grace_ms, spec.windows.seal_ms
        self._calendars: dict[str, HourCalendar] = {}

    def crossings(
        self, batch: EventBatch, sources: Sources, start: int = 0, only: int | None = None
    ) -> list[Crossing]:
        """The first event of each floor, from `start` on, that seals an hour.

        The first event of a new floor counts too: its hours begin there.

        Args:
            batch: The events.
            sources: The sources as of the event before `start`.
            start: Where to begin in the batch.
            only: Just this floor; None for all.
        """
        self.resize(floors=len(self._names.floors))
        source = batch.source[start:]
        floor = self._names.source_floor.data[source]
        ahead_ms = batch.ts_ms[start:] - self.next_ms[floor]
        near = ahead_ms >= min(self._grace_ms, self._seal_ms)
        if only is not None:
            near &= floor == only
        if not near.any():
            return []
        is_near = np.bincount(floor[near]) > 0
        at = np.flatnonzero(is_near[np.minimum(floor, len(is_near) - 1)] & (floor < len(is_near)))
        at = at[np.argsort(floor[at], kind="stable")]
        floor, ahead_ms = floor[at], ahead_ms[at]
        left = self._left_behind(source[at], floor, ahead_ms, sources)
        crossed = np.flatnonzero((left == 0) | (ahead_ms >= self._seal_ms))
        crossed = crossed[firsts(floor[crossed])]
        return list(zip((at[crossed] + start).tolist(), floor[crossed].tolist(), strict=True))

    def _left_behind(self, source: I64, floor: I64, ahead_ms: I64, sources: Sources) -> I64:
        """(N,): after each event, how many sources of its floor are not past the end by the grace.

        source, floor, ahead_ms: (N,) of all events of some floors, one floor after the other.
        """
        used = sources.in_use()
        source_floor = self._names.source_floor.data
        behind = sources.watermark_ms[: len(used)] < self.next_ms[source_floor] + self._grace_ms
        left = np.bincount(source_floor[used & behind], minlength=int(floor[-1]) + 1)
        change = np.zeros(len(source), np.int64)
        new = np.flatnonzero(~used[source])
        change[new[firsts(source[new])]] += 1
        # The first event to get that far is not late, so it advances its source.
        far = np.flatnonzero((ahead_ms >= self._grace_ms) & (behind | ~used)[source])
        change[far[firsts(source[far])]] -= 1
        ts_ms = ahead_ms + self.next_ms[floor]
        retires_ms = sources.watermark_ms[: len(used)] + DAY_MS
        for one in np.flatnonzero(used & behind & (retires_ms < ts_ms.max())).tolist():
            mine = np.flatnonzero(floor == source_floor[one])
            reach_ms = np.maximum.accumulate(ts_ms[mine])
            reach_ms = np.maximum(reach_ms, sources.greatest_ms[source_floor[one]])
            late_ms = reach_ms - self._spec.windows.horizon_ms
            late_ms = np.maximum(late_ms, self.sealed_ms[source_floor[one]])
            counts = (source[mine] == one) & (ts_ms[mine] >= late_ms)
            at = _retires_at(ts_ms[mine], counts, int(retires_ms[one]))
            if at is not None and not (counts & (ahead_ms[mine] >= self._grace_ms))[:at].any():
                change[mine[at]] -= 1
                change[mine[at:][source[mine[at:]] == one][:1]] += 1  # where it comes back
        total = np.cumsum(change)
        start = np.flatnonzero(np.diff(floor, prepend=-1))
        before = np.repeat((total - change)[start], np.diff(np.append(start, len(floor))))
        return np.asarray(total - before + left[floor])

    def advance(self, floor: int, sources: Sources) -> I64:
        """Seal the hours that a floor's sources have passed by now; returns the hours' edges."""
        reach_ms = max(
            int(sources.slowest_ms()[floor]) - self._grace_ms,
            int(sources.greatest_ms[floor]) - self._seal_ms,
        )
        sealed_ms = int(self.sealed_ms[floor])
        begin_ms = reach_ms if sealed_ms == UNSEEN_MS else sealed_ms
        edges = self._calendar(floor).edges(begin_ms, reach_ms)
        self.sealed_ms[floor], self.next_ms[floor] = edges[-2:].tolist()
        return edges[:-1]

    def _calendar(self, floor: int) -> HourCalendar:
        zone = self._spec.floor_zone(self._names.floors.keys[floor])
        if zone not in self._calendars:
            self._calendars[zone] = HourCalendar(zone)
        return self._calendars[zone]

    def restore(self, sources: Sources) -> None:
        """After a restore: seal floors as far as their sources' watermarks allow."""
        self.resize(floors=len(self._names.floors))
        greatest_ms = sources.greatest_ms[: len(self._names.floors)]
        for floor in np.flatnonzero(greatest_ms != UNSEEN_MS).tolist():
            self.advance(floor, sources)


def _retires_at(ts_ms: I64, counts: Bool, retires_ms: int) -> int | None:
    """The first event of a floor with which a source is retired; None if it is not.

    ts_ms: (N,) the events of the floor. counts: (N,) which of them advance the source. retires_ms:
    what is later is more than a day after the source's watermark.
    """
    start = 0
    for own in [*np.flatnonzero(counts).tolist(), len(ts_ms)]:
        later = np.flatnonzero(ts_ms[start:own] > retires_ms)
        if len(later):
            return start + int(later[0])
        if own < len(ts_ms):
            retires_ms = max(retires_ms, int(ts_ms[own]) + DAY_MS)
        start = own + 1
    return None
