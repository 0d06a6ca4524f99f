"""Closed intervals, and how sums of them follow the gaps of sources.

Sums by minute, shift and open hour hold closed intervals as they were divided by the gaps that
were known then, `Engine.rendered`. Where other gaps are known by now they are corrected: before
sums are read, and once a batch. Not once an event: one that fills a gap may touch all agents.
"""

from dataclasses import replace

import numpy as np

from stream.arrays import BLOCK_BITS, distinct, ranges
from stream.events.language import I64, State
from stream.units import NEVER_MS
from stream.windows.engine import Engine
from stream.windows.gaps import Gaps
from stream.windows.panes import Intervals
from stream.windows.pieces import pieces


def render(engine: Engine, gaps: Gaps) -> None:
    """Divide the closed intervals by these gaps, wherever sums hold them."""
    before = engine.rendered
    changed = before.rows() ^ gaps.rows() if len(before) or len(gaps) else None
    if not changed:
        return
    engine.rendered = gaps
    source, start_ms, end_ms, _ = np.array(sorted(changed), np.int64).T
    sources = len(engine.names.sources)
    from_ms, to_ms = np.full(sources, NEVER_MS), np.full(sources, -NEVER_MS)
    np.minimum.at(from_ms, source, start_ms)
    np.maximum.at(to_ms, source, end_ms)
    whole, of, limit_ms = closed_intervals(engine, np.arange(len(engine.names.agents)))
    at = np.flatnonzero(
        (whole.end_ms > from_ms[of]) & (whole.start_ms < to_ms[of]) & (whole.state != State.offline)
    )
    whole, of, limit_ms = whole.take(at), of[at], limit_ms[at]
    old, new = (pieces(whole, of, limit_ms, one) for one in (before, gaps))
    both = Intervals.joined(replace(old, sign=-old.sign), new)
    engine.panes.add(both, engine.floor_of_seat, engine.calendars)
    if engine.hours is not None:
        engine.hours.add(both)
    engine.dirty_seats.update(distinct(whole.seat >> BLOCK_BITS).tolist())


def closed_intervals(engine: Engine, agents: I64) -> tuple[Intervals, I64, I64]:
    """The closed intervals still in the timelines, undivided, with the source and limit of each."""
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
    source = held.source.astype(np.int64)
    return whole, source, held.limit_ms
