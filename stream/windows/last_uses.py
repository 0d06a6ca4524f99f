"""When each name was used last: what forgetting goes by (`stream.windows.forgetting`)."""

from dataclasses import dataclass

import numpy as np

from stream.arrays import BLOCK_BITS, ColumnStore, column, distinct
from stream.events.batch import NOBODY, EventBatch
from stream.events.language import I64, Bool
from stream.units import NEVER_MS

UNUSED_MS = -NEVER_MS
_NO_SEAT = -1


@dataclass(frozen=True, slots=True)
class Estimate:
    """Nothing is forgotten while no floor is further than `slack_ms` beyond `start_ms`.

    That is so as long as no agent moves on who alone keeps a name in use.
    """

    start_ms: I64
    """(floors,)"""
    slack_ms: int
    anchors: Bool
    """(agents,): whose last state is of a seat or a source that is not in use otherwise."""

    @classmethod
    def none(cls) -> "Estimate":
        """Nothing is known."""
        return cls(np.zeros(0, np.int64), 0, np.zeros(0, np.bool_))


class LastUses(ColumnStore):
    """The latest instant of a counted event that names each; the columns have stored names.

    Args:
        dirty_agents: blocks of agents with changes, to be added to.
        dirty_seats: the same of seats.
    """

    seat_ms: I64 = column(np.int64, UNUSED_MS, per="seats")
    """Of a state or call event of the agent in that team."""
    agent_ms: I64 = column(np.int64, UNUSED_MS, per="agents")
    """Of a snapshot that names the agent."""
    pool_ms: I64 = column(np.int64, UNUSED_MS, per="pools")
    """Of a call of the pool, or of a reading of its queue."""

    def __init__(self, dirty_agents: set[int], dirty_seats: set[int]) -> None:
        super().__init__()
        self._dirty_agents = dirty_agents
        self._dirty_seats = dirty_seats
        self.estimate = Estimate.none()

    def add(self, batch: EventBatch, counts: Bool) -> None:
        """Add events; counts: (E,) which of them have counted."""
        states, calls, queues, snapshots = batch.states, batch.calls, batch.queues, batch.snapshots
        some = counts[states.event]
        self._use_seats(states.seat[some], states.ts_ms[some])
        some = counts[calls.event]
        np.maximum.at(self.pool_ms, calls.pool[some], calls.ts_ms[some])
        some &= calls.seat != _NO_SEAT
        self._use_seats(calls.seat[some], calls.ts_ms[some])
        some = counts[queues.event]
        np.maximum.at(self.pool_ms, queues.pool[some], queues.ts_ms[some])
        some = counts[snapshots.event] & (snapshots.agent != NOBODY)
        np.maximum.at(self.agent_ms, snapshots.agent[some], snapshots.ts_ms[some])
        self._dirty_agents.update(distinct(snapshots.agent[some] >> BLOCK_BITS).tolist())

    def _use_seats(self, seat: I64, ts_ms: I64) -> None:
        np.maximum.at(self.seat_ms, seat, ts_ms)
        self._dirty_seats.update(distinct(seat >> BLOCK_BITS).tolist())
