"""Sums of calls: by team, by pool, and by member where the configuration asks for it."""

from dataclasses import replace

import numpy as np

from stream.arrays import ColumnStore, column, distinct
from stream.calendar.team_calendars import TeamCalendars
from stream.events.batch import CallRows
from stream.events.language import I64, Bool, Phase
from stream.events.names import Names
from stream.spec import Spec
from stream.units import DAY_MS, MINUTE_MS
from stream.windows.calls.contribution import Contribution, changes, contribution
from stream.windows.calls.facts import NONE
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

_PERIODS_KEPT_MS = 15 * DAY_MS


class CallAggregator(ColumnStore):
    """The calls of a shard, and what they add up to."""

    seat_has_data: Bool = column(np.bool_, per="seats")
    """Seats with an accepted call event."""
    pool_has_data: Bool = column(np.bool_, per="pools")
    """Pools with an accepted call or queue event."""

    def __init__(
        self, names: Names, spec: Spec, calendars: TeamCalendars, hours: HourSums | None
    ) -> None:
        super().__init__()
        self._names = names
        self._spec = spec
        self._calendars = calendars
        self._hours = hours
        self.calls = Calls(names, spec.windows)
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

    def drop_final(self, cut_ms: I64, greatest_ms: I64, unjudged_ms: int, minute: int) -> None:
        """Drop calls and periods that no event can change any more."""
        self.calls.retire(cut_ms, greatest_ms, unjudged_ms)
        before_ms = minute * MINUTE_MS - _PERIODS_KEPT_MS
        for tally in (self.teams, self.pools, self.seats):
            tally.drop_before(before_ms)

    def push(self, rows: CallRows, fine: Bool) -> None:
        """Apply call events; fine: (E,) which events of the batch are in time."""
        at = np.flatnonzero(fine[rows.event])
        self.pool_has_data[rows.pool[at]] = True
        at = at[rows.phase[at] <= Phase.abandoned]
        if len(at) != len(rows.event):
            rows = rows.take(at)
        agent = self._agents_of(rows)
        slot = self.calls.slots(rows, agent)
        if (slot == NONE).any():
            unseen = np.flatnonzero(slot != NONE)
            rows, agent, slot = rows.take(unseen), agent[unseen], slot[unseen]
        if not len(rows.event):
            return
        touched = distinct(slot)
        leg = self.calls.open_legs_of(rows, agent, slot)
        legs = self.calls.legs.of(touched)
        before = contribution(self.calls, touched, legs)
        self.calls.apply(rows, slot, leg)
        self._count(*changes(before, contribution(self.calls, touched, legs)))

    def _agents_of(self, rows: CallRows) -> I64:
        named = rows.seat != NONE
        self.seat_has_data[rows.seat[named]] = True
        agent = np.full(len(rows.seat), NONE, np.int64)
        agent[named] = self._names.seat_agent.data[rows.seat[named]]
        return agent

    def _count(self, what: Contribution, sign: I64) -> None:
        """Add what calls count for (sign 1), or subtract it (-1); sign: (N,)."""
        teams, pools = self.entries(what)
        named = what.seat != NONE
        teams = replace(teams, values=teams.values * sign[named, None])
        self.teams.add(teams)
        pools = replace(pools, values=pools.values * sign[:, None])
        self.pools.add(pools)
        if self._spec.seat_calls:
            self.seats.add(replace(teams, row=what.seat[named]))
        if self._hours is not None:
            self._hours.count_calls(what.seat[named], teams.ts_ms, teams.values)
            self._hours.count_pools(pools.row, pools.ts_ms, pools.values)

    def entries(self, what: Contribution) -> tuple[CountEntries, CountEntries]:
        """What calls count for, as entries of the teams' sums and of the pools' sums."""
        windows, calendars = self._spec.windows, self._calendars
        at, values = team_values(what, windows.short_call_ms)
        team = self._names.seat_team.data[what.seat[at]]
        period_ms = calendars.shift_start(calendars.of_team[team], what.ts_ms[at])
        teams = CountEntries(team, what.ts_ms[at], period_ms, values)
        period_ms = calendars.shift_start(calendars.of_pool[what.pool], what.ts_ms)
        values = pool_values(what, windows.service_level_ms)
        return teams, CountEntries(what.pool, what.ts_ms, period_ms, values)
