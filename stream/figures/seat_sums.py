"""Sums of each seat over an interval, for tables of windows that are over."""

from dataclasses import dataclass

import numpy as np

from stream.events.language import I64
from stream.units import MINUTE_MS
from stream.windows.engine import Engine
from stream.windows.window_sums import read_interval


@dataclass(frozen=True, slots=True)
class SeatSums:
    """Sums of each seat over an interval; S rows in the order of `keys`, sorted by name."""

    keys: tuple[tuple[str, str, str, str], ...]
    """(floor, pool, team, agent)"""
    state_ms: I64
    """(S, STATE_COUNT), without the time before an agent's first row."""
    calls: I64
    """(S, len(TEAM_COUNTS)): values of `minute_sums.TEAM_COUNTS`."""
    is_first: I64
    """(S,): 1 for the seat of the agent's first row, where missing time counts as unknown."""
    first_ms: I64
    """(S,): the instant of the agent's first row; NEVER_MS without one."""


def seat_sums(engine: Engine, start_ms: int, end_ms: int, as_of_ms: int) -> SeatSums:
    """Sums over [start_ms, end_ms); see `Shard.seat_sums`."""
    names = engine.names
    pools = names.team_pool.data[names.seat_team.data].tolist()
    keys = [
        (floor, names.pools.keys[pool][1], team, agent)
        for (floor, agent, team), pool in zip(names.seats.keys, pools, strict=True)
    ]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    states = read_interval(engine, start_ms, min(end_ms, as_of_ms), as_of_ms)
    first, last = start_ms // MINUTE_MS, (end_ms - 1) // MINUTE_MS
    if end_ms == as_of_ms:
        last = end_ms // MINUTE_MS  # time ends here: what happened at this instant counts
    calls = engine.counting.seats.sum_minutes(len(keys), first, last)
    agent = names.seat_agent.data
    is_first = engine.agents.first_seat[agent] == np.arange(len(keys))
    return SeatSums(
        tuple(keys[index] for index in order.tolist()),
        states[order],
        calls[order],
        is_first[order].astype(np.int64),
        engine.agents.first_ms[agent][order],
    )
