"""Sums of closed intervals in all windows, by seat, kept from one reading to the next.

A window reaches over many minutes, and most seats have no new interval from one second to the next.
So only the seats that changed are summed again; all of them when a minute is over.
"""

from typing import Final

import numpy as np

from stream.arrays import grown
from stream.events.language import I64, STATE_COUNT
from stream.windows.panes import Panes

WINDOW_MINUTES: Final = (5, 15, 60)
WINDOW_COUNT: Final = len(WINDOW_MINUTES) + 1
"""5m, 15m, 60m and the shift."""


class ClosedSums:
    """The sums of the last reading; they never change a result, only the time that it takes.

    Args:
        panes: what is summed; `Panes.changed` says which seats changed since the last reading.
    """

    def __init__(self, panes: Panes) -> None:
        self._panes = panes
        self._minute = -1
        self._shift_ms = np.zeros(0, np.int64)
        self._sums = np.zeros((0, WINDOW_COUNT, STATE_COUNT), np.int64)

    def read(self, minute: int, shift_ms: I64) -> I64:
        """(seats, WINDOW_COUNT, STATE_COUNT): milliseconds, as an array of the caller's own.

        Args:
            minute: the open one, which all windows but the shift include.
            shift_ms: (seats,) where each one's shift starts.
        """
        seats, changed = len(shift_ms), self._panes.changed
        self._shift_ms, self._sums = grown(self._shift_ms, seats), grown(self._sums, seats)
        if minute != self._minute:
            self._sums[:seats] = self._summed(slice(0, seats), minute, shift_ms)
        else:
            at = np.flatnonzero(changed[:seats] | (self._shift_ms[:seats] != shift_ms))
            self._sums[at] = self._summed(at, minute, shift_ms[at])
        changed[:seats] = False
        self._minute, self._shift_ms[:seats] = minute, shift_ms
        return self._sums[:seats].copy()

    def _summed(self, seats: slice | I64, minute: int, shift_ms: I64) -> I64:
        sums = np.empty((len(shift_ms), WINDOW_COUNT, STATE_COUNT), np.int64)
        newest = minute + 1
        for window, minutes in enumerate(WINDOW_MINUTES):
            part = self._panes.sum_minutes(seats, minute - minutes, newest - 1)
            sums[:, window] = part + sums[:, window - 1] if window else part
            newest = minute - minutes
        sums[:, -1] = self._panes.sum_shift(seats, shift_ms)
        return sums
