"""Sums of calls: by team, by pool, and by member where the configuration asks for it."""

from dataclasses import replace

import numpy as np

from stream.arrays import ColumnStore, column
from stream.calendar.team_calendars import TeamCalendars
from stream.events.batch import CallRows
from stream.events.language import I64, Bool
from stream.events.names import Names
from stream.spec import Spec
from stream.units import DAY_MS, MINUTE_MS
from stream.windows.calls.contribution import Contribution
from stream.windows.calls.index import NONE
from stream.windows.calls.minute_sums import (
    POOL_COUNTS,
    TEAM_COUNTS,
    CountEntries,
    MinuteSums,
    pool_values,
    team_values,
)
from stream.windows.calls.open_calls import Calls
from stream.windows.closing.unsealed_hours import HourSums
from stream.windows.sources import Sources

_PERIODS_KEPT_MS = 15 * DAY_MS


class CallAggregator(ColumnStore):
    """The calls of a shard, and what they add up to."""

    seat_rows: I64 = column(np.int64, per="seats")
    """How many rows of contributions name each seat."""
    pool_has_data: Bool = column(np.bool_, per="pools")
    """Pools with an accepted queue event, or any in state of a version that did not count rows."""
    pool_rows: I64 = column(np.int64, per="pools")
    """How many rows of contributions name each pool."""

    def __init__(
        self,
        names: Names,
        spec: Spec,
        calendars: TeamCalendars,
        sources: Sources,
        hours: HourSums | None,
    ) -> None:
        super().__init__()
        self._names = names
        self._spec = spec
        self._calendars = calendars
        self._hours = hours
        self.calls = Calls(names, spec, sources)
        self.teams = MinuteSums(len(TEAM_COUNTS))
        self.pools = MinuteSums(len(POOL_COUNTS))
        self.seats = MinuteSums(len(TEAM_COUNTS))
        """Filled only where `Spec.seat_calls` asks for it."""

    def follow_names(self) -> None:
        """Add rows for new seats, teams and pools."""
        names = self._names
        self.resize(seats=len(names.seats), pools=len(names.pools))
        self.teams.resize(len(names.teams))
        self.pools.resize(len(names.pools))
        if self._spec.seat_calls:
            self.seats.resize(len(names.seats))

    def advance(self, minute: I64, floor_of_seat: I64) -> None:
        """Open minutes up to the given one of each floor (floors,), in new rows too."""
        self.teams.advance(minute[self._names.team_floor.data])
        self.pools.advance(minute[self._names.pool_floor.data])
        if self._spec.seat_calls:
            self.seats.advance(minute[floor_of_seat])

    def drop_final(self, cut_ms: I64, unjudged_ms: int, minute: int) -> None:
        """Drop calls and periods that no event can change any more."""
        self.calls.retire(cut_ms, unjudged_ms)
        before_ms = minute * MINUTE_MS - _PERIODS_KEPT_MS
        for tally in (self.teams, self.pools, self.seats):
            tally.drop_before(before_ms)

    def push(self, rows: CallRows, fine: Bool) -> None:
        """Apply call events; fine: (E,) which events of the batch are in time."""
        at = np.flatnonzero(fine[rows.event])
        if len(at) != len(rows.event):
            rows = rows.take(at)
        if not len(at):
            return
        what, sign = self.calls.push(rows)
        named = what.seat != NONE
        np.add.at(self.seat_rows, what.seat[named], sign[named])
        np.add.at(self.pool_rows, what.pool, sign)
        self._count(what, sign)

    def pools_with_data(self) -> Bool:
        """(pools,): whether a queue event of each was accepted, or a call counts for it."""
        count = len(self._names.pools)
        return self.pool_has_data[:count] | (self.pool_rows[:count] > 0)

    def _count(self, what: Contribution, sign: I64) -> None:
        """Add what calls count for (sign 1), or subtract it (-1); sign: (N,)."""
        teams, pools = self.entries(what, sign)
        self.teams.add(teams)
        self.pools.add(pools)
        seat = what.seat[what.seat != NONE]
        if self._spec.seat_calls:
            self.seats.add(replace(teams, row=seat))
        if self._hours is not None:
            self._hours.count_calls(seat, teams.ts_ms, teams.values)
            self._hours.count_pools(pools.row, pools.ts_ms, pools.values)

    def entries(self, what: Contribution, sign: I64) -> tuple[CountEntries, CountEntries]:
        """What calls count for, as entries of the teams' sums and of the pools' sums."""
        windows, calendars = self._spec.windows, self._calendars
        at, values = team_values(what, windows.short_call_ms)
        team, ts_ms = self._names.seat_team.data[what.seat[at]], what.ts_ms[at]
        period_ms = calendars.shift_start(calendars.of_team[team], ts_ms)
        teams = CountEntries(team, ts_ms, period_ms, values * sign[at, None])
        at, values = pool_values(what, windows.service_level_ms)
        pool, ts_ms = what.pool[at], what.ts_ms[at]
        period_ms = calendars.shift_start(calendars.of_pool[pool], ts_ms)
        return teams, CountEntries(pool, ts_ms, period_ms, values * sign[at, None])
