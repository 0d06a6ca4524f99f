"""Phones that ring: each takes a call of a queue, so that the call does not wait."""

from dataclasses import dataclass

import numpy as np

from stream.arrays import Columns, ranges, union
from stream.events.language import I64
from stream.events.names import Names
from stream.windows.calls.index import in_floor

NO_CALL = 0
"""Of a phone that does not name its call."""


@dataclass(frozen=True, slots=True)
class Phones(Columns):
    """Phones of agents that ring in [start_ms, end_ms), in columns."""

    pool: I64
    """Of the agent's team."""
    call: I64
    """The hash of floor and call; NO_CALL where none was named."""
    start_ms: I64
    end_ms: I64

    @classmethod
    def of_seats(cls, names: Names, seat: I64, call: I64, start_ms: I64, end_ms: I64) -> "Phones":
        """Phones by seat and call, as rows of timelines have them."""
        floor = names.agent_floor.data[names.seat_agent.data[seat]]
        hashed = in_floor(floor, call.view(np.uint64)).view(np.int64)
        pool = names.team_pool.data[names.seat_team.data[seat]]
        return cls(pool, np.where(call == NO_CALL, NO_CALL, hashed), start_ms, end_ms)


def rung(call: I64, start_ms: I64, end_ms: I64, phones: Phones) -> tuple[I64, I64, I64]:
    """When phones ring for calls that they name: (place, start, end), disjoint and in order.

    call, start_ms, end_ms: (N,) calls by hash, each within [start_ms, end_ms); several may be one.
    """
    phones = phones.take(phones.call != NO_CALL)
    if not len(phones):
        return (np.zeros(0, np.int64),) * 3
    order = np.argsort(call, kind="stable")
    ordered = call[order]
    first = np.searchsorted(ordered, phones.call)
    last = np.searchsorted(ordered, phones.call, side="right")
    place = order[ranges(first, last)]
    phone = np.repeat(np.arange(len(phones)), last - first)
    start = np.maximum(phones.start_ms[phone], start_ms[place])
    end = np.minimum(phones.end_ms[phone], end_ms[place])
    real = start < end
    return union(place[real], start[real], end[real])
