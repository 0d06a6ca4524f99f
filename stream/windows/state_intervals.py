"""The open state of each agent at an instant, and what closed intervals hold beyond it."""

from dataclasses import dataclass

import numpy as np

from stream.arrays import Columns
from stream.events.language import I64, Bool
from stream.units import NEVER_MS
from stream.windows.engine import Engine
from stream.windows.panes import Intervals
from stream.windows.pieces import believed, pieces
from stream.windows.rendering import closed_intervals


@dataclass(frozen=True, slots=True)
class OpenStates(Columns):
    """The row in force of each agent that has one at an instant, in columns."""

    agent: I64
    since_ms: I64
    seat: I64
    state: I64
    """As reported."""
    source: I64
    limit_ms: I64
    """Until when the state is credible by its own limit."""
    now: I64
    """What is believed at the instant."""
    call: I64
    """The call that rings, as of `stream.windows.timeline.Rows`."""

    def until(self, engine: Engine, at: Bool, end_ms: int) -> Intervals:
        """The time of some of the rows up to an instant, divided by what is believed of it."""
        rows = self.take(at)
        whole = Intervals(
            rows.since_ms,
            np.full(len(rows), end_ms),
            rows.seat,
            rows.state,
            np.ones(len(rows), np.int64),
        )
        return pieces(whole, rows.source, rows.limit_ms, engine.rendered)


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
    now = believed(state, source, limit_ms, np.full(len(state), as_of_ms), engine.rendered)
    return OpenStates(agent, since_ms, seat, state, source, limit_ms, now, call)


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


def closed_after(engine: Engine, agents: I64, from_ms: int) -> Intervals:
    """The closed intervals still in the timelines, divided, as far as they are after an instant."""
    cut = pieces(*closed_intervals(engine, agents), engine.rendered)
    start_ms = np.maximum(cut.start_ms, from_ms)
    kept: Bool = start_ms < cut.end_ms
    return Intervals(
        start_ms[kept], cut.end_ms[kept], cut.seat[kept], cut.state[kept], cut.sign[kept]
    )
