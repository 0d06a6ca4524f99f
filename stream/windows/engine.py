"""The engine of the windows: applies events, in any order, and maintains their sums.

All rows, in order or late, are applied in the same way: merge an agent's stored and new rows, find
the first that changed, subtract the intervals of the old rows from there on, and add those of the
new ones. The open interval of an agent is never added; it is clipped when figures are read.
"""

import numpy as np

from stream.arrays import BLOCK_BITS, ColumnStore, blocks_of, column, distinct, ranges, ranked
from stream.calendar.team_calendars import TeamCalendars
from stream.events.batch import EventBatch, SnapshotRows, StateRows
from stream.events.language import I64, U8, Bool, State
from stream.events.names import Names
from stream.spec import Spec
from stream.units import NEVER_MS
from stream.windows.agent_snapshots import AgentSnapshots
from stream.windows.call_sources import CallSources
from stream.windows.calls.aggregator import CallAggregator
from stream.windows.closed_sums import ClosedSums
from stream.windows.closing.seal_times import Seals
from stream.windows.closing.unsealed_hours import HourSums
from stream.windows.gaps import Gaps
from stream.windows.jumps import HeldEvents
from stream.windows.last_uses import LastUses
from stream.windows.named_places import NamedPlaces
from stream.windows.panes import Intervals, Panes
from stream.windows.pieces import pieces
from stream.windows.queue_gauges import Gauges
from stream.windows.reason_texts import Reasons
from stream.windows.source_gaps import settled_ms
from stream.windows.sources import Sources
from stream.windows.spells import Suffix, suffix
from stream.windows.timeline import (
    KEY_MS_MOST,
    ROWS_MOST,
    Merged,
    Order,
    Rows,
    Timelines,
    merge,
    time_keys,
)
from stream.windows.timeline_ends import TimelineEnds


class Engine(ColumnStore):
    """Timelines, panes, calls and sources of one shard."""

    seat_has_data: Bool = column(np.bool_, per="seats")
    """Seats with a state event, or a row that an agents' snapshot stands for."""

    def __init__(self, names: Names, spec: Spec) -> None:
        super().__init__()
        self.names = names
        self.spec = spec
        self.dirty_agents: set[int] = set()
        """Blocks of agents, and of seats, that changed since the last snapshot."""
        self.dirty_seats: set[int] = set()
        self.sources = Sources(names, spec.sources, spec.windows, event_clock=spec.event_clock)
        self.calendars = TeamCalendars(names, spec)
        self.timelines = Timelines()
        self.agents = TimelineEnds()
        self.panes = Panes()
        self.closed = ClosedSums(self.panes)
        self.named = NamedPlaces(spec, names.roster)
        self.seals = Seals(names, spec)
        self.jumps = HeldEvents()
        self.hours = HourSums(names, self.dirty_seats) if spec.archive else None
        self.counting = CallAggregator(names, spec, self.calendars, self.sources, self.hours)
        self.gauges = Gauges(names, self.sources)
        self.call_sources = CallSources()
        self.uses = LastUses(self.dirty_agents, self.dirty_seats)
        self.named = NamedPlaces(spec, names.roster)
        self.ring_all: Bool = np.zeros(0, np.bool_)
        """(pools,): whether all phones of a pool ring at once."""
        self.rendered = Gaps.none()
        """The gaps by which the sums hold closed intervals (`stream.windows.rendering`)."""
        self.floor_of_seat = np.zeros(0, np.int64)
        self._agents_named = self.finalised_early = 0
        self.snapshots = AgentSnapshots()
        self.reasons = Reasons()
        self.remade: list[I64] = []
        """Agents whose rows were made anew, since the last call of `sealing.push`."""
        self.unjudged_ms = NEVER_MS
        """Control has not evaluated rows from here on, so they are retained."""

    def apply(self, batch: EventBatch, fine: Bool, keep_ms: int) -> Bool:
        """Apply events that the sources have admitted.

        Args:
            batch: E events.
            fine: (E,) which of them were admitted.
            keep_ms: Rows from here on are retained, whatever the sources' progress.

        Returns:
            (E,): events older than the rows that their agent's timeline still holds.
        """
        snapshots = batch.snapshots.take(fine[batch.snapshots.event])
        unplaced = self._push_states(batch.states, snapshots, fine, keep_ms)
        self.reasons.add(batch, fine & ~unplaced)
        if keep_ms and len(self.snapshots):  # what they made may be the oldest row that is left
            self.snapshots.drop(settled_ms(self.sources)[self.names.source_floor.data])
        self.counting.push(batch.calls, fine)
        self._push_queues(batch, fine)
        self.uses.add(batch, fine & ~unplaced)
        return unplaced

    def follow_names(self) -> None:
        """Add rows for new names, those of late and rejected events too."""
        names = self.names
        agents, seats, floors = len(names.agents), len(names.seats), len(names.floors)
        self.resize(seats=seats)
        self.uses.resize(seats=seats, agents=agents, pools=len(names.pools))
        self.sources.follow_names()
        self.seals.resize(floors=floors)
        self.calendars.follow_names()
        self.timelines.resize(agents=agents)
        self.agents.resize(agents=agents)
        self.panes.resize(seats=seats, floors=floors)
        self.counting.follow_names()
        self.call_sources.resize(pools=len(names.pools))
        new = names.pools.keys[len(self.ring_all) :]
        if new:
            ring_all = [self.spec.pool(*key).ring_all for key in new]
            self.ring_all = np.append(self.ring_all, ring_all)
        if self.hours is not None:
            self.hours.resize(floors=floors, seats=seats, pools=len(names.pools))
        if len(self.floor_of_seat) != len(names.seats):
            self.dirty_agents.update(blocks_of(self._agents_named, len(names.agents)))
            self.dirty_seats.update(blocks_of(len(self.floor_of_seat), len(names.seats)))
            self._agents_named = len(names.agents)
            self.floor_of_seat = names.agent_floor.data[names.seat_agent.data]

    def is_surely_late(self, source: I64, ts_ms: I64) -> Bool:
        """(N,): which events are late whatever comes before them; see `Sources.admit`."""
        self.sources.follow_names()
        self.seals.resize(floors=len(self.names.floors))
        return self.sources.is_surely_late(source, ts_ms, self.seals.sealed_ms)

    def open_minutes(self, minute_of_floor: I64) -> bool:
        """Open the minutes up to the given one of each floor (floors,); whether any was opened."""
        head = self.panes.head[: len(self.names.floors)]
        minute = np.maximum(head, minute_of_floor[: len(head)])
        opened = bool((minute > head).any())
        if opened:
            self.panes.advance(minute, self.floor_of_seat)
        self.counting.advance(minute, self.floor_of_seat)
        return opened

    def drop_final(self) -> None:
        """Drop the calls and periods that no event can change any more.

        Only after a whole batch was applied: it moves time on, and its own events may be older.
        """
        minute = int(self.panes.head[: len(self.names.floors)].max())
        self.counting.drop_final(self.sources.cut_ms(), self.unjudged_ms, minute)
        if self.sources.times.is_crowded():
            rows, _ = self.timelines.of(np.arange(len(self.names.agents)))
            rows = rows.take(rows.state != State.offline)
            self.sources.times.drop(rows.source, rows.ts_ms, self.sources.own_cut_ms())

    # -- states

    def _push_states(
        self, rows: StateRows, snapshots: SnapshotRows, fine: Bool, keep_ms: int
    ) -> Bool:
        unplaced = np.zeros(len(fine), np.bool_)
        agent = self.names.seat_agent.data[rows.seat]
        placed = rows.ts_ms >= self.timelines.base_ms[agent]
        at = np.flatnonzero(fine[rows.event] & placed)
        unplaced[rows.event[fine[rows.event] & ~placed]] = True
        if len(at) or len(snapshots):
            some = rows.take(at)
            limit_ms = self.limit_of(some.source, some.state, some.seat, some.ts_ms)
            new = Rows.of(some, limit_ms)
            self.seat_has_data[rows.seat[at]] = True
            if len(snapshots) or len(self.snapshots):
                self._merge_with_snapshots(new, agent[at], snapshots, keep_ms)
            else:
                self._merge(new, agent[at], keep_ms)
        return unplaced

    def _merge(self, new: Rows, agent_of_row: I64, keep_ms: int) -> None:
        agents, new_place = ranked(agent_of_row)
        old, old_size = self.timelines.of(agents)
        old_place = np.repeat(np.arange(len(agents)), old_size)
        merged = merge(old, old_place, new, new_place, len(agents), self._order())
        first = merged.before_new()
        old_start = np.cumsum(old_size) - old_size
        old_first = old_start[merged.changed] + first - merged.start[merged.changed]
        old_end = (old_start + old_size)[merged.changed]
        self._add_difference(
            suffix(merged.rows, first, merged.start[merged.changed + 1]),
            suffix(old, old_first, np.maximum(old_first, old_end)),
        )
        self.agents.update(agents[merged.changed], merged)
        self._retain(agents, merged, keep_ms)

    def _merge_with_snapshots(
        self, new: Rows, agent_of_row: I64, snapshots: SnapshotRows, keep_ms: int
    ) -> None:
        """Merge new rows where snapshots of agents are held: the rows that follow are made anew."""
        self.snapshots.add(snapshots)
        floors = self.names.source_floor.data[snapshots.source]
        listening = np.flatnonzero(np.isin(self.names.agent_floor.data, floors))
        agents = distinct(np.append(agent_of_row, listening))
        old, size = self.timelines.of(agents)
        place = np.repeat(np.arange(len(agents)), size), np.searchsorted(agents, agent_of_row)
        merged = self.snapshots.merged(self.names, agents, (old, new), place, self._order)
        self.follow_names()
        changed = agents[merged.changed]
        self.seat_has_data[old.seat[self.snapshots.are_made(old)]] = False
        self.seat_has_data[merged.rows.seat] = True
        start = np.cumsum(size) - size
        self._add_difference(
            suffix(merged.rows, merged.start[:-1], merged.start[1:]),
            suffix(old, start, start + size),
        )
        self.agents.update(changed, merged)
        self._retain(agents, merged, keep_ms)
        self.remade.append(changed)

    def _order(self) -> Order:
        names = self.names
        team = names.byte_ranks(names.teams)
        return Order(team[names.seat_team.data], names.byte_ranks(names.sources))

    def _add_difference(self, new: Suffix, old: Suffix) -> None:
        """Add the closed intervals of the new rows, subtract those of the old ones."""
        closed, was_closed = np.flatnonzero(new.closed), np.flatnonzero(old.closed)
        rows = Rows.joined(new.rows.take(closed), old.rows.take(was_closed))
        intervals = Intervals(
            rows.ts_ms,
            np.concatenate([new.next_ms[closed], old.next_ms[was_closed]]),
            rows.seat.astype(np.int64),
            rows.state.astype(np.int64),
            np.repeat(np.array([1, -1]), [len(closed), len(was_closed)]),
        )
        source = rows.source.astype(np.int64)
        whole = pieces(intervals, source, rows.limit_ms, self.rendered)
        self.panes.add(whole, self.floor_of_seat, self.calendars)
        self.dirty_seats.update(distinct(intervals.seat >> BLOCK_BITS).tolist())
        if self.hours is not None:
            self.hours.add(whole)
            self.hours.count_spells(new, 1)
            self.hours.count_spells(old, -1)

    def limit_of(self, source: I64, state: I64 | U8, seat: I64, start_ms: I64) -> I64:
        """(N,): until when states are credible that begin at start_ms, by the rules in force."""
        sources = self.sources
        limit_ms: I64 = np.minimum(start_ms + sources.limit_ms[source, state], NEVER_MS)
        at = np.flatnonzero(sources.ends_with_day[source, state])
        slack_ms = sources.shift_slack_ms[source[at]]
        limit_ms[at] = self.calendars.day_end(seat[at], start_ms[at], slack_ms)
        return limit_ms

    def _retain(self, agents: I64, merged: Merged, keep_ms: int) -> None:
        """Store the rows that later events may still change, and the last row before them."""
        places = np.arange(len(agents))
        cut_ms = settled_ms(self.sources)[self.names.agent_floor.data[agents]]
        cut_ms = np.minimum(cut_ms, keep_ms)
        keys = time_keys(merged.place, merged.rows.ts_ms)
        older = np.searchsorted(keys, time_keys(places, np.clip(cut_ms, 0, KEY_MS_MOST)))
        start, end = merged.start[:-1], merged.start[1:]
        base = np.maximum(older - 1, start)
        crowded = end - base > ROWS_MOST
        self.finalised_early += int(np.count_nonzero(crowded))
        base = np.where(crowded, end - ROWS_MOST, base)
        trimmed = np.flatnonzero(base > start)
        self.timelines.base_ms[agents[trimmed]] = merged.rows.ts_ms[base[trimmed]]
        self.agents.whole[agents[trimmed]] = False
        self.dirty_agents.update(distinct(agents >> BLOCK_BITS).tolist())
        self.timelines.replace(agents, end - base, merged.rows.take(ranges(base, end)))

    # -- queues

    def _push_queues(self, batch: EventBatch, fine: Bool) -> None:
        counted = np.flatnonzero(fine[batch.calls.event])
        self.call_sources.add(batch.calls.pool[counted], batch.source[batch.calls.event[counted]])
        rows = batch.queues.take(fine[batch.queues.event])
        if len(rows):
            self.counting.pool_has_data[rows.pool] = True
            self.gauges.push(rows, batch.source[rows.event], self.unjudged_ms)

    def teams_with_data(self) -> Bool:
        """(teams,): whether a state or call event of a member was accepted."""
        seen = np.zeros(len(self.names.teams), np.bool_)
        count = len(self.names.seats)
        has_data = self.seat_has_data[:count] | (self.counting.seat_rows[:count] > 0)
        seen[self.names.seat_team.data[has_data]] = True
        return seen

    def pools_with_data(self) -> Bool:
        """(pools,): whether a call, queue or state event of the pool or its teams was accepted."""
        seen = self.counting.pools_with_data()
        seen[self.names.team_pool.data[self.teams_with_data()]] = True
        return seen
