"""Intervals of states: the open one of each agent at an instant, and closed ones still held."""

from dataclasses import dataclass

import numpy as np

from stream.arrays import ranges
from stream.events.language import I64, Bool, State
from stream.units import NEVER_MS
from stream.windows.engine import Engine
from stream.windows.panes import Intervals, split_at_limit


@dataclass(frozen=True, slots=True)
class OpenStates:
    """The open state of each agent that has one at an instant, in columns."""

    agent: I64
    since_ms: I64
    seat: I64
    state: I64
    """As reported; from `until_ms` on the state is `unknown`."""
    until_ms: I64
    """Until when the state is credible."""
    call: I64
    """The call that rings, as of `stream.windows.timeline.Rows`."""

    def now(self, as_of_ms: int) -> I64:
        """The states at the instant."""
        return np.where(self.until_ms <= as_of_ms, int(State.unknown), self.state)


def credible_until(engine: Engine, source: I64, limit_ms: I64, as_of_ms: int) -> I64:
    """Until when open states are credible: their limit, or the watermark of a silent source."""
    silent = engine.sources.silent_from_ms() <= as_of_ms
    reach_ms = np.where(silent, engine.sources.watermark_ms[: len(silent)], NEVER_MS)
    return np.minimum(limit_ms, reach_ms[source])


def open_states(engine: Engine, as_of_ms: int) -> OpenStates:
    """The state of every agent who has a row at or before the instant."""
    count = len(engine.names.agents)
    agents = engine.agents
    last_ms = agents.last_ms[:count]
    at = np.flatnonzero(last_ms <= as_of_ms)
    columns = [
        at,
        last_ms[at],
        agents.last_seat[at],
        agents.last_state[at],
        agents.last_source[at],
        agents.limit_ms[at],
        agents.last_call[at],
    ]
    ahead = np.flatnonzero((last_ms > as_of_ms) & (last_ms < NEVER_MS))
    if len(ahead):
        behind = _rows_at(engine, ahead, as_of_ms)
        columns = [np.concatenate(pair) for pair in zip(columns, behind, strict=True)]
    agent, since_ms, seat, state, source, limit_ms, call = columns
    until_ms = credible_until(engine, source, limit_ms, as_of_ms)
    # A row ahead closed this interval: the source's silence does not affect it.
    until_ms[len(at) :] = limit_ms[len(at) :]
    return OpenStates(agent, since_ms, seat, state, until_ms, call)


def _rows_at(engine: Engine, agents: I64, as_of_ms: int) -> list[I64]:
    """For agents with rows ahead of the instant: each one and its last row at or before it."""
    rows, size = engine.timelines.of(agents)
    place = np.repeat(np.arange(len(agents)), size)
    at = np.flatnonzero(rows.ts_ms <= as_of_ms)
    last = at[np.flatnonzero(np.append(place[at][1:] != place[at][:-1], True))] if len(at) else at
    held = rows.take(last)
    seat, state = held.seat.astype(np.int64), held.state.astype(np.int64)
    source = held.source.astype(np.int64)
    return [agents[place[last]], held.ts_ms, seat, state, source, held.limit_ms, held.call]


def closed_intervals(engine: Engine, agents: I64, from_ms: int, to_ms: int) -> Intervals:
    """The closed intervals still in the timelines, clipped to [from_ms, to_ms)."""
    rows, size = engine.timelines.of(agents)
    start = np.cumsum(size) - size
    at = ranges(start, np.maximum(start, start + size - 1))
    held = rows.take(at)
    whole = Intervals(
        held.ts_ms,
        rows.ts_ms[at + 1] if len(at) else held.ts_ms,
        held.seat.astype(np.int64),
        held.state.astype(np.int64),
        np.ones(len(at), np.int64),
    )
    cut = split_at_limit(whole, held.limit_ms)
    start_ms, end_ms = np.maximum(cut.start_ms, from_ms), np.minimum(cut.end_ms, to_ms)
    kept: Bool = start_ms < end_ms
    return Intervals(start_ms[kept], end_ms[kept], cut.seat[kept], cut.state[kept], cut.sign[kept])
