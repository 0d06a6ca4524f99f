"""Which events of a batch have which names that are new to the shard."""

from collections.abc import Mapping

import numpy as np

from stream.arrays import sorted_distinct
from stream.events.batch import EventBatch
from stream.events.language import I64
from stream.events.names import Names

Uses = tuple[I64, I64]
"""Events, and the number of a name that each of them has: both (U,), and each pair once."""


def uses_of_new(names: Names, batch: EventBatch, first: Mapping[str, int]) -> dict[str, Uses]:
    """By limited kind, which events have which new names; in the order of events.

    first: by kind, the first number of a new name. Numbers of new names are counted from there.
    """

    def new(kind: str, event: I64, number: I64) -> Uses:
        at = np.flatnonzero(number >= first[kind])
        if not len(at):
            return event[at], number[at]
        number, size = number[at] - first[kind], len(getattr(names, kind)) - first[kind]
        event, number = np.divmod(sorted_distinct(event[at] * size + number), size)
        return event, number

    seated = _joined((batch.states.event, batch.states.seat), (batch.calls.event, batch.calls.seat))
    seats = new("seats", *seated)
    teams = new("teams", seats[0], names.seat_team.data[first["seats"] :][seats[1]])
    agents = _joined(
        (batch.snapshots.event, batch.snapshots.agent),
        (seats[0], names.seat_agent.data[first["seats"] :][seats[1]]),
    )
    brought = names.team_pool.data[first["teams"] :][teams[1]]
    pooled = _joined(
        (batch.calls.event, batch.calls.pool),
        (batch.queues.event, batch.queues.pool),
        (teams[0], brought),
    )
    sources = new("sources", np.arange(len(batch)), batch.source)
    floors = names.source_floor.data[first["sources"] :][sources[1]]
    return {
        "floors": new("floors", sources[0], floors),
        "sources": sources,
        "pools": new("pools", *pooled),
        "teams": teams,
        "seats": seats,
        "agents": new("agents", *agents),
    }


def _joined(*uses: Uses) -> Uses:
    return np.concatenate([one[0] for one in uses]), np.concatenate([one[1] for one in uses])
