"""Calendars: opening hours and peaks, shifts, and the edges of local hours and days.

All of them use arrays of edges, which grow by whole blocks when later or earlier instants are
needed. Every edge since 1990 is a whole UTC minute, since every zone's changes and offsets are.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

import numpy as np

from stream.calendar.local_spans import instants_of, merged, parse_local_span
from stream.calendar.zones import (
    FIRST_MS,
    LAST_MS,
    Pieces,
    first_instants,
    local_day,
    pieces,
    rfc3339_local,
    zone_of,
)
from stream.events.language import I64
from stream.spec import LocalSpan
from stream.units import DAY_MS, HOUR_MS, MINUTE_MS, NEVER_MS

__all__ = [
    "HourCalendar",
    "LocalUnit",
    "Schedule",
    "ShiftCalendar",
    "local_edges",
    "parse_local_span",
    "rfc3339_local",
    "zone_of",
]

LocalUnit = Literal["15m", "30m", "1h", "1d"]

SEARCH_MS: Final = 400 * DAY_MS
"""How far a schedule searches for its next edge: a yearly exception is within."""

_BLOCK_MS: Final = 128 * DAY_MS
_MARGIN_MS: Final = 4 * DAY_MS
"""Any instant has an edge of a daily pattern within this: dates that a zone skips included."""
_UNIT_MS: Final = {"15m": 15 * MINUTE_MS, "30m": 30 * MINUTE_MS, "1h": HOUR_MS}


class Schedule:
    """Spans of local time on some days of the week, exceptions left out: peaks, opening hours.

    An instant is inside if its *local* time is: an hour repeated in autumn counts twice, one
    skipped in spring not at all. A span with end ≤ start crosses midnight and belongs to the day
    on which it starts, so `days` (0 is Monday) and `without` mean that day.

    Raises:
        ValueError: the zone is unknown.
    """

    def __init__(
        self,
        zone: str,
        spans: Sequence[LocalSpan],
        days: frozenset[int] = frozenset(range(7)),
        without: frozenset[date] = frozenset(),
    ) -> None:
        zone_of(zone)
        self._zone = zone
        self._spans = tuple(spans)
        self._days = days
        self._without = without
        self._range = _Range()
        self._edges: list[int] = []

    def intervals(self, from_ms: int, to_ms: int) -> tuple[I64, I64]:
        """Starts and ends of all intervals that overlap [from_ms, to_ms); half-open, disjoint.

        They are whole, not cut at the range, but the search ends 400 days outside it: a start
        before that is -NEVER_MS, an end after it NEVER_MS.
        """
        self._cover(from_ms, to_ms)
        first = bisect_right(self._edges, from_ms)
        last = bisect_right(self._edges, max(from_ms, to_ms - 1))
        edges = np.array(self._edges[first - first % 2 : last + last % 2], np.int64).reshape(-1, 2)
        starts, ends = edges[:, 0].copy(), edges[:, 1].copy()
        starts[starts < from_ms - SEARCH_MS] = -NEVER_MS
        ends[ends > to_ms + SEARCH_MS] = NEVER_MS
        return starts, ends

    def contains(self, t_ms: int) -> bool:
        """Whether an instant is inside."""
        self._cover(t_ms, t_ms)
        return bisect_right(self._edges, t_ms) % 2 == 1

    def next_edge(self, t_ms: int) -> int:
        """The first start or end strictly after t_ms; NEVER_MS if there is none in 400 days."""
        self._cover(t_ms, t_ms)
        place = bisect_right(self._edges, t_ms)
        if place == len(self._edges) or self._edges[place] > t_ms + SEARCH_MS:
            return NEVER_MS
        return self._edges[place]

    def _cover(self, from_ms: int, to_ms: int) -> None:
        if self._spans and self._range.grow(from_ms - SEARCH_MS, to_ms + SEARCH_MS):
            run = pieces(self._zone, self._range.from_ms, self._range.to_ms)
            self._edges = self._edges_of(run)

    def _edges_of(self, run: Pieces) -> list[int]:
        """Start, end, start, end …, strictly increasing; ±NEVER_MS where the pieces cut one off."""
        found = [
            self._inside(int(start), int(end), int(offset))
            for start, end, offset in zip(run.start_ms, run.end_ms, run.offset_ms, strict=True)
        ]
        starts, ends = merged(
            np.concatenate([starts for starts, _ in found]),
            np.concatenate([ends for _, ends in found]),
        )
        starts[starts == run.start_ms[0]] = -NEVER_MS
        ends[ends == run.end_ms[-1]] = NEVER_MS
        return [int(edge) for edge in np.stack([starts, ends], axis=1).ravel()]

    def _inside(self, start_ms: int, end_ms: int, offset_ms: int) -> tuple[I64, I64]:
        """The parts of one piece that are inside, as starts and ends, in no order."""
        first, last = (start_ms + offset_ms) // DAY_MS - 1, (end_ms + offset_ms) // DAY_MS
        days = np.arange(first, last + 1, dtype=np.int64)
        weekdays = (days + 3) % 7  # 1970-01-01 was a Thursday
        days = days[np.isin(weekdays, list(self._days))]
        if self._without:
            outside = [local_day(int(day) * DAY_MS) not in self._without for day in days]
            days = days[np.array(outside, np.bool_)]
        starts, ends = instants_of(self._spans, days)
        starts = np.maximum(starts - offset_ms, start_ms)
        ends = np.minimum(ends - offset_ms, end_ms)
        inside = starts < ends
        return starts[inside], ends[inside]


class ShiftCalendar:
    """When shifts start and end. Without times the "shift" is the local day, which never ends.

    Each shift starts and ends once a local day: at the first instant at which the local clock
    shows its time or, where that time is skipped in spring, a later one.

    Raises:
        ValueError: the zone is not known.
    """

    def __init__(self, zone: str, times: tuple[LocalSpan, ...]) -> None:
        zone_of(zone)
        self._zone = zone
        self._times = times
        self._range = _Range()
        self._starts = self._ends = np.zeros(0, np.int64)

    def starts(self, from_ms: int, to_ms: int) -> I64:
        """The shift starts in [from_ms, to_ms), in order."""
        self._cover(from_ms, to_ms)
        first, last = np.searchsorted(self._starts, [from_ms, to_ms])
        return self._starts[first:last].copy()

    def start_of(self, t_ms: I64) -> I64:
        """The latest shift start at or before each instant; of the same shape.

        -NEVER_MS before 1970; after 2100 the last known start.
        """
        if t_ms.size == 0:
            return t_ms.copy()
        self._cover(int(t_ms.min()), int(t_ms.max()))
        place = np.searchsorted(self._starts, t_ms, side="right") - 1
        return np.where(place < 0, -NEVER_MS, self._starts[np.maximum(place, 0)])

    def end_after(self, t_ms: I64) -> I64:
        """The first shift end after each instant, NEVER_MS without times; of the same shape."""
        if t_ms.size == 0 or not self._times:
            return np.full_like(t_ms, NEVER_MS)
        self._cover(int(t_ms.min()), int(t_ms.max()))
        place = np.searchsorted(self._ends, t_ms, side="right")
        last = len(self._ends) - 1
        return np.where(place > last, NEVER_MS, self._ends[np.minimum(place, last)])

    def _cover(self, from_ms: int, to_ms: int) -> None:
        if not self._range.grow(from_ms - _MARGIN_MS, to_ms + _MARGIN_MS):
            return
        run = pieces(self._zone, self._range.from_ms, self._range.to_ms)
        # The first and the last day may be cut by the range, so they are left out.
        first = (self._range.from_ms + int(run.offset_ms[0])) // DAY_MS + 1
        last = (self._range.to_ms + int(run.offset_ms[-1])) // DAY_MS - 1
        days = np.arange(first, last, dtype=np.int64)
        starts, ends = instants_of(self._times or (LocalSpan(0, 0),), days)
        self._starts = np.unique(first_instants(run, starts))
        self._ends = np.unique(first_instants(run, ends))


def local_edges(zone: str, unit: LocalUnit, from_ms: int, to_ms: int) -> I64:
    """Edges of tumbling windows of local time that cover [from_ms, to_ms], in order.

    The first edge is the latest at or before `from_ms`, the last the earliest at or after
    `to_ms`. An edge is where the local clock shows a multiple of the unit, or jumps over one:
    an hour that is repeated in autumn has two windows, one that is skipped in spring none. A date
    has one edge, its first instant, so that a day lasts 23 or 25 hours where the clock is changed.

    Raises:
        ValueError: the zone is not known, or the range is empty or outside 1970 to 2100.
    """
    if not FIRST_MS + _MARGIN_MS <= from_ms <= to_ms <= LAST_MS - _MARGIN_MS:
        msg = f"no range within 1970 to 2100: from {from_ms} to {to_ms}"
        raise ValueError(msg)
    span = _Range()
    span.grow(from_ms - _MARGIN_MS, to_ms + _MARGIN_MS)
    run = pieces(zone, span.from_ms, span.to_ms)
    edges = _day_edges(run) if unit == "1d" else _clock_edges(run, _UNIT_MS[unit])
    first = int(np.searchsorted(edges, from_ms, side="right")) - 1
    last = int(np.searchsorted(edges, to_ms, side="left"))
    return edges[first : last + 1]


class HourCalendar:
    """Edges of the local hours of a zone, those of `local_edges`.

    An hour that a change of the clock leaves shorter than half an hour belongs to the one before
    it: Chatham's 02:00 to 02:45 and 03:45 to 04:00 are one. So an hour lasts 30 to 90 minutes.

    Raises:
        ValueError: the zone is not known.
    """

    def __init__(self, zone: str) -> None:
        zone_of(zone)
        self._zone = zone
        self._edges = np.zeros(2, np.int64)

    def edges(self, from_ms: int, to_ms: int) -> I64:
        """From the latest edge at or before `from_ms` to the first one after `to_ms`."""
        if not int(self._edges[0]) <= from_ms <= to_ms < int(self._edges[-1]):
            edges = local_edges(self._zone, "1h", from_ms - DAY_MS, to_ms + 64 * DAY_MS)
            self._edges = edges[np.append(np.diff(edges) >= HOUR_MS // 2, True)]
        first, after = np.searchsorted(self._edges, [from_ms, to_ms], side="right")
        return self._edges[first - 1 : after + 1].copy()


class _Range:
    """The range of instants whose edges are known; grows by whole blocks."""

    __slots__ = ("from_ms", "to_ms")

    def __init__(self) -> None:
        self.from_ms = self.to_ms = 0

    def grow(self, from_ms: int, to_ms: int) -> bool:
        """Extend the range to [from_ms, to_ms] within the calendar; returns whether it grew."""
        empty = self.from_ms == self.to_ms
        if not empty and self._holds(from_ms) and self._holds(to_ms):
            return False
        low = min(max(from_ms, FIRST_MS), LAST_MS) // _BLOCK_MS * _BLOCK_MS
        high = -(-min(max(to_ms, FIRST_MS + 1), LAST_MS) // _BLOCK_MS) * _BLOCK_MS
        low, high = max(low, FIRST_MS), min(high, LAST_MS)
        before = self.from_ms, self.to_ms
        self.from_ms = low if empty else min(low, self.from_ms)
        self.to_ms = high if empty else max(high, self.to_ms)
        return before != (self.from_ms, self.to_ms)

    def _holds(self, t_ms: int) -> bool:
        return self.from_ms <= t_ms <= self.to_ms


def _day_edges(run: Pieces) -> I64:
    """The first instant of each date."""
    first = (int(run.start_ms[0]) + int(run.offset_ms[0])) // DAY_MS + 1
    last = (int(run.end_ms[-1]) + int(run.offset_ms[-1])) // DAY_MS
    return np.unique(first_instants(run, np.arange(first, last, dtype=np.int64) * DAY_MS))


def _clock_edges(run: Pieces, unit_ms: int) -> I64:
    """Where the local clock shows a multiple of the unit, or jumps forward over one."""
    found: list[I64] = []
    shown_ms = 0
    for start, end, offset in zip(run.start_ms, run.end_ms, run.offset_ms, strict=True):
        local_ms = int(start + offset)
        if local_ms // unit_ms > (shown_ms - 1) // unit_ms:
            found.append(np.array([start], np.int64))
        first = -(-local_ms // unit_ms) * unit_ms
        found.append(np.arange(first, int(end + offset), unit_ms, dtype=np.int64) - offset)
        shown_ms = int(end + offset)
    return np.unique(np.concatenate(found))
