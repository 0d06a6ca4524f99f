"""Each agent's timeline: the rows that later events may still change, and one base row.

The rows of all agents share flat columns; an agent owns a run of them with some spare places behind
it, so that memory follows the number of rows, not the busiest agent.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from stream.arrays import Columns, ColumnStore, column, ranges
from stream.events.batch import StateRows
from stream.events.language import I32, I64, U8, Bool
from stream.units import NEVER_MS

ROWS_MOST = 8_192
"""Rows that an agent may have; beyond them the oldest is finalised early, and counted."""
_CAPACITY_LEAST = 4
_TIME_BITS = 42
"""Instants in milliseconds are below 2^42 (the year 2109)."""
KEY_MS_MOST = 2**_TIME_BITS - 1


def time_keys(place: I64, ts_ms: I64) -> I64:
    """(N,): one number for each (place, instant), which orders by place, then by instant.

    place: (N,) below 2^21; ts_ms: (N,) from 0 to KEY_MS_MOST.
    """
    return (place << _TIME_BITS) + ts_ms


@dataclass(frozen=True, slots=True)
class Rows(Columns):
    """Rows of timelines, in columns of one length."""

    ts_ms: I64
    seq: I64
    seat: I32
    source: I32
    state: U8
    sync: Bool
    limit_ms: I64
    """Until when the state is credible, by the rules and the roster in force when it came: so what
    it has rendered is taken away by the same limit. NEVER_MS: always."""
    call: I64
    """The call that rings, as of `stream.events.batch.StateRows`."""
    reason: I64

    @classmethod
    def of(cls, events: StateRows, limit_ms: I64) -> Self:
        """Events as rows, with the limits of their states."""
        seat, source = events.seat.astype(np.int32), events.source.astype(np.int32)
        return cls(
            events.ts_ms, events.seq, seat, source, events.state, events.sync, limit_ms,
            events.call, events.reason,
        )  # fmt: skip


COLUMNS = ("ts_ms", "seq", "seat", "source", "state", "sync", "limit_ms", "call", "reason")
"""The columns of `Rows` under their stored names."""
_TYPES = (np.int64, np.int64, np.int32, np.int32, np.uint8, np.bool_, np.int64, np.int64, np.int64)


def no_rows(size: int = 0) -> Rows:
    """Columns for `size` rows, all zero."""
    return Rows(*(np.zeros(size, kind) for kind in _TYPES))  # type: ignore[arg-type]


def _capacity_for(sizes: I64) -> I64:
    return np.maximum(_CAPACITY_LEAST, sizes + (sizes >> 1))


class Timelines(ColumnStore):
    """Rows by agent number."""

    _start: I64 = column(np.int64, per="agents")
    _capacity: I64 = column(np.int64, per="agents")
    size: I64 = column(np.int64, per="agents")
    """How many rows each agent has."""
    base_ms: I64 = column(np.int64, -NEVER_MS, per="agents")
    """Rows of the agent older than this can no longer be placed."""

    def __init__(self) -> None:
        super().__init__()
        self._stored = no_rows(1_024)
        self._used = 0
        """How many of the stored rows belong to a run, current or abandoned."""

    def of(self, agents: I64) -> tuple[Rows, I64]:
        """The rows of the agents, one agent after the other, and the number of rows of each."""
        start, size = self._start[agents], self.size[agents]
        return self._stored.take(ranges(start, start + size)), size

    def last(self, agents: I64) -> Rows:
        """The last row of each agent; every agent must have a row."""
        return self._stored.take(self._start[agents] + self.size[agents] - 1)

    def replace(self, agents: I64, sizes: I64, rows: Rows) -> None:
        """Replace the rows of the agents: `sizes` of each, one agent after the other."""
        wide = np.flatnonzero(sizes > self._capacity[agents])
        if len(wide):
            self._move(agents[wide], _capacity_for(sizes[wide]))
        if self._used > len(self._stored):
            self._lay_out(agents, sizes)
        start = self._start[agents]
        self._stored.write(ranges(start, start + sizes), rows)
        self.size[agents] = sizes

    def _move(self, agents: I64, room: I64) -> None:
        """Give agents new runs at the end; their old runs are abandoned."""
        self._start[agents] = self._used + np.cumsum(room) - room
        self._capacity[agents] = room
        self._used += int(room.sum())

    def _lay_out(self, agents: I64, sizes: I64) -> None:
        """Lay out all runs anew, without abandoned ones and with half as many spare rows again.

        The rows of the given agents are dropped, since they are replaced: there is space for
        `sizes` others.
        """
        self.size[agents] = 0
        others = np.flatnonzero(self.size)
        rows, kept = self.of(others)
        self.size[agents] = sizes
        holders = np.flatnonzero(self.size)
        self._capacity[:] = self._used = 0
        self._move(holders, _capacity_for(self.size[holders]))
        self._stored = no_rows(max(1_024, self._used + self._used // 2))
        start = self._start[others]
        self._stored.write(ranges(start, start + kept), rows)


@dataclass(frozen=True, slots=True)
class Order:
    """Ranks, by the bytes of names, that order rows of equal time."""

    team_of_seat: I64
    source: I64


@dataclass(frozen=True, slots=True)
class Merged:
    """Old and new rows of some agents in their total order, equal rows once.

    `place` is the agent's place in the list that was asked for; `first_new` the index of each
    changed agent's first new row.
    """

    rows: Rows
    place: I64
    changed: I64
    """Places of agents that have a new row."""
    first_new: I64
    start: I64
    """(places + 1,): where each agent's rows start."""

    def before_new(self) -> I64:
        """(changed,): the last row that is older than the first new one, else the first of all.

        Neither this row nor any before it has changed.
        """
        ts_ms, least = self.rows.ts_ms, self.start[self.changed]
        at = np.maximum(self.first_new - 1, least)
        while (same := (at > least) & (ts_ms[at] == ts_ms[self.first_new])).any():
            at = at - same
        return at


def merge(
    old: Rows, old_place: I64, new: Rows, new_place: I64, places: int, order: Order
) -> Merged:
    """Merge new rows into old ones.

    `old` is in order, one agent after the other; `new` in any order. The order among an agent's
    rows is ts, seq, state rank, team and source by their bytes, a snapshot before the event, one
    without a call before one with it, and one without a reason before one with it.
    """
    rows = Rows.joined(old, new)
    place = np.concatenate([old_place, new_place])
    key = time_keys(place, rows.ts_ms)
    by_key = np.argsort(key, kind="stable")
    key = key[by_key]
    fresh = by_key >= len(old)
    rows = rows.take(by_key)
    place = place[by_key]
    if (key[1:] == key[:-1]).any():
        rows, place, fresh = _settle_equal_times(rows, place, fresh, key, order)
    at_new = np.flatnonzero(fresh)
    at_new = at_new[np.diff(place[at_new], prepend=-1) > 0]
    start = np.searchsorted(place, np.arange(places + 1))
    return Merged(rows, place, place[at_new], at_new, start)


def _settle_equal_times(
    rows: Rows, place: I64, fresh: Bool, key: I64, order: Order
) -> tuple[Rows, I64, Bool]:
    """Order rows of equal time; of rows that are equal in all the old one is kept."""
    tie = rows.state.astype(np.int64)
    tie = tie * (int(order.team_of_seat.max(initial=0)) + 1) + order.team_of_seat[rows.seat]
    tie = tie * (int(order.source.max(initial=0)) + 1) + order.source[rows.source]
    tie = tie * 2 + ~rows.sync
    call = rows.call.view(np.uint64)
    by = np.lexsort((fresh, rows.reason, call, tie, rows.seq, key))
    alone = np.ones(len(by), np.bool_)
    alone[1:] = False
    for given in (key, rows.seq, tie, call, rows.reason):
        alone[1:] |= given[by[1:]] != given[by[:-1]]
    by = by[alone]
    return rows.take(by), place[by], fresh[by]
