"""Recorded events through the shard that runs live, with event time as the clock.

Time is the watermark of the events. In event order, every window is read long after its end but
while the shard still has its minutes, so that intervals that close late count where they belong.
Where nothing happens for longer than that, time moves on without events, and a source that should
have sent a heartbeat is silent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from stream.control.model import Transition
from stream.events.language import I64, LATE, Rejected
from stream.reports.checked import CHUNK_EVENTS, Checked
from stream.reports.counted_time import counted_time
from stream.reports.tumbling import Slice, WindowName, slices, window_edges
from stream.reports.window_accumulator import FinishedWindow, WindowAccumulator
from stream.shard import Shard
from stream.units import DAY_MS, MINUTE_MS, NEVER_MS

FORGOTTEN_MS: Final = 35 * DAY_MS
"""Nobody of whom nothing was seen for so long is known any more."""
RETAINED_MS: Final = 120 * MINUTE_MS
"""How long a shard retains minutes."""
_SLICE_MS: Final = 15 * MINUTE_MS
_EARLY_MS: Final = 60 * MINUTE_MS
_NEXT_MS: Final = 5 * MINUTE_MS
"""If the next event is this close, wait for it instead of moving time on without it."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a recording is replayed."""

    window: WindowName = "15m"
    zone: str = "UTC"
    """Time zone of the windows."""
    arrival: bool = False
    """Keep the order of the files, with the live rules for late events."""
    from_ms: int = -NEVER_MS
    """Windows that end before it, and transitions before it, are not reported."""
    to_ms: int = NEVER_MS
    """Events from here on are ignored."""


@dataclass(slots=True)
class ReplayObserver:
    """Callbacks of a replay."""

    window: Callable[[FinishedWindow], None]
    transition: Callable[[Transition], None]
    late: Callable[[int, str], None]
    """Index of the event in the recording, and the reason."""
    rejected: Callable[[int, Rejected], None] = field(default=lambda _at, _why: None)
    """Index of an event that was refused though it was valid, and why."""
    progress: Callable[[int], None] = field(default=lambda _events: None)
    """Events applied so far."""


def replay(events: Checked, shard: Shard, options: ReplayOptions, observer: ReplayObserver) -> None:
    """Drive the shard over all events, in their order, then read the remaining windows.

    Windows in a hole of the recording are left out from 35 days after its start on: by then nobody
    is known any more.

    Deterministic: the same events, shard and options give the same callbacks in the same order.
    """
    if len(events.recording.values):
        _Replay(events, shard, options, observer).run()


class _Replay:
    def __init__(
        self, events: Checked, shard: Shard, options: ReplayOptions, observer: ReplayObserver
    ) -> None:
        self._events = events
        self._shard = shard
        self._options = options
        self._observer = observer
        self._reach_ms: I64 = counted_time(events, shard.spec, shard.names.roster)
        self._next = 0
        self._sums = WindowAccumulator()
        self._open_end_ms = -NEVER_MS
        horizon_ms = min(shard.spec.windows.horizon_ms, RETAINED_MS)
        self._hold_ms = max(_SLICE_MS, horizon_ms - _SLICE_MS)
        # In event order nothing is late, so several slices are read after one long feed.
        early_ms = 0 if options.arrival else _EARLY_MS
        self._settled_ms = max(_SLICE_MS, self._hold_ms - early_ms)

    def run(self) -> None:
        for part in self._slices():
            if self._shard.as_of_ms < part.start_ms + self._settled_ms:
                self._feed_until(part.start_ms + self._hold_ms)
            if part.start_ms >= self._shard.as_of_ms:
                break
            self._read(part)
        self._finish()
        self._shard.refuse_held()
        self._report_refused()

    def _slices(self) -> Iterator[Slice]:
        """Slices from the first event that counts on, without an end."""
        options = self._options
        grace_ms = self._shard.spec.windows.grace_ms
        at_ms = max(int(self._events.recording.ts_ms.min()), int(self._reach_ms[0]) - grace_ms)
        while True:
            edges = window_edges(options.zone, options.window, at_ms, at_ms + 7 * DAY_MS)
            yield from slices(edges)
            at_ms = self._beyond_hole(int(edges[-1]))

    def _beyond_hole(self, at_ms: int) -> int:
        """An instant, or the next event's if nobody is known in between."""
        if not 0 < self._next < len(self._reach_ms):
            return at_ms
        last_ms, next_ms = self._reach_ms[self._next - 1 : self._next + 1].tolist()
        return max(at_ms, next_ms) if at_ms - last_ms > FORGOTTEN_MS else at_ms

    # -- events

    def _feed_until(self, limit_ms: int) -> None:
        """Apply the events before `limit_ms`, then move time to it, or to the next event."""
        self._feed(int(np.searchsorted(self._reach_ms, limit_ms)))
        if self._next == len(self._reach_ms):
            return
        next_ms = int(self._reach_ms[self._next])
        if next_ms - limit_ms <= _NEXT_MS:
            self._feed(int(np.searchsorted(self._reach_ms, next_ms, side="right")))
        else:
            self._step(limit_ms)

    def _feed(self, end: int) -> None:
        while self._next < end:
            start = self._next
            self._next = min(end, start + CHUNK_EVENTS)
            self._push(start, self._next)
            self._step(int(self._reach_ms[self._next - 1]))
            self._observer.progress(self._next)

    def _push(self, start: int, end: int) -> None:
        decoded = self._events.decode(self._shard.names, start, end)
        assert not decoded.rejected, "the recording was validated"
        for late in self._shard.push(decoded.batch):
            self._observer.late(start + late.record, late.reason.value)
        for one in self._shard.take_rejected():
            self._observer.rejected(start + one.record, one)
        self._report_refused()

    def _report_refused(self) -> None:
        for one in self._shard.take_refused():
            if one.reason in LATE:
                self._observer.late(one.offset, one.reason.value)
            else:
                self._observer.rejected(one.offset, Rejected(one.offset, one.reason, one.detail))

    def _step(self, as_of_ms: int) -> None:
        for transition in self._shard.step(as_of_ms):
            if transition.at_ms >= self._options.from_ms:
                self._observer.transition(transition)

    # -- windows

    def _read(self, part: Slice) -> None:
        if self._open_end_ms != part.window_end_ms:
            self._finish()
            self._open_end_ms = part.window_end_ms
            self._sums.begin(part.window_start_ms, part.window_end_ms)
        reached_ms = min(part.end_ms, self._shard.as_of_ms)
        self._sums.add(self._shard.seat_sums(part.start_ms, reached_ms), reached_ms)

    def _finish(self) -> None:
        if self._open_end_ms > self._options.from_ms:
            self._observer.window(self._sums.finish())
