"""What is believed of a row's state over time: up to its limit, and outside the gaps of its source.

Beyond its limit a state is `unknown`, and from a day after it on `offline`, since somebody has left
without logging off. In a gap of the source that reported it a state is `unknown`, and `offline`
from a day after the gap's start on. `offline` itself is always believed.
"""

import numpy as np

from stream.arrays import ranges
from stream.events.language import I64, Bool, State
from stream.units import DAY_MS
from stream.windows.gaps import Gaps
from stream.windows.panes import Intervals
from stream.windows.timeline import KEY_MS_MOST, time_keys


def believed(state: I64, source: I64, limit_ms: I64, t_ms: I64, gaps: Gaps) -> I64:
    """(N,): what is believed at instants of the intervals that rows opened.

    state, source, limit_ms: (N,) of the rows. t_ms: (N,) the instants.
    """
    unknown = t_ms >= limit_ms
    gone = t_ms >= limit_ms + DAY_MS
    if len(gaps):
        at = np.searchsorted(_keys(gaps.source, gaps.start_ms), _keys(source, t_ms), "right") - 1
        inside = (at >= 0) & (gaps.source[at] == source) & (t_ms < gaps.end_ms[at])
        unknown |= inside
        gone |= inside & (t_ms >= gaps.gone_ms[at])
    out = np.where(unknown, int(State.unknown), state)
    out[gone | (state == State.offline)] = int(State.offline)
    return out


def pieces(whole: Intervals, source: I64, limit_ms: I64, gaps: Gaps) -> Intervals:
    """Divide intervals that rows opened where what is believed of them changes, in any order.

    source, limit_ms: (N,) of the rows.
    """
    first, end = _overlapping(whole, source, gaps)
    doubtful = (end > first) | (limit_ms < whole.end_ms)
    doubtful &= (whole.state != State.offline) & (whole.start_ms < whole.end_ms)
    if not doubtful.any():
        return whole
    at = np.flatnonzero(doubtful)
    row, start_ms, end_ms = _cut(whole, at, limit_ms, gaps, ranges(first[at], end[at]), end - first)
    state = believed(whole.state[row], source[row], limit_ms[row], start_ms, gaps)
    parts = Intervals(start_ms, end_ms, whole.seat[row], state, whole.sign[row])
    return Intervals.joined(whole.take(~doubtful), parts)


def _overlapping(whole: Intervals, source: I64, gaps: Gaps) -> tuple[I64, I64]:
    """(N,) each: the gaps [first, end) that overlap each interval."""
    if not len(gaps):
        none = np.zeros(len(whole), np.int64)
        return none, none
    ends, starts = _keys(gaps.source, gaps.end_ms), _keys(gaps.source, gaps.start_ms)
    first = np.searchsorted(ends, _keys(source, whole.start_ms), "right")
    end = np.searchsorted(starts, _keys(source, whole.end_ms), "left")
    return first, np.maximum(first, end)


def _cut(
    whole: Intervals, at: I64, limit_ms: I64, gaps: Gaps, gap: I64, count: I64
) -> tuple[I64, I64, I64]:
    """Cut the intervals `at` at every instant that matters: their places, starts and ends.

    gap: the gaps that overlap them, interval by interval; count: (N,) how many each interval has.
    """
    of_gap = np.repeat(at, count[at])
    row = np.concatenate([at, at, at, at, of_gap, of_gap, of_gap])
    limit = limit_ms[at]
    edge_ms = np.concatenate(
        [
            whole.start_ms[at], whole.end_ms[at], limit, limit + DAY_MS,
            gaps.start_ms[gap], gaps.end_ms[gap], gaps.gone_ms[gap],
        ]
    )  # fmt: skip
    edge_ms = np.clip(edge_ms, whole.start_ms[row], whole.end_ms[row])
    order = np.lexsort((edge_ms, row))
    row, edge_ms = row[order], edge_ms[order]
    real: Bool = (row[1:] == row[:-1]) & (edge_ms[1:] > edge_ms[:-1])
    return row[:-1][real], edge_ms[:-1][real], edge_ms[1:][real]


def _keys(source: I64, ms: I64) -> I64:
    return time_keys(source, np.clip(ms, 0, KEY_MS_MOST))
