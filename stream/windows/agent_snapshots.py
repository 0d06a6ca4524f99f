"""Snapshots of agents: whom a source had at an instant, and the rows that follow from that.

For each agent that a snapshot does not name, whose row in force just before it is of the same
source and not `offline`, it stands for `offline` with `sync`, in the row's team; for one that it
names and of whom no row is known by then, for `unknown` with `sync`, in his team by the roster. It
stands for nothing where the agent has a row at that very instant.

Rows that come later may change what follows. So a snapshot is held until no event before it can
come any more; until then the rows are made anew whenever a timeline changes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from stream.events.batch import NOBODY, SnapshotRows
from stream.events.language import I64, Bool, State
from stream.events.names import Names
from stream.units import NEVER_MS
from stream.windows.timeline import Merged, Order, Rows, merge, no_rows, time_keys

MADE: Final = -1
"""`seq` of a row that a snapshot stands for; events have none below 0."""


class AgentSnapshots:
    """The snapshots of one shard that later events may still have a part in."""

    def __init__(self) -> None:
        self._named: dict[tuple[int, int], I64] = {}
        """The agents by instant and source; snapshots of one source and instant are one."""

    def __len__(self) -> int:
        return len(self._named)

    def add(self, rows: SnapshotRows) -> None:
        """Add snapshots."""
        for at in np.flatnonzero(rows.agent == NOBODY).tolist():
            key = int(rows.ts_ms[at]), int(rows.source[at])
            mine = (rows.event == rows.event[at]) & (rows.agent != NOBODY)
            self._named[key] = np.union1d(self._named.get(key, rows.agent[:0]), rows.agent[mine])

    def drop(self, settled_ms: I64) -> None:
        """Drop those before the instants, (sources,), from which on events may still come."""
        self._named = {
            (ts_ms, source): agents
            for (ts_ms, source), agents in self._named.items()
            if ts_ms >= settled_ms[source]
        }

    def are_made(self, rows: Rows) -> Bool:
        """(R,): which rows follow from the snapshots that are held, and are to be made anew."""
        made: Bool = rows.seq == MADE
        if made.any():
            made &= np.isin(rows.ts_ms, [ts_ms for ts_ms, _ in self._named])
        return made

    def merged(
        self,
        names: Names,
        agents: I64,
        rows: tuple[Rows, Rows],
        places: tuple[I64, I64],
        order: Callable[[], Order],
    ) -> Merged:
        """Old and new rows of agents, and those that the snapshots stand for; all count as changed.

        Args:
            names: Gain a seat where an agent is in no team yet. It may be beyond their limit: one
                more of an agent whom the shard has.
            agents: All whose timelines may change.
            rows: The old rows, in order, and the new ones.
            places: The places of both in `agents`.
            order: The order of rows of equal time, by the names at that moment.
        """
        (old, new), (old_place, place) = rows, places
        reported = ~self.are_made(old)
        merged = merge(old.take(reported), old_place[reported], new, place, len(agents), order())
        making = _Making(names, agents, merged)
        rank = order().source
        for ts_ms, source in sorted(self._named, key=lambda key: (key[0], rank[key[1]])):
            making.apply(ts_ms, source, self._named[ts_ms, source])
        merged = merge(merged.rows, merged.place, *making.made(), len(agents), order())
        changed = np.flatnonzero(np.diff(merged.start))
        return replace(merged, changed=changed, first_new=merged.start[changed])

    def to_array(self) -> I64:
        """(3, R): instant, source and agent of each row of `SnapshotRows`."""
        rows = [
            (ts_ms, source, agent)
            for (ts_ms, source), agents in sorted(self._named.items())
            for agent in (NOBODY, *agents.tolist())
        ]
        return np.array(rows, np.int64).reshape(-1, 3).T

    def fill(self, held: I64) -> None:
        """Restore them from `to_array`."""
        ts_ms, source, agent = held
        self.add(SnapshotRows(np.cumsum(agent == NOBODY), ts_ms, source, agent))


class _Making:
    """Applies snapshots in their order; each sees the rows that the ones before it stand for.

    reported: the rows of the agents that came as events.
    """

    def __init__(self, names: Names, agents: I64, reported: Merged) -> None:
        self._names, self._agents, self._reported = names, agents, reported
        self._floor = names.agent_floor.data[agents]
        self._keys = time_keys(reported.place, reported.rows.ts_ms)
        size = len(agents)
        self._ts_ms = np.full(size, -NEVER_MS)
        """The last row that was made of each agent."""
        self._seat, self._state = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self._source = np.zeros(size, np.int64)
        self._made: list[tuple[I64, I64]] = []
        """(4, N) instant, seat, source and state of rows, and the places of their agents."""

    def apply(self, ts_ms: int, source: int, named: I64) -> None:
        """Add the rows of a snapshot that names these agents."""
        here = np.flatnonzero(self._floor == self._names.source_floor.data[source])
        reported = self._reported
        after = np.searchsorted(self._keys, time_keys(here, np.full(len(here), ts_ms)))
        has_before = after > reported.start[here]
        last = np.maximum(after - 1, 0)
        before_ms, seat, state, of = (
            self._ts_ms[here],
            self._seat[here],
            self._state[here],
            self._source[here],
        )
        if len(reported.rows):
            is_reported = has_before & (reported.rows.ts_ms[last] > before_ms)
            seat = np.where(is_reported, reported.rows.seat[last], seat)
            state = np.where(is_reported, reported.rows.state[last], state)
            of = np.where(is_reported, reported.rows.source[last], of)
        known = has_before | (before_ms > -NEVER_MS)
        at_it = after < reported.start[here + 1]
        at_it[at_it] = reported.rows.ts_ms[after[at_it]] == ts_ms
        at_it |= before_ms == ts_ms
        is_named = np.isin(self._agents[here], named)
        ends = ~is_named & known & ~at_it & (of == source) & (state != State.offline)
        self._add(here[ends], ts_ms, source, seat[ends], State.offline)
        appears = here[is_named & ~known & ~at_it]
        agents = [self._names.agents.keys[agent] for agent in self._agents[appears].tolist()]
        seats = [self._names.seat(floor, agent, None, ts_ms) for floor, agent in agents]
        self._add(appears, ts_ms, source, np.array(seats, np.int64), State.unknown)

    def _add(self, at: I64, ts_ms: int, source: int, seat: I64, state: State) -> None:
        self._ts_ms[at], self._seat[at] = ts_ms, seat
        self._source[at], self._state[at] = source, int(state)
        same = np.ones(len(at), np.int64)
        self._made.append((np.stack([same * ts_ms, seat, same * source, same * int(state)]), at))

    def made(self) -> tuple[Rows, I64]:
        """All rows that were made, and the places of their agents."""
        columns = np.concatenate(
            [np.zeros((4, 0), np.int64), *(one for one, _ in self._made)], axis=1
        )
        place = np.concatenate([np.zeros(0, np.int64), *(at for _, at in self._made)])
        rows = no_rows(len(place))
        rows.ts_ms[:], rows.seat[:], rows.source[:], rows.state[:] = columns
        rows.seq[:], rows.sync[:], rows.limit_ms[:] = MADE, True, NEVER_MS
        return rows, place
