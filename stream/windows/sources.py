"""Sources: each one's watermark, which events are late for it, and whether it is silent."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from stream.arrays import ColumnStore, column, max_before
from stream.events.batch import EventBatch
from stream.events.language import I64, STATE_COUNT, Bool, StampType, State
from stream.events.names import Names
from stream.spec import ANY, SourceSpec, WindowSpec
from stream.units import DAY_MS, NEVER_MS
from stream.windows.gaps import SourceTimes
from stream.windows.lateness import LateMasks
from stream.windows.silences import NO_DATA_MS, NO_SILENCES, silent_from, watched_silences

_HAS_END = ~np.isin(np.arange(STATE_COUNT), [int(State.offline), int(State.unknown)])
"""(STATE_COUNT,): states that end with the day, if they have no limit of their own."""
UNSEEN_MS = NO_DATA_MS
"""The watermark of a floor or source without data: no bound at all."""


class CountedSource(NamedTuple):
    """A source of which events have counted."""

    key: tuple[str, str]  # not its number, which forgetting changes
    seen_ms: int
    """The latest time stamp of its records so far."""
    broker_ms: int
    """The latest that the broker gave (LogAppendTime); UNSEEN_MS: none."""
    quiet_ms: int
    """For so long it may send nothing."""


class Sources(ColumnStore):
    """Watermark, liveness and limits of each source, and the greatest watermark of each floor."""

    watermark_ms: I64 = column(np.int64, UNSEEN_MS, per="sources")
    seen_ms: I64 = column(np.int64, UNSEEN_MS, per="sources")
    """Kafka's latest time stamp of an event of each source."""
    known: Bool = column(np.bool_, per="sources")
    """Whether an event of the source was ever admitted or judged late."""
    limit_ms: I64 = column(np.int64, NEVER_MS, per="sources", shape=(STATE_COUNT,))
    """The longest credible time in each state; NEVER_MS without a limit."""
    ends_with_day: Bool = column(np.bool_, per="sources", shape=(STATE_COUNT,))
    """Whether each state is credible until the day ends."""
    shift_slack_ms: I64 = column(np.int64, per="sources")
    """How long after the end of a shift, or of opening hours, such a state stays credible."""
    silent_after_ms: I64 = column(np.int64, NEVER_MS, per="sources")
    """How long after its last event a source counts as silent; NEVER_MS: not at all."""
    resolution_ms: I64 = column(np.int64, 1, per="sources")
    """The resolution of its time stamps."""
    has_counted: Bool = column(np.bool_, per="sources")
    """Whether an event of the source has counted since `take_counted`."""
    broker_ms: I64 = column(np.int64, UNSEEN_MS, per="sources")
    """The latest time stamp of an event of the source that the broker gave."""
    greatest_ms: I64 = column(np.int64, UNSEEN_MS, per="floors")

    def __init__(
        self, names: Names, specs: Sequence[SourceSpec], windows: WindowSpec, *, event_clock: bool
    ) -> None:
        super().__init__()
        self.names = names
        self._configured = 0
        """How many sources have their limits."""
        self._spec_of = {spec.name: spec for spec in reversed(specs)}
        self.windows = windows
        self._event_clock = event_clock
        self.times = SourceTimes()
        self.least_leap_ms = self._least_leap_ms()
        """No event that is at most so far ahead of its floor jumps."""
        self.silences = NO_SILENCES
        """(3, G): source, start and end of silences that are over, until `drop_silences`."""

    def follow_names(self) -> None:
        """Add rows for new sources and floors, with the sources' limits."""
        count = len(self.names.sources)
        self.resize(sources=count, floors=len(self.names.floors))
        self.times.resize(sources=count)
        for number in range(self._configured, count):
            self._configure(number, self._spec(self.names.sources.keys[number][1]))
        self._configured = count

    def _least_leap_ms(self) -> int:
        named = [*self._spec_of.values(), self._spec(ANY)]
        beats_ms = [DAY_MS if one.heartbeat_ms is None else 3 * one.heartbeat_ms for one in named]
        return max(self.windows.grace_ms, min(beats_ms))

    def three_heartbeats_ms(self, name: str) -> int | None:
        """For so long a source may send nothing; None: its heartbeats are off."""
        heartbeat_ms = self._spec(name).heartbeat_ms
        return None if heartbeat_ms is None else 3 * heartbeat_ms

    def quiet_ms(self, name: str) -> int:
        """Three heartbeats, or the grace where they are off."""
        return self.three_heartbeats_ms(name) or self.windows.grace_ms

    def _spec(self, name: str) -> SourceSpec:
        return self._spec_of.get(name) or self._spec_of.get(ANY) or SourceSpec()

    def _configure(self, source: int, spec: SourceSpec) -> None:
        if spec.silence_ms is not None:
            self.ends_with_day[source] = _HAS_END
            for state, limit_ms in spec.silence_ms.items():
                self.limit_ms[source, state] = limit_ms
                self.ends_with_day[source, state] = False
        self.shift_slack_ms[source] = spec.shift_end_slack_ms
        if spec.heartbeat_ms is not None:
            self.silent_after_ms[source] = 3 * spec.heartbeat_ms + 1
        self.resolution_ms[source] = spec.resolution_ms

    def admit(self, batch: EventBatch, sealed_ms: I64) -> LateMasks:
        """Decide event by event, in their order, which are late, and advance the watermarks.

        sealed_ms: (floors,) before which each floor is sealed, for the whole of the batch.
        """
        self.follow_names()
        size = len(batch)
        refused = LateMasks.none(size)
        new = np.flatnonzero(~self.known[batch.source])
        _, first = np.unique(batch.source[new], return_index=True)
        cuts = [*new[np.sort(first)].tolist(), size]
        for start, end in pairwise([0, *cuts]):
            if start < end and not self.known[batch.source[start]]:
                self._start(int(batch.source[start]))
            for run in self._runs(batch, slice(start, end), sealed_ms):
                self._admit_run(batch, run, sealed_ms, refused)
        return refused

    def _runs(self, batch: EventBatch, run: slice, sealed_ms: I64) -> Iterator[slice]:
        """Cut a run where a retired source comes back; each part is to be admitted before the next.

        It comes back as a new source starts, but never goes back.
        """
        start: int = run.start
        place = self._comes_back(batch, run, sealed_ms)
        while place < run.stop:
            if start < place:
                yield slice(start, place)
            self._start(int(batch.source[place]))
            yield slice(place, place + 1)
            start = place + 1
            place = self._comes_back(batch, slice(start, run.stop), sealed_ms)
        if start < run.stop:
            yield slice(start, run.stop)

    def _comes_back(self, batch: EventBatch, run: slice, sealed_ms: I64) -> int:
        """The first event of a run whose source is retired by then, or the end of the run."""
        source, ts_ms = batch.source[run], batch.ts_ms[run]
        end: int = run.stop
        if not len(source):
            return end
        reach_ms = max(int(ts_ms.max()), int(self.greatest_ms.max()))
        if reach_ms - int(self.watermark_ms[source].min()) <= DAY_MS:
            return end
        floor, least_ms = self.names.source_floor.data[source], int(ts_ms.min())
        greatest = max_before(floor, ts_ms, self.greatest_ms)
        gone = ts_ms < np.maximum(greatest - self.windows.horizon_ms, sealed_ms[floor])
        own = max_before(source, np.where(gone, least_ms - 1, ts_ms), self.watermark_ms)
        # Where no event has counted before, `max_before` gives no more than a bound.
        greatest = np.where(greatest < least_ms, self.greatest_ms[floor], greatest)
        own = np.where(own < least_ms, self.watermark_ms[source], own)
        back = np.flatnonzero(greatest - own > DAY_MS)
        return int(run.start + back[0]) if len(back) else end

    def is_surely_late(self, source: I64, ts_ms: I64, sealed_ms: I64) -> Bool:
        """(N,): which events are late already, since no watermark goes back. Changes nothing."""
        sealed_ms = sealed_ms[self.names.source_floor.data[source]]
        late: Bool = ts_ms < np.maximum(self.own_cut_ms()[source], sealed_ms)
        return late

    def _start(self, source: int) -> None:
        """Start a source that is new, or was retired, at the watermark of its floor's slowest."""
        slowest = int(self.slowest_ms()[self.names.source_floor.data[source]])
        if slowest < NEVER_MS:
            self.watermark_ms[source] = max(int(self.watermark_ms[source]), slowest)
        self.known[source] = True

    def _admit_run(self, batch: EventBatch, run: slice, sealed_ms: I64, refused: LateMasks) -> None:
        source, ts_ms = batch.source[run], batch.ts_ms[run]
        if not len(source):
            return
        floor = self.names.source_floor.data[source]
        # An event that is late by its own source never leads its floor, so it may be among these.
        greatest = max_before(floor, ts_ms, self.greatest_ms)
        old = ts_ms < greatest - self.windows.horizon_ms
        gone = old | (ts_ms < sealed_ms[floor])
        # One that is too old may lead its source: it counts as the least instant, which makes no
        # other event late.
        own = max_before(source, np.where(gone, ts_ms.min(), ts_ms), self.watermark_ms)
        late = ts_ms < own - self.windows.grace_ms
        fine = ~(late | gone)
        refused.grace[run], refused.horizon[run] = late, old & ~late
        refused.sealed[run] = gone & ~old & ~late
        seen_ms = batch.seen_ms[run]
        source, floor, ts_ms, seen_ms = (one[fine] for one in (source, floor, ts_ms, seen_ms))
        clock_ms = ts_ms if self._event_clock else seen_ms
        since_ms = self.times.watch(source, ts_ms, clock_ms, lambda: batch.heartbeats()[run][fine])
        ended = watched_silences(
            source, clock_ms, self._progress_ms(), self.silent_after_ms, since_ms
        )
        self.silences = np.concatenate([self.silences, ended], axis=1)
        np.maximum.at(self.watermark_ms, source, ts_ms)
        np.maximum.at(self.greatest_ms, floor, ts_ms)
        np.maximum.at(self.seen_ms, source, seen_ms)
        self.times.add(source, ts_ms, self.vouched_ms(), self.own_cut_ms())
        self.has_counted[source] = True
        by_broker = batch.stamp[run][fine] == StampType.broker
        if by_broker.any():
            np.maximum.at(self.broker_ms, source[by_broker], seen_ms[by_broker])

    def take_counted(self) -> list[CountedSource]:
        """The sources of which events have counted since the last call."""
        at = np.flatnonzero(self.has_counted)
        self.has_counted[at] = False
        return [
            CountedSource(
                self.names.sources.keys[number],
                int(self.seen_ms[number]),
                int(self.broker_ms[number]),
                self.quiet_ms(self.names.sources.keys[number][1]),
            )
            for number in at.tolist()
        ]

    def _progress_ms(self) -> I64:
        """(sources,): the latest instant of each by the clock that decides which are silent."""
        progress_ms = self.times.last_ms if self._event_clock else self.seen_ms
        return progress_ms[: len(self.names.sources)]

    def clock_ms(self, floor: int) -> int:
        """The latest instant of an event of a floor's sources, by the clock of silences."""
        return int(self._progress_ms()[self.names.source_floor.data == floor].max())

    def drop_silences(self, until_ms: int) -> None:
        """Drop the silences that ended before an instant."""
        self.silences = self.silences[:, self.silences[2] >= until_ms]

    def slowest_ms(self) -> I64:
        """(floors,): the least watermark of each floor's sources in use; NEVER_MS without any."""
        slowest = np.full(len(self.names.floors), NEVER_MS, np.int64)
        used = np.flatnonzero(self.in_use())
        np.minimum.at(slowest, self.names.source_floor.data[used], self.watermark_ms[used])
        return slowest

    def in_use(self) -> Bool:
        """(sources,): which are known and not retired, that is, a day or less behind their floor.

        Only these hold up new sources, what is final, and the sealing of hours.
        """
        floor = self.names.source_floor.data
        behind_ms = self.greatest_ms[floor] - self.watermark_ms[: len(floor)]
        return self.known[: len(floor)] & (behind_ms <= DAY_MS)

    def cut_ms(self) -> I64:
        """(floors,): no event older than this can still be admitted."""
        greatest = self.greatest_ms[: len(self.names.floors)]
        return np.maximum(
            self.slowest_ms() - self.windows.grace_ms, greatest - self.windows.horizon_ms
        )

    def own_cut_ms(self) -> I64:
        """(sources,): no event of the source that is older than this can still be admitted."""
        floor = self.names.source_floor.data
        horizon = (self.greatest_ms - self.windows.horizon_ms)[floor]
        return np.maximum(self.watermark_ms[: len(floor)] - self.windows.grace_ms, horizon)

    def vouched_ms(self) -> I64:
        """(sources,): for how long before it an event of each vouches; for ever, without beats."""
        return self.silent_after_ms[: len(self.names.sources)] - 1

    def silent_from_ms(self) -> I64:
        """(sources,): the first instant at which each source counts as silent."""
        progress_ms = self._progress_ms()
        silent_ms = silent_from(progress_ms, self.silent_after_ms[: len(progress_ms)])
        watched = self.known & (self.times.first_heartbeat_ms < NEVER_MS)
        return np.where(watched[: len(silent_ms)], silent_ms, NEVER_MS)

    def to_arrays(self) -> dict[str, I64 | Bool]:
        """The state for a snapshot, under stored names."""
        count, floors = len(self.names.sources), len(self.names.floors)
        return {
            "watermark_ms": self.watermark_ms[:count],
            "seen_ms": self.seen_ms[:count],
            "known": self.known[:count],
            "greatest_ms": self.greatest_ms[:floors],
            "silences": self.silences,
            **self.times.to_arrays(count),
        }

    def fill(self, arrays: dict[str, I64]) -> None:
        """Restore the state from a snapshot; the names are restored already."""
        self.follow_names()
        self.silences = arrays.pop("silences", NO_SILENCES)
        self.times.fill(arrays, np.where(arrays["known"], arrays["watermark_ms"], UNSEEN_MS))
        for name, values in arrays.items():
            getattr(self, name)[: len(values)] = values
