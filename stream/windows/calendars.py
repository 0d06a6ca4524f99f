"""The calendars of a shard's teams and pools: shifts by team, days by pool, zones from pools."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from stream.events.language import I64
from stream.events.names import Names
from stream.spec import ANY, LocalSpan, PoolSpec, ShiftSpec
from stream.units import DAY_MS
from stream.windows.calendar import ShiftCalendar
from stream.windows.grouping import distinct, within

S = TypeVar("S", PoolSpec, ShiftSpec)


def first_that_fits(specs: Iterable[tuple[str, str, S]], floor: str, name: str) -> S | None:
    """The spec that names both, then the name, then the floor, then neither."""
    best: tuple[int, S] | None = None
    for spec_floor, spec_name, spec in specs:
        if spec_floor not in (floor, ANY) or spec_name not in (name, ANY):
            continue
        weight = 2 * (spec_name != ANY) + (spec_floor != ANY)
        if best is None or weight > best[0]:
            best = (weight, spec)
    return best[1] if best else None


class Calendars:
    """Calendars by team and pool number; teams of one calendar are asked together."""

    def __init__(
        self, names: Names, pools: Sequence[PoolSpec], shifts: Sequence[ShiftSpec]
    ) -> None:
        self._names = names
        self._pools = [(spec.floor, spec.name, spec) for spec in pools]
        self._shifts = [(spec.floor, spec.team, spec) for spec in shifts]
        self._calendars: list[ShiftCalendar] = []
        self._number_of: dict[tuple[str, tuple[LocalSpan, ...]], int] = {}
        self.of_team = np.zeros(0, np.int64)
        self.of_pool = np.zeros(0, np.int64)

    def pool_spec(self, floor: str, pool: str) -> PoolSpec:
        """Zone and opening hours of a pool."""
        return first_that_fits(self._pools, floor, pool) or PoolSpec()

    def make_room(self) -> None:
        """Follow the names: calendars of new teams and pools."""
        names = self._names
        for floor, team in names.teams.keys[len(self.of_team) :]:
            pool = names.pools.keys[names.team_pool.data[names.team(floor, team)]][1]
            spec = first_that_fits(self._shifts, floor, team)
            number = self._number(self.pool_spec(floor, pool).zone, spec.times if spec else ())
            self.of_team = np.append(self.of_team, number)
        for floor, pool in names.pools.keys[len(self.of_pool) :]:
            self.of_pool = np.append(
                self.of_pool, self._number(self.pool_spec(floor, pool).zone, ())
            )

    def _number(self, zone: str, times: tuple[LocalSpan, ...]) -> int:
        key = (zone, times)
        if key not in self._number_of:
            self._number_of[key] = len(self._calendars)
            self._calendars.append(ShiftCalendar(zone, times))
        return self._number_of[key]

    def shift_start(self, calendar: I64, t_ms: I64) -> I64:
        """(N,): the start of the shift that runs at each instant, by calendar number."""
        out = np.empty_like(t_ms)
        for number in distinct(calendar).tolist():
            at = calendar == number
            out[at] = self._calendars[number].start_of(t_ms[at])
        return out

    def shift_end(self, seat: I64, t_ms: I64) -> I64:
        """(N,): the first shift end after each instant, in the calendar of the seat's team."""
        calendar = self.of_team[self._names.seat_team.data[seat]]
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
