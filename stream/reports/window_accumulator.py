"""Sums of a tumbling window, slice by slice, as rows for agents and for teams."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from stream.events.language import I64, STATE_COUNT, State
from stream.figures.seat_sums import SeatSums
from stream.ids import TeamKey
from stream.windows.calls.minute_sums import TEAM_COUNTS


class SeatKey(NamedTuple):
    """An agent in a team, by name."""

    floor: str
    pool: str
    team: str
    agent: str


@dataclass(frozen=True, slots=True)
class FinishedWindow:
    """A window that is final: its seats with time in any state, in order of their names."""

    start_ms: int
    end_ms: int
    length_ms: int
    """True length: the last window ends with the last event."""
    seats: list[SeatKey]
    state_ms: I64
    """(N, STATE_COUNT)"""
    calls: I64
    """(N, len(TEAM_COUNTS))"""

    def teams(self) -> list[tuple[TeamKey, slice]]:
        """The teams and which of the seats are theirs."""
        keys = [TeamKey(seat.floor, seat.pool, seat.team) for seat in self.seats]
        starts = [at for at, key in enumerate(keys) if at == 0 or key != keys[at - 1]]
        return [(keys[start], slice(start, end)) for start, end in pairwise([*starts, len(keys)])]


class WindowAccumulator:
    """Adds up the slices of one window from its start, then those of the next."""

    def __init__(self) -> None:
        self._start_ms = 0
        self._end_ms = 0
        self._reached_ms = 0
        self._last: SeatSums | None = None
        self._state_ms = np.zeros((0, STATE_COUNT), np.int64)
        self._calls = np.zeros((0, len(TEAM_COUNTS)), np.int64)

    def begin(self, start_ms: int, end_ms: int) -> None:
        """Begin a window."""
        self._start_ms, self._end_ms = start_ms, end_ms
        self._state_ms[:] = 0
        self._calls[:] = 0

    def add(self, sums: SeatSums, reached_ms: int) -> None:
        """Add a slice; `reached_ms`: its end, or as_of where that comes first."""
        self._resize(sums)
        self._state_ms += sums.state_ms
        self._calls += sums.calls
        self._reached_ms = reached_ms

    def _resize(self, sums: SeatSums) -> None:
        last, self._last = self._last, sums
        if last is not None and len(last.keys) == len(sums.keys):
            return
        row_of = {key: row for row, key in enumerate(sums.keys)}
        at = [row_of[key] for key in last.keys] if last is not None else []
        self._state_ms = _spread_out(self._state_ms, at, len(row_of))
        self._calls = _spread_out(self._calls, at, len(row_of))

    def finish(self) -> FinishedWindow:
        """Close the window.

        The time of an agent before the first row counts as unknown in the window of that row.
        """
        sums = self._last
        assert sums is not None, "a window has at least one slice"
        begun = (sums.first_ms >= self._start_ms) & (sums.first_ms < self._reached_ms)
        at = np.flatnonzero(begun & (sums.is_first > 0))
        self._state_ms[at, State.unknown] += sums.first_ms[at] - self._start_ms
        rows = np.flatnonzero(self._state_ms.any(axis=1))
        seats = [SeatKey(*sums.keys[row]) for row in rows.tolist()]
        return FinishedWindow(
            self._start_ms,
            self._end_ms,
            self._reached_ms - self._start_ms,
            seats,
            self._state_ms[rows],
            self._calls[rows],
        )


def _spread_out(values: I64, at: list[int], size: int) -> I64:
    """Rows at their new places among `size`; the others are 0."""
    wider = np.zeros((size, values.shape[1]), np.int64)
    wider[at] = values
    return wider
