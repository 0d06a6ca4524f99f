"""Sums of the open hours of seats and pools: the next hour to be sealed, and newer time."""

import numpy as np
import numpy.typing as npt

from stream.arrays import BLOCK_BITS, ColumnStore, add_rows, column, distinct
from stream.events.language import I64, STATE_COUNT
from stream.events.names import Names
from stream.windows.calls.minute_sums import POOL_COUNTS, TEAM_COUNTS
from stream.windows.panes import Intervals
from stream.windows.sources import UNSEEN_MS
from stream.windows.spells import Suffix, spell_starts

HOURS = 2
"""0: the hour to be sealed next; 1: newer time, all in the hour after (`seal_times.Seals`)."""


class HourSums(ColumnStore):
    """Sums by row and open hour.

    A fact of a call in a sealed hour that becomes known later, such as long after-call work, counts
    in the next hour, so that hours add up to all known facts of calls. Unsigned sums wrap, so that
    subtraction is exact.

    The columns by seat have stored names (`stream.windows.snapshot`).
    """

    start_ms: I64 = column(np.int64, UNSEEN_MS, per="floors")
    """Where the next hour to be sealed begins."""
    end_ms: I64 = column(np.int64, UNSEEN_MS, per="floors")
    """Where that hour ends."""
    states: npt.NDArray[np.uint32] = column(np.uint32, per="seats", shape=(HOURS, STATE_COUNT))
    """Milliseconds of closed intervals."""
    spells: npt.NDArray[np.uint16] = column(np.uint16, per="seats", shape=(HOURS, STATE_COUNT))
    """Spells that began."""
    calls: I64 = column(np.int64, per="seats", shape=(HOURS, len(TEAM_COUNTS)))
    """Values of `minute_sums.TEAM_COUNTS`."""
    pools: I64 = column(np.int64, per="pools", shape=(HOURS, len(POOL_COUNTS)))
    """Values of `minute_sums.POOL_COUNTS`."""

    def __init__(self, names: Names, dirty_seats: set[int]) -> None:
        super().__init__()
        self._names = names
        self._dirty_seats = dirty_seats

    def add(self, what: Intervals) -> None:
        """Add or subtract intervals, cut where hours begin; time in sealed hours is ignored."""
        floor = self._names.agent_floor.data[self._names.seat_agent.data[what.seat]]
        next_ms = self.end_ms[floor]
        start_ms = np.maximum(what.start_ms, self.start_ms[floor])
        newer = start_ms >= next_ms
        place = (what.seat * HOURS + newer) * STATE_COUNT + what.state
        length_ms = np.maximum(what.end_ms - start_ms, 0)
        both = np.flatnonzero(~newer & (what.end_ms > next_ms))
        beyond_ms = what.end_ms[both] - next_ms[both]
        length_ms[both] -= beyond_ms
        sums = self.states.reshape(-1)
        np.add.at(sums, place, (length_ms * what.sign).astype(np.uint32))
        np.add.at(sums, place[both] + STATE_COUNT, (beyond_ms * what.sign[both]).astype(np.uint32))

    def count_spells(self, tail: Suffix, sign: int) -> None:
        """Add (1) or subtract (-1) the spells that begin in the last rows of agents."""
        at = spell_starts(tail)
        seat = tail.rows.seat[at].astype(np.int64)
        floor = self._names.agent_floor.data[self._names.seat_agent.data[seat]]
        newer = tail.rows.ts_ms[at] >= self.end_ms[floor]
        place = (seat * HOURS + newer) * STATE_COUNT + tail.rows.state[at]
        np.add.at(self.spells.reshape(-1), place, np.uint16(sign % 2**16))
        self._changed(seat)

    def count_calls(self, seat: I64, ts_ms: I64, values: I64) -> None:
        """Add values, (N, len(TEAM_COUNTS)), of calls of seats at these instants."""
        floor = self._names.agent_floor.data[self._names.seat_agent.data[seat]]
        self._count(self.calls, seat, floor, ts_ms, values)
        self._changed(seat)

    def count_pools(self, pool: I64, ts_ms: I64, values: I64) -> None:
        """Add values, (N, len(POOL_COUNTS)), of calls of pools at these instants."""
        self._count(self.pools, pool, self._names.pool_floor.data[pool], ts_ms, values)

    def _count(self, sums: I64, row: I64, floor: I64, ts_ms: I64, values: I64) -> None:
        place = row * HOURS + (ts_ms >= self.end_ms[floor])
        add_rows(sums.reshape(-1, sums.shape[-1]), place, values)

    def close(self, seats: I64, pools: I64) -> None:
        """Close the next hour of some seats and pools: the newer time becomes the next hour."""
        for sums, rows in (
            (self.states, seats), (self.spells, seats), (self.calls, seats), (self.pools, pools),
        ):  # fmt: skip
            sums[rows, 0] = sums[rows, 1]
            sums[rows, 1] = 0
        self._changed(seats)

    def _changed(self, seats: I64) -> None:
        self._dirty_seats.update(distinct(seats >> BLOCK_BITS).tolist())
