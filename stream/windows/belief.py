"""What is believed of the state that a row reports, as time goes on.

Up to its limit it is the state itself, then `unknown`, and from a day after the limit on `offline`:
of somebody who never logged off. So it is for an open row from the last sign of life of a source
that is silent. `offline` itself stays.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from stream.arrays import Columns
from stream.events.language import I64, State
from stream.units import DAY_MS
from stream.windows.panes import Intervals


@dataclass(frozen=True, slots=True)
class Belief(Columns):
    """Two instants for each of some rows, or of some sources."""

    until_ms: I64
    """Until when the state is credible."""
    gone_ms: I64
    """From when on it is `offline`."""

    @classmethod
    def by_limit(cls, limit_ms: I64) -> Self:
        """Of rows that have just their own limits."""
        return cls(limit_ms, limit_ms + DAY_MS)

    def and_of(self, other: "Belief") -> "Belief":
        """What both believe."""
        return Belief(
            np.minimum(self.until_ms, other.until_ms), np.minimum(self.gone_ms, other.gone_ms)
        )

    def states(self, state: I64, t_ms: int) -> I64:
        """(N,): what is believed at an instant of rows that report `state`."""
        doubted = np.where(self.until_ms <= t_ms, int(State.unknown), state)
        gone = (self.gone_ms <= t_ms) | (state == State.offline)
        return np.where(gone, int(State.offline), doubted)

    def split(self, intervals: Intervals) -> Intervals:
        """Cut intervals where what is believed of their rows changes.

        The pieces up to the first cut keep their places; the others follow, in any order.
        """
        start_ms, end_ms, state = intervals.start_ms, intervals.end_ms, intervals.state
        known_ms = np.clip(np.minimum(self.until_ms, self.gone_ms), start_ms, end_ms)
        at = np.flatnonzero((known_ms < end_ms) & (state != State.offline))
        if not len(at):
            return intervals
        gone_ms = np.clip(self.gone_ms[at], known_ms[at], end_ms[at])
        first = intervals.end_ms.copy()
        first[at] = known_ms[at]
        rest = intervals.take(at)
        return Intervals.joined(
            Intervals(start_ms, first, intervals.seat, state, intervals.sign),
            _in_state(rest, known_ms[at], gone_ms, State.unknown),
            _in_state(rest, gone_ms, rest.end_ms, State.offline),
        )


def _in_state(rest: Intervals, start_ms: I64, end_ms: I64, state: State) -> Intervals:
    filled = np.full(len(rest), int(state))
    return Intervals(start_ms, end_ms, rest.seat, filled, rest.sign)
