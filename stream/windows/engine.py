"""The engine of the windows: takes events in, in any order, and keeps what they add up to.

There is one way for all rows, in order or late: merge an agent's stored and new rows, find the
first that changed, take away what the old rows from there on had rendered, and add what the new
ones render. The open interval of an agent is never rendered; it is clipped when figures are read.
"""

from dataclasses import dataclass

import numpy as np

from stream.events.batch import EventBatch, QueueRows, StateRows
from stream.events.language import I64, Bool, Reason
from stream.events.names import Names
from stream.spec import Spec
from stream.units import MINUTE_MS, NEVER_MS
from stream.windows.agents import Agents
from stream.windows.calendars import Calendars
from stream.windows.counting import Counting
from stream.windows.grouping import distinct, grown, ranges, ranked
from stream.windows.panes import Intervals, Panes, split_at_limit
from stream.windows.queues import Gauges
from stream.windows.sources import Sources
from stream.windows.timeline import ROWS_MOST, Merged, Order, Rows, Timelines, merge

BLOCK_BITS = 10
"""Blocks of 1 024 agents or seats are the unit of storage."""
_KEY = 2**42


@dataclass(frozen=True, slots=True)
class Late:
    """An event that came too late to be counted."""

    record: int
    """Index of the record in the batch."""
    reason: Reason


class Engine:
    """Timelines, panes, calls and sources of one shard."""

    def __init__(self, names: Names, spec: Spec) -> None:
        self.names = names
        self.spec = spec
        self.sources = Sources(names, spec.sources, spec.windows, event_clock=spec.event_clock)
        self.calendars = Calendars(names, spec)
        self.timelines = Timelines()
        self.agents = Agents()
        self.panes = Panes()
        self.counting = Counting(names, spec, self.calendars)
        self.gauges = Gauges()
        self.floor_of_seat = np.zeros(0, np.int64)
        self._agents_named = 0
        self.finalised_early = 0
        self.unjudged_ms = NEVER_MS
        """Rows from here on are still to be seen by control, so they are kept."""
        self.seat_heard = np.zeros(64, np.bool_)
        """Seats of which a state was taken in."""
        self.dirty_agents: set[int] = set()
        """Blocks of agents, and of seats, that changed since the last snapshot."""
        self.dirty_seats: set[int] = set()

    def push(self, batch: EventBatch) -> list[Late]:
        """Take in events; those that are too late are returned and change nothing."""
        if not len(batch):
            return []
        too_late, too_old = self.sources.admit(batch)
        self.make_room()
        opened = self.open_minutes(self.sources.greatest_ms // MINUTE_MS)
        fine = ~(too_late | too_old)
        unplaced = self._push_states(batch.states, fine)
        self.counting.push(batch.calls, fine)
        self._push_queues(batch.queues, fine)
        if opened:
            self._forget()
        late = [
            (too_late, Reason.late_grace),
            (too_old, Reason.late_horizon),
            (unplaced, Reason.late_finalised),
        ]
        return [
            Late(int(batch.record[event]), reason)
            for mask, reason in late
            for event in np.flatnonzero(mask).tolist()
        ]

    def make_room(self) -> None:
        """Follow the names, those of refused events too."""
        names = self.names
        self.sources.make_room()
        self.calendars.make_room()
        self.timelines.make_room(len(names.agents))
        self.agents.make_room(len(names.agents))
        self.panes.make_room(len(names.seats), len(names.floors))
        self.counting.make_room()
        self.seat_heard = grown(self.seat_heard, len(names.seats))
        if len(self.floor_of_seat) != len(names.seats):
            self.dirty_agents.update(_blocks(self._agents_named, len(names.agents)))
            self.dirty_seats.update(_blocks(len(self.floor_of_seat), len(names.seats)))
            self._agents_named = len(names.agents)
            self.floor_of_seat = names.agent_floor.data[names.seat_agent.data]

    def open_minutes(self, minute_of_floor: I64) -> bool:
        """Open the minutes up to the given one of each floor (floors,); whether any was."""
        head = self.panes.head[: len(self.names.floors)]
        minute = np.maximum(head, minute_of_floor[: len(head)])
        opened = bool((minute > head).any())
        if opened:
            self.panes.advance(minute, self.floor_of_seat)
        self.counting.advance(minute, self.floor_of_seat)
        return opened

    def _forget(self) -> None:
        """Only when a batch is taken in whole: its own events may be older than it moved time."""
        floors = len(self.names.floors)
        greatest_ms = self.sources.greatest_ms[:floors]
        minute = int(self.panes.head[:floors].max())
        self.counting.forget(self.sources.cut_ms(), greatest_ms, self.unjudged_ms, minute)

    # -- states

    def _push_states(self, rows: StateRows, fine: Bool) -> Bool:
        """Returns (E,): events older than what their agent's timeline still holds."""
        unplaced = np.zeros(len(fine), np.bool_)
        agent = self.names.seat_agent.data[rows.seat]
        placed = rows.ts_ms >= self.timelines.base_ms[agent]
        at = np.flatnonzero(fine[rows.event] & placed)
        unplaced[rows.event[fine[rows.event] & ~placed]] = True
        if len(at):
            new = Rows(
                rows.ts_ms[at],
                rows.seq[at],
                rows.seat[at].astype(np.int32),
                rows.source[at].astype(np.int32),
                rows.state[at],
                rows.sync[at],
            )
            self.seat_heard[rows.seat[at]] = True
            self._merge(new, agent[at])
        return unplaced

    def _merge(self, new: Rows, agent_of_row: I64) -> None:
        agents, new_place = ranked(agent_of_row)
        old, old_size = self.timelines.of(agents)
        old_place = np.repeat(np.arange(len(agents)), old_size)
        merged = merge(old, old_place, new, new_place, len(agents), self._order())
        first = np.maximum(merged.first_new - 1, merged.start[merged.changed])
        old_start = np.cumsum(old_size) - old_size
        old_first = old_start[merged.changed] + first - merged.start[merged.changed]
        old_end = (old_start + old_size)[merged.changed]
        self._render(
            _closed(merged.rows, first, merged.start[merged.changed + 1]),
            _closed(old, old_first, np.maximum(old_first, old_end)),
        )
        self.agents.update(agents[merged.changed], merged, self.limit_of)
        self._keep(agents, merged)

    def _order(self) -> Order:
        names = self.names
        team = names.byte_ranks(names.teams)
        return Order(team[names.seat_team.data], names.byte_ranks(names.sources))

    def _render(self, new: tuple[Rows, I64], old: tuple[Rows, I64]) -> None:
        """Add the new intervals, take away the old ones."""
        rows = [new[0], old[0]]
        start_ms = np.concatenate([part.ts_ms for part in rows])
        source = np.concatenate([part.source for part in rows]).astype(np.int64)
        signs = np.repeat(np.array([1, -1]), [len(new[0]), len(old[0])])
        intervals = Intervals(
            start_ms,
            np.concatenate([new[1], old[1]]),
            np.concatenate([part.seat for part in rows]).astype(np.int64),
            np.concatenate([part.state for part in rows]).astype(np.int64),
            signs,
        )
        limit_ms = self.limit_of(source, intervals.state, intervals.seat, start_ms)
        self.panes.render(split_at_limit(intervals, limit_ms), self.floor_of_seat, self.calendars)
        self.dirty_seats.update(distinct(intervals.seat >> BLOCK_BITS).tolist())

    def limit_of(self, source: I64, state: I64, seat: I64, start_ms: I64) -> I64:
        """(N,): until when each interval's state is credible."""
        shift_end_ms = self.calendars.shift_end(seat, start_ms)
        return self.sources.limit_of(source, state, start_ms, shift_end_ms)

    def _keep(self, agents: I64, merged: Merged) -> None:
        """Store what later events may still change, and the last row before that."""
        places = np.arange(len(agents))
        cut_ms = self.sources.cut_ms()[self.names.agent_floor.data[agents]]
        cut_ms = np.minimum(cut_ms, self.unjudged_ms)
        key = merged.place * _KEY + merged.rows.ts_ms
        older = np.searchsorted(key, places * _KEY + np.clip(cut_ms, 0, _KEY - 1))
        start, end = merged.start[:-1], merged.start[1:]
        base = np.maximum(older - 1, start)
        crowded = end - base > ROWS_MOST
        self.finalised_early += int(np.count_nonzero(crowded))
        base = np.where(crowded, end - ROWS_MOST, base)
        trimmed = np.flatnonzero(base > start)
        self.timelines.base_ms[agents[trimmed]] = merged.rows.ts_ms[base[trimmed]]
        self.agents.whole[agents[trimmed]] = False
        self.dirty_agents.update(distinct(agents >> BLOCK_BITS).tolist())
        self.timelines.put(agents, end - base, merged.rows.take(ranges(base, end)))

    # -- queues

    def _push_queues(self, rows: QueueRows, fine: Bool) -> None:
        at = np.flatnonzero(fine[rows.event])
        if len(at):
            self.counting.pool_heard[rows.pool[at]] = True
            self.gauges.push(rows, at, self.unjudged_ms)

    def seen_teams(self) -> Bool:
        """(teams,): those of which something was heard."""
        seen = np.zeros(len(self.names.teams), np.bool_)
        count = len(self.names.seats)
        heard = self.seat_heard[:count] | self.counting.seat_heard[:count]
        seen[self.names.seat_team.data[heard]] = True
        return seen

    def seen_pools(self) -> Bool:
        """(pools,): those of a team or with a call of which something was heard."""
        seen = self.counting.pool_heard[: len(self.names.pools)].copy()
        seen[self.names.team_pool.data[self.seen_teams()]] = True
        return seen


def _blocks(first: int, last: int) -> range:
    """The blocks of [first, last): what is new has a part, though nothing was rendered into it."""
    return range(first >> BLOCK_BITS, (last - 1 >> BLOCK_BITS) + 1) if last > first else range(0)


def _closed(rows: Rows, first: I64, end: I64) -> tuple[Rows, I64]:
    """The closed intervals of runs of rows [first, end): their rows, and where each ends."""
    at = ranges(first, np.maximum(first, end - 1))
    return rows.take(at), rows.ts_ms[at + 1] if len(at) else np.zeros(0, np.int64)
