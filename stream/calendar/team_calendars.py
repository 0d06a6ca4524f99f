"""The calendars of a shard's teams and pools: shifts by team, days by pool, zones from pools."""

from typing import Final

import numpy as np

from stream.arrays import distinct, within
from stream.calendar.local_spans import closings
from stream.calendar.schedules import ShiftCalendar
from stream.events.language import I64
from stream.events.names import Names
from stream.spec import LocalSpan, Spec
from stream.units import DAY_MS, HOUR_MS, NEVER_MS

_SHIFT_MS_LEAST: Final = HOUR_MS
"""A shift that ends sooner is not the one that began: else early birds of the next would expire."""
_DAY_MS_MOST: Final = 12 * HOUR_MS
"""A day's length where neither shifts nor opening hours are known."""


class TeamCalendars:
    """Calendars by team and pool number; teams with one calendar are computed together."""

    def __init__(self, names: Names, spec: Spec) -> None:
        self._names = names
        self._spec = spec
        self._calendars: list[ShiftCalendar] = []
        self._number_of: dict[tuple[str, tuple[LocalSpan, ...]], int] = {}
        self.of_team = np.zeros(0, np.int64)
        self._day_of_team = np.zeros(0, np.int64)
        """Shifts or, without any, opening hours: those by which days end."""
        self.of_pool = np.zeros(0, np.int64)

    def follow_names(self) -> None:
        """Add the calendars of new teams and pools."""
        names = self._names
        for floor, team in names.teams.keys[len(self.of_team) :]:
            pool = names.pools.keys[names.team_pool.data[names.team(floor, team)]][1]
            hours, times = self._spec.pool(floor, pool), self._spec.shift_times(floor, team)
            self.of_team = np.append(self.of_team, self._number(hours.zone, times))
            day = self._number(hours.zone, times or closings(hours.open))
            self._day_of_team = np.append(self._day_of_team, day)
        for floor, pool in names.pools.keys[len(self.of_pool) :]:
            number = self._number(self._spec.pool(floor, pool).zone, ())
            self.of_pool = np.append(self.of_pool, number)

    def _number(self, zone: str, times: tuple[LocalSpan, ...]) -> int:
        key = (zone, times)
        if key not in self._number_of:
            self._number_of[key] = len(self._calendars)
            self._calendars.append(ShiftCalendar(zone, times))
        return self._number_of[key]

    def shift_start(self, calendar: I64, t_ms: I64) -> I64:
        """(N,): the start of the current shift at each instant, by calendar number."""
        out = np.empty_like(t_ms)
        for number in distinct(calendar).tolist():
            at = calendar == number
            out[at] = self._calendars[number].start_of(t_ms[at])
        return out

    def day_end(self, seat: I64, start_ms: I64, slack_ms: I64) -> I64:
        """(N,): the end of the working days of seats' teams in which states begin.

        It is the first shift end, without shifts the first closing of the pool, that is more than
        an hour after the start, plus `slack_ms`; without both, 12 hours after the start. But an
        end at most an hour before or after the start is the end, or the start itself where that is
        later, if no shift begins from there to an hour after the start: nobody comes early then.
        """
        calendar = self._day_of_team[self._names.seat_team.data[seat]]
        near_ms = self._end_after(calendar, start_ms - _SHIFT_MS_LEAST)
        hour_ms = start_ms + _SHIFT_MS_LEAST
        is_last = (near_ms <= hour_ms) & (self.shift_start(calendar, hour_ms) < near_ms)
        end_ms = self._end_after(calendar, hour_ms)
        end_ms = np.where(is_last, np.maximum(near_ms, start_ms), end_ms)
        return np.where(end_ms < NEVER_MS, end_ms + slack_ms, start_ms + _DAY_MS_MOST)

    def shift_end(self, seat: I64, t_ms: I64) -> I64:
        """(N,): the first shift end after each instant, in the calendar of the seat's team."""
        return self._end_after(self.of_team[self._names.seat_team.data[seat]], t_ms)

    def _end_after(self, calendar: I64, t_ms: I64) -> I64:
        out = np.empty_like(t_ms)
        for number in distinct(calendar).tolist():
            at = calendar == number
            out[at] = self._calendars[number].end_after(t_ms[at])
        return out

    def split_by_shift(self, seat: I64, start_ms: I64, end_ms: I64) -> tuple[I64, I64, I64, I64]:
        """Cut intervals at the shift starts of their seats' teams.

        Returns, by piece: the interval's index, the piece's start and end, its shift's start.
        """
        calendar = self.of_team[self._names.seat_team.data[seat]]
        parts = [
            self._split(
                self._calendars[number], np.flatnonzero(calendar == number), start_ms, end_ms
            )
            for number in distinct(calendar).tolist()
        ]
        if not parts:
            return (np.zeros(0, np.int64),) * 4
        if len(parts) == 1:
            return parts[0]
        return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))  # type: ignore[return-value]

    @staticmethod
    def _split(
        calendar: ShiftCalendar, at: I64, start_ms: I64, end_ms: I64
    ) -> tuple[I64, I64, I64, I64]:
        start, end = start_ms[at], end_ms[at]
        low, high = int(start.min()), int(end.max())
        edges = calendar.starts(low - 8 * DAY_MS, high + 8 * DAY_MS)
        first = np.searchsorted(edges, start, side="right") - 1
        count = np.searchsorted(edges, end, side="left") - 1 - first + 1
        piece = np.repeat(np.arange(len(at)), count)
        shift = np.repeat(first, count) + within(count)
        return (
            at[piece],
            np.maximum(start[piece], edges[shift]),
            np.minimum(end[piece], edges[shift + 1]),
            edges[shift],
        )
