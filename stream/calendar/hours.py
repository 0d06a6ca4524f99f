"""Peaks, opening hours and the edges of shifts, as control asks for them."""

from bisect import bisect_right
from typing import Final

import numpy as np

from stream.calendar.schedule_union import ScheduleUnion
from stream.calendar.schedules import Schedule, ShiftCalendar
from stream.ids import PoolKey, TeamKey
from stream.spec import Spec
from stream.units import DAY_MS, MINUTE_MS, NEVER_MS

EDGE_HOLD_MS: Final = 10 * MINUTE_MS
"""People alerts are held this long before and after a shift edge: hand-over is no walk-out."""


class ShiftEdges:
    """Holds movement alerts of a team ten minutes on either side of each shift edge.

    A `stream.control.alerts.suppression.Suppression`.
    """

    __slots__ = ("_bounds", "_calendar", "_from_ms", "_to_ms")
    exempts: Final = False

    def __init__(self, calendar: ShiftCalendar | None) -> None:
        self._calendar = calendar
        self._from_ms = self._to_ms = 0
        self._bounds: list[int] = []

    def __bool__(self) -> bool:
        """Whether the team has a shift calendar."""
        return self._calendar is not None

    def exempt_heads(self, _t_ms: int) -> int:
        """None: all movement at a shift edge is held."""
        return 0

    def exempts_entry(self, _agent: str, _entry_ms: int) -> bool:
        """Never: as for heads."""
        return False

    def holds(self, t_ms: int) -> bool:
        """Whether an instant lies in [edge - 10 min, edge + 10 min) of any shift edge."""
        if self._calendar is None:
            return False
        self._cover(t_ms)
        return bisect_right(self._bounds, t_ms) % 2 == 1

    def next_bound(self, t_ms: int) -> int:
        """The next start or end of a hold strictly after t_ms; NEVER_MS without shifts."""
        if self._calendar is None:
            return NEVER_MS
        self._cover(t_ms)
        place = bisect_right(self._bounds, t_ms)
        return self._bounds[place] if place < len(self._bounds) else NEVER_MS

    def bounds(self, from_ms: int, until_ms: int) -> list[int]:
        """The starts and ends of holds in [from_ms, until_ms)."""
        found: list[int] = []
        bound = self.next_bound(from_ms - 1)
        while bound < until_ms:
            found.append(bound)
            bound = self.next_bound(bound)
        return found

    def _cover(self, t_ms: int) -> None:
        if self._from_ms <= t_ms < self._to_ms or self._calendar is None:
            return
        # A day on either side, so that the next bound of a daily pattern lies within.
        self._from_ms, self._to_ms = t_ms - DAY_MS, t_ms + DAY_MS
        low, high = self._from_ms - DAY_MS, self._to_ms + 2 * DAY_MS
        edges = set(self._calendar.starts(low, high).tolist())
        end = int(self._calendar.end_after(np.array([low]))[0])
        while end < high:
            edges.add(end)
            end = int(self._calendar.end_after(np.array([end]))[0])
        self._bounds = []
        for edge in sorted(edges):
            if self._bounds and edge - EDGE_HOLD_MS <= self._bounds[-1]:
                self._bounds[-1] = edge + EDGE_HOLD_MS
            else:
                self._bounds += [edge - EDGE_HOLD_MS, edge + EDGE_HOLD_MS]


class HoursLookup:
    """Finds hours by pool and shift edges by team; pools and teams alike share one object."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._peaks: dict[PoolKey, ScheduleUnion] = {}
        self._open: dict[PoolKey, ScheduleUnion | None] = {}
        self._edges: dict[TeamKey, ShiftEdges] = {}
        self._hours: dict[tuple[object, ...], ScheduleUnion] = {}
        self._shifts: dict[tuple[object, ...], ShiftEdges] = {}

    def peak(self, key: PoolKey) -> ScheduleUnion:
        """The scheduled peaks: all that name the pool best, together."""
        found = self._peaks.get(key)
        if found is None:
            zone = self.zone(key)
            fitting = self._spec.peaks_of(*key)
            parts = [Schedule(zone, (p.time,), p.days, p.without) for p in fitting]
            found = self._hours.setdefault((zone, *fitting), ScheduleUnion(parts))
            self._peaks[key] = found
        return found

    def zone(self, key: PoolKey) -> str:
        """The zone of a pool."""
        return self._spec.pool(*key).zone

    def open(self, key: PoolKey) -> ScheduleUnion | None:
        """The opening hours; None where they are not known."""
        if key not in self._open:
            pool = self._spec.pool(*key)
            parts = [Schedule(pool.zone, pool.open)] if pool.open else []
            hours = self._hours.setdefault((pool.zone, pool.open), ScheduleUnion(parts))
            self._open[key] = hours if parts else None
        return self._open[key]

    def shift_edges(self, key: TeamKey) -> ShiftEdges:
        """The team's shift edges, in its pool's zone; none without a shift calendar."""
        found = self._edges.get(key)
        if found is None:
            zone = self.zone(PoolKey(key.floor, key.pool))
            times = self._spec.shift_times(key.floor, key.team)
            edges = ShiftEdges(ShiftCalendar(zone, times) if times else None)
            found = self._edges[key] = self._shifts.setdefault((zone, times), edges)
        return found
