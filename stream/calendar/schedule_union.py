"""The union of schedules, such as all peaks of a pool: what lies inside, and the next edge."""

from collections.abc import Sequence

from stream.calendar.schedules import Schedule
from stream.units import NEVER_MS


class ScheduleUnion:
    """The union of some schedules. Remembers the run of instants that it was last asked about."""

    __slots__ = ("_from_ms", "_inside", "_schedules", "_to_ms")

    def __init__(self, schedules: Sequence[Schedule] = ()) -> None:
        self._schedules = tuple(schedules)
        self._from_ms, self._to_ms, self._inside = 0, 0, False

    def contains(self, t_ms: int) -> bool:
        """Whether an instant lies inside."""
        self._find(t_ms)
        return self._inside

    def next_edge(self, t_ms: int) -> int:
        """The first start or end strictly after t_ms; NEVER_MS if there is none in a year."""
        self._find(t_ms)
        return self._to_ms

    def next_start(self, t_ms: int) -> int:
        """The first start strictly after t_ms; NEVER_MS if there is none in a year."""
        edge = self.next_edge(t_ms)
        if edge < NEVER_MS and not self.contains(edge):
            edge = self.next_edge(edge)
        return edge

    def edges(self, from_ms: int, until_ms: int) -> list[int]:
        """The starts and ends in [from_ms, until_ms)."""
        found: list[int] = []
        edge = self.next_edge(from_ms - 1)
        while edge < until_ms:
            found.append(edge)
            edge = self.next_edge(edge)
        return found

    def start_of(self, t_ms: int) -> int:
        """When the run of instants inside began that t_ms lies in; t_ms itself if outside."""
        start = t_ms
        found = True
        while found:
            found = False
            for schedule in self._schedules:
                if schedule.contains(start) or schedule.contains(start - 1):
                    earlier = int(schedule.intervals(start - 1, start + 1)[0][0])
                    found |= earlier < start
                    start = min(start, earlier)
        return start

    def _find(self, t_ms: int) -> None:
        if self._from_ms <= t_ms < self._to_ms:
            return
        inside = self._any(t_ms)
        edge = self._next(t_ms)
        while edge < NEVER_MS and self._any(edge) == inside:
            edge = self._next(edge)
        self._from_ms, self._to_ms, self._inside = t_ms, edge, inside

    def _any(self, t_ms: int) -> bool:
        return any(schedule.contains(t_ms) for schedule in self._schedules)

    def _next(self, t_ms: int) -> int:
        return min((s.next_edge(t_ms) for s in self._schedules), default=NEVER_MS)
