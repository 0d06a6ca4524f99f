"""Gaps: time in which nothing of a source is dated.

An event vouches for the three heartbeats before it. Time between two neighbouring events of a
source is a gap if part of it is vouched for by none. So gaps are a function of the set of events:
an event in a gap parts it in two, of which each is a gap only if it is still too long.

Nearly all events follow the one before within three heartbeats: they move `last_ms`, no more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from stream.arrays import Columns, ColumnStore, column, firsts, sorted_distinct
from stream.events.language import I32, I64, Bool
from stream.units import DAY_MS, NEVER_MS
from stream.windows.silences import NO_DATA_MS

NO_PAUSES: Final = np.zeros((4, 0), np.int64)
_CROWD_LEAST: Final = 64


@dataclass(frozen=True, slots=True)
class Gaps(Columns):
    """Gaps [start, end) by source, then by start; those of one source do not overlap."""

    source: I64
    start_ms: I64
    end_ms: I64
    """NEVER_MS: open."""
    gone_ms: I64
    """From here on what was left open is `offline`: a day after the last event before it."""

    @classmethod
    def none(cls) -> "Gaps":
        """No gap."""
        return cls(*np.zeros((4, 0), np.int64))

    def in_order(self) -> "Gaps":
        """The gaps in their order."""
        return self.take(np.lexsort((self.start_ms, self.source)))

    def rows(self) -> set[tuple[int, int, int, int]]:
        """All gaps as (source, start, end, gone)."""
        return set(zip(*self.to_array().tolist(), strict=True))

    def to_array(self) -> I64:
        """(4, G): source, start, end and gone of each."""
        return np.stack([self.source, self.start_ms, self.end_ms, self.gone_ms])


class SourceTimes(ColumnStore):
    """The times of each source's counted events, reduced to what later events may still change.

    A new source has one pause, from always to never, which its events part. The last part, from
    `last_ms` on, is not stored.
    """

    last_ms: I64 = column(np.int64, NO_DATA_MS, per="sources")
    """The latest event. The watermark may be greater: it starts at another source's."""
    first_heartbeat_ms: I64 = column(np.int64, NEVER_MS, per="sources")
    """Gaps before it do not count; NEVER_MS without a heartbeat."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: I64 = NO_PAUSES
        """(4, G): source, start, end, and from when on an event vouches for it, by source, then by
        start. Those before the first heartbeat are among them."""
        self._crowd = _CROWD_LEAST

    def watch(self, source: I64, ts_ms: I64, clock_ms: I64, heartbeats: Callable[[], Bool]) -> I64:
        """Add the heartbeats among events; (sources,): since when each source's silence counts.

        A source is watched from its first heartbeat on, and since -NEVER_MS if that came earlier.

        Args:
            source: (N,) sources of the events, in the order in which they came.
            ts_ms: (N,) their times.
            clock_ms: (N,) the same by the clock that decides which sources are silent.
            heartbeats: (N,) which of them are heartbeats; asked for only where that matters.
        """
        watched_ms = np.where(self.first_heartbeat_ms < NEVER_MS, -NEVER_MS, NEVER_MS)
        earlier = ts_ms < self.first_heartbeat_ms[source]
        if earlier.any():
            at = np.flatnonzero(earlier & heartbeats())
            self.add_heartbeats(source[at], ts_ms[at])
            at = at[watched_ms[source[at]] == NEVER_MS]
            at = at[firsts(source[at])]
            watched_ms[source[at]] = clock_ms[at]
        return watched_ms

    def add_heartbeats(self, source: I64, ts_ms: I64) -> None:
        """Add heartbeats, (N,); they are to be added as events, too."""
        np.minimum.at(self.first_heartbeat_ms, source, ts_ms)

    def add(self, source: I64, ts_ms: I64, vouched_ms: I64, cut_ms: I64) -> None:
        """Add events in any order.

        Args:
            source: (N,) sources of the events.
            ts_ms: (N,) their times.
            vouched_ms: (sources,) for how long before it an event vouches; NEVER_MS: always.
            cut_ms: (sources,) no older event of the source can follow.
        """
        size = len(vouched_ms)
        before = self.last_ms[:size].copy()
        np.maximum.at(self.last_ms, source, ts_ms)
        ahead = self.last_ms[:size] - before > vouched_ms
        changed = np.flatnonzero(ahead | (before == NO_DATA_MS) & (self.last_ms[:size] > before))
        if len(self.pauses[0]):
            of, _, end_ms, until_ms = self.pauses
            reach_ms = np.full(size, NO_DATA_MS)
            np.maximum.at(reach_ms, of, np.maximum(end_ms, until_ms + vouched_ms[of]))
            changed = np.union1d(changed, source[ts_ms < reach_ms[source]])
        if not len(changed):
            return
        has_pause = np.zeros(size, np.bool_)
        has_pause[self.pauses[0]] = True
        for one in changed.tolist():
            times, last_ms = sorted_distinct(ts_ms[source == one]), int(before[one])
            if has_pause[one] or _has_step(times, last_ms, int(vouched_ms[one])):
                parted = self._parted(one, last_ms, times, int(vouched_ms[one]), int(cut_ms[one]))
                joined = np.append(self.pauses[:, self.pauses[0] != one], parted, axis=1)
                self.pauses = joined[:, np.lexsort((joined[1], joined[0]))]

    def _parted(self, source: int, last_ms: int, times: I64, vouched_ms: int, cut_ms: int) -> I64:
        """The pauses of a source after some more events; times: in order, each once."""
        held = self.pauses[1:, self.pauses[0] == source]
        start, end, until = np.concatenate([held, [[last_ms], [NEVER_MS], [NEVER_MS]]], axis=1)
        pause = np.searchsorted(start, times) - 1
        inside = (pause >= 0) & (times < end[pause])
        pause = np.concatenate([np.arange(len(start)), pause[inside]])
        start = np.concatenate([start, times[inside]])
        order = np.argsort(start, kind="stable")
        pause, start = pause[order], start[order]
        end, until = end[pause], until[pause]
        parted = np.flatnonzero(pause[1:] == pause[:-1])
        end[parted] = start[parted + 1]
        after = np.append(times, NEVER_MS)[np.searchsorted(times, end)]
        until = np.where(after < NEVER_MS, np.minimum(until, after - vouched_ms), until)
        # No event can part one that is before the cut; before the first heartbeat it never counts.
        over = (end <= cut_ms) & (start < self.first_heartbeat_ms[source])
        kept = (until > start) & (end < NEVER_MS) & ~over
        return np.stack([np.full(len(start), source), start, end, until])[:, kept]

    def gaps(self, silent: Bool, at_ms: I64) -> Gaps:
        """The gaps as they are known at an instant, and the open ones.

        Args:
            silent: (sources,) which sources are silent by then.
            at_ms: (sources,) the instant, by source. One without heartbeats has an open gap, too,
                from a day after its last event on.
        """
        source, start_ms, end_ms = self.pauses[:3]
        counts = start_ms >= self.first_heartbeat_ms[source]
        last_ms = self.last_ms[: len(silent)]
        known = last_ms > NO_DATA_MS
        is_open = np.flatnonzero(known & (silent | (at_ms - last_ms > DAY_MS)))
        if not len(is_open) and not counts.any():
            return Gaps.none()
        open_ms = last_ms[is_open] + np.where(silent[is_open], 0, DAY_MS)
        found = Gaps(
            np.concatenate([source[counts], is_open]),
            np.concatenate([start_ms[counts], open_ms]),
            np.concatenate([end_ms[counts], np.full(len(is_open), NEVER_MS)]),
            np.concatenate([start_ms[counts], last_ms[is_open]]) + DAY_MS,
        )
        return found.in_order()

    def may_change_ms(self, vouched_ms: I64, cut_ms: I64) -> I64:
        """(sources,): from when on gaps may still change.

        That is `cut_ms`, from when on events may come; or, if the next one may vouch for the time
        since the event before it, that event.
        """
        size = len(cut_ms)
        out = cut_ms.copy()
        known = self.last_ms[:size] > NO_DATA_MS
        near = known & (cut_ms - vouched_ms <= self.last_ms[:size])
        out[near] = np.minimum(out, self.last_ms[:size])[near]
        source, start_ms, end_ms = self.pauses[:3]
        at = np.flatnonzero((end_ms > cut_ms[source]) & (start_ms >= (cut_ms - vouched_ms)[source]))
        np.minimum.at(out, source[at], start_ms[at])
        return out

    def to_arrays(self, count: int) -> dict[str, I64]:
        """The state for a snapshot, under stored names; count: the number of sources."""
        return {
            "last_ms": self.last_ms[:count],
            "first_heartbeat_ms": self.first_heartbeat_ms[:count],
            "pauses": self.pauses,
        }

    def fill(self, arrays: dict[str, I64], reached_ms: I64) -> None:
        """Take the state out of a snapshot; reached_ms: (sources,) the watermarks.

        Where it is missing every source was watched from its first event on.
        """
        last_ms = arrays.pop("last_ms", reached_ms)
        watched_ms = np.where(last_ms > NO_DATA_MS, last_ms, NEVER_MS)
        first_ms = arrays.pop("first_heartbeat_ms", watched_ms)
        self.last_ms[: len(last_ms)] = last_ms
        self.first_heartbeat_ms[: len(first_ms)] = first_ms
        self.pauses = arrays.pop("pauses", NO_PAUSES)

    def is_crowded(self) -> bool:
        """Whether there are twice as many pauses as `drop` last left."""
        return len(self.pauses[0]) > self._crowd

    def drop(self, row_source: I32, row_ms: I64, cut_ms: I64) -> None:
        """Drop the pauses that neither an event nor a row can have a part in any more.

        Args:
            row_source: (R,) sources of all rows whose time is still to be divided.
            row_ms: (R,) where these begin.
            cut_ms: (sources,) no older event of the source can follow.
        """
        needed_ms = np.full(len(cut_ms), NEVER_MS)
        np.minimum.at(needed_ms, row_source, row_ms)
        source, _, end_ms, _ = self.pauses
        self.pauses = self.pauses[:, end_ms > np.minimum(needed_ms, cut_ms)[source]]
        self._crowd = max(_CROWD_LEAST, 2 * len(self.pauses[0]))


def _has_step(times: I64, last_ms: int, vouched_ms: int) -> bool:
    """Whether an instant, in order, comes longer than `vouched_ms` after the one before it.

    last_ms: the latest instant before; an earlier one of a source without pauses parts none.
    """
    after = times[times > last_ms]
    return bool((np.diff(after, prepend=last_ms) > vouched_ms).any())
