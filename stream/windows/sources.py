"""Sources: each one's watermark, which events are late for it, and whether it is silent."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from stream.arrays import ColumnStore, column, firsts, max_before
from stream.events.batch import EventBatch
from stream.events.language import I64, STATE_COUNT, Bool, State
from stream.events.names import Names
from stream.spec import ANY, SourceSpec, WindowSpec
from stream.units import DAY_MS, NEVER_MS
from stream.windows.gaps import NO_PAUSES, Gaps, SourceTimes
from stream.windows.lateness import LateMasks
from stream.windows.silences import NO_DATA_MS, NO_SILENCES, ended_silences, silent_from

_HAS_END = ~np.isin(np.arange(STATE_COUNT), [int(State.offline), int(State.unknown)])
"""(STATE_COUNT,): states that end with the day, if they have no limit of their own."""
UNSEEN_MS = NO_DATA_MS
"""The watermark of a floor or source without data: no bound at all."""


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
    greatest_ms: I64 = column(np.int64, UNSEEN_MS, per="floors")

    def __init__(
        self, names: Names, specs: Sequence[SourceSpec], windows: WindowSpec, *, event_clock: bool
    ) -> None:
        super().__init__()
        self._names = names
        self._configured = 0
        """How many sources have their limits."""
        self._spec_of = {spec.name: spec for spec in reversed(specs)}
        self._windows = windows
        self._event_clock = event_clock
        self.times = SourceTimes()
        self.silences = NO_SILENCES
        """(3, G): source, start and end of silences that are over, until `drop_silences`."""

    def follow_names(self) -> None:
        """Add rows for new sources and floors, with the sources' limits."""
        count = len(self._names.sources)
        self.resize(sources=count, floors=len(self._names.floors))
        self.times.resize(sources=count)
        for number in range(self._configured, count):
            self._configure(number, self._spec(self._names.sources.keys[number][1]))
        self._configured = count

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
        self._admit_run(batch, slice(0, cuts[0]), sealed_ms, refused)
        for start, end in pairwise(cuts):
            self._start(int(batch.source[start]))
            self._admit_run(batch, slice(start, end), sealed_ms, refused)
        return refused

    def is_surely_late(self, source: I64, ts_ms: I64, sealed_ms: I64) -> Bool:
        """(N,): which events are late already, since no watermark goes back. Changes nothing."""
        floor = self._names.source_floor.data[source]
        own = self.watermark_ms[source] - self._windows.grace_ms
        horizon = self.greatest_ms[floor] - self._windows.horizon_ms
        late: Bool = ts_ms < np.maximum(np.maximum(own, horizon), sealed_ms[floor])
        return late

    def _start(self, source: int) -> None:
        """Start a new source at the watermark of its floor's slowest one."""
        slowest = self.slowest_ms()[self._names.source_floor.data[source]]
        self.watermark_ms[source] = slowest if slowest < NEVER_MS else UNSEEN_MS
        self.known[source] = True

    def _admit_run(self, batch: EventBatch, run: slice, sealed_ms: I64, refused: LateMasks) -> None:
        source, ts_ms = batch.source[run], batch.ts_ms[run]
        if not len(source):
            return
        floor = self._names.source_floor.data[source]
        # An event that is late by its own source never leads its floor, so it may be among these.
        greatest = max_before(floor, ts_ms, self.greatest_ms)
        old = ts_ms < greatest - self._windows.horizon_ms
        gone = old | (ts_ms < sealed_ms[floor])
        # One that is too old may lead its source: it counts as the least instant, which makes no
        # other event late.
        own = max_before(source, np.where(gone, ts_ms.min(), ts_ms), self.watermark_ms)
        late = ts_ms < own - self._windows.grace_ms
        fine = ~(late | gone)
        refused.grace[run], refused.horizon[run] = late, old & ~late
        refused.sealed[run] = gone & ~old & ~late
        seen_ms = batch.seen_ms[run]
        source, floor, ts_ms, seen_ms = (one[fine] for one in (source, floor, ts_ms, seen_ms))
        clock_ms = ts_ms if self._event_clock else seen_ms
        watched_ms = self._watch(batch, run, fine, clock_ms)
        self._append_silences(source, clock_ms, watched_ms)
        np.maximum.at(self.watermark_ms, source, ts_ms)
        np.maximum.at(self.greatest_ms, floor, ts_ms)
        np.maximum.at(self.seen_ms, source, seen_ms)
        self.times.add(source, ts_ms, self._vouched_ms(), self.own_cut_ms())

    def _watch(self, batch: EventBatch, run: slice, fine: Bool, clock_ms: I64) -> I64:
        """Add the heartbeats of a run; (sources,): since when each source's silence counts.

        clock_ms: of the events that count. A source is watched from its first heartbeat on, and it
        is -NEVER_MS if that was in an earlier run.
        """
        first_ms = self.times.first_heartbeat_ms[: len(self._names.sources)]
        watched_ms = np.where(first_ms < NEVER_MS, -NEVER_MS, NEVER_MS)
        source, ts_ms = batch.source[run][fine], batch.ts_ms[run][fine]
        earlier = ts_ms < first_ms[source]
        if earlier.any():
            at = np.flatnonzero(earlier & batch.heartbeats()[run][fine])
            self.times.add_heartbeats(source[at], ts_ms[at])
            at = at[watched_ms[source[at]] == NEVER_MS]
            at = at[firsts(source[at])]
            watched_ms[source[at]] = clock_ms[at]
        return watched_ms

    def _append_silences(self, source: I64, clock_ms: I64, watched_ms: I64) -> None:
        progress_ms = self._progress_ms()
        after_ms = np.where(
            watched_ms < NEVER_MS, self.silent_after_ms[: len(progress_ms)], NEVER_MS
        )
        ended = ended_silences(source, clock_ms, progress_ms, after_ms)
        of, start_ms, _ = ended
        ended = ended[:, start_ms >= watched_ms[of] + after_ms[of]]
        if ended.shape[1]:
            self.silences = np.concatenate([self.silences, ended], axis=1)

    def _vouched_ms(self) -> I64:
        """(sources,): for how long before it an event of each vouches; NEVER_MS: always."""
        after_ms = self.silent_after_ms[: len(self._names.sources)]
        return np.where(after_ms < NEVER_MS, after_ms - 1, NEVER_MS)

    def _progress_ms(self) -> I64:
        """(sources,): the latest instant of each by the clock that decides which are silent."""
        progress_ms = self.times.last_ms if self._event_clock else self.seen_ms
        return progress_ms[: len(self._names.sources)]

    def clock_ms(self, floor: int) -> int:
        """The latest instant of an event of a floor's sources, by the clock of silences."""
        return int(self._progress_ms()[self._names.source_floor.data == floor].max())

    def drop_silences(self, until_ms: int) -> None:
        """Drop the silences that ended before an instant."""
        self.silences = self.silences[:, self.silences[2] >= until_ms]

    def slowest_ms(self) -> I64:
        """(floors,): the least watermark of each floor's known sources; NEVER_MS without any."""
        slowest = np.full(len(self._names.floors), NEVER_MS, np.int64)
        count = len(self._names.sources)
        known = np.flatnonzero(self.known[:count])
        np.minimum.at(slowest, self._names.source_floor.data[known], self.watermark_ms[known])
        return slowest

    def cut_ms(self) -> I64:
        """(floors,): no event older than this can still be admitted."""
        greatest = self.greatest_ms[: len(self._names.floors)]
        return np.maximum(
            self.slowest_ms() - self._windows.grace_ms, greatest - self._windows.horizon_ms
        )

    def own_cut_ms(self) -> I64:
        """(sources,): no event of the source that is older than this can still be admitted."""
        floor = self._names.source_floor.data
        own = self.watermark_ms[: len(floor)] - self._windows.grace_ms
        return np.maximum(own, (self.greatest_ms - self._windows.horizon_ms)[floor])

    def settled_ms(self) -> I64:
        """(floors,): neither rows nor gaps before this can still change."""
        settled_ms = self.cut_ms()
        may_change_ms = self.times.may_change_ms(self._vouched_ms(), self.own_cut_ms())
        known = np.flatnonzero(self.known[: len(may_change_ms)])
        floor = self._names.source_floor.data[known]
        np.minimum.at(settled_ms, floor, may_change_ms[known])
        return settled_ms

    def silent_from_ms(self) -> I64:
        """(sources,): the first instant at which each source counts as silent."""
        progress_ms = self._progress_ms()
        silent_ms = silent_from(progress_ms, self.silent_after_ms[: len(progress_ms)])
        first_ms = self.times.first_heartbeat_ms[: len(silent_ms)]
        watched = self.known[: len(silent_ms)] & (first_ms < NEVER_MS)
        return np.where(watched, silent_ms, NEVER_MS)

    def gaps_at(self, as_of_ms: int) -> Gaps:
        """The gaps as they are known at an instant."""
        silent = self.silent_from_ms() <= as_of_ms
        return self.times.gaps(silent, np.full(len(silent), as_of_ms))

    def gaps_after(self, before: Gaps) -> Gaps:
        """The gaps after some events, of which nobody has asked when.

        Those that were open before stay open as long as their source says nothing. So what is
        read again and again while a source is silent is not divided anew by each batch.
        """
        size = len(self._names.sources)
        open_ms = np.full(size, NEVER_MS)
        at = before.end_ms == NEVER_MS
        open_ms[before.source[at]] = before.start_ms[at]
        last_ms, cut_ms = self.times.last_ms[:size], self.own_cut_ms()
        watched = self.times.first_heartbeat_ms[:size] < NEVER_MS
        silent = (open_ms == last_ms) | (watched & (last_ms + self._vouched_ms() < cut_ms))
        greatest_ms = self.greatest_ms[self._names.source_floor.data]
        retired = open_ms == last_ms + DAY_MS
        return self.times.gaps(silent, np.where(retired, NEVER_MS, greatest_ms))

    def to_arrays(self) -> dict[str, I64 | Bool]:
        """The state for a snapshot, under stored names."""
        count, floors = len(self._names.sources), len(self._names.floors)
        return {
            "watermark_ms": self.watermark_ms[:count],
            "seen_ms": self.seen_ms[:count],
            "known": self.known[:count],
            "greatest_ms": self.greatest_ms[:floors],
            "silences": self.silences,
            "last_ms": self.times.last_ms[:count],
            "first_heartbeat_ms": self.times.first_heartbeat_ms[:count],
            "pauses": self.times.pauses,
        }

    def fill(self, arrays: dict[str, I64]) -> None:
        """Restore the state from a snapshot; the names are restored already."""
        self.follow_names()
        self.silences = arrays.pop("silences", NO_SILENCES)
        # State without them was written when every source was watched from its first event on.
        reached_ms = np.where(arrays["known"], arrays["watermark_ms"], UNSEEN_MS)
        last_ms = arrays.pop("last_ms", reached_ms)
        self.times.last_ms[: len(last_ms)] = last_ms
        watched_ms = np.where(last_ms > UNSEEN_MS, last_ms, NEVER_MS)
        first_ms = arrays.pop("first_heartbeat_ms", watched_ms)
        self.times.first_heartbeat_ms[: len(first_ms)] = first_ms
        self.times.pauses = arrays.pop("pauses", NO_PAUSES)
        for name, values in arrays.items():
            getattr(self, name)[: len(values)] = values
