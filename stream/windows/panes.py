"""Sums of closed intervals by minute and by shift: added, and subtracted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stream.arrays import Columns, ColumnStore, column, within
from stream.calendar.team_calendars import TeamCalendars
from stream.events.language import I64, STATE_COUNT, Bool
from stream.units import MINUTE_MS

RING = 128
"""Minutes stored: the horizon of two hours, and a few more."""
SHIFTS = 15
"""Shifts stored: the open one and the last 14."""


@dataclass(frozen=True, slots=True)
class Intervals(Columns):
    """Half-open intervals in one state, in columns; `sign` is +1 to add, -1 to subtract."""

    start_ms: I64
    end_ms: I64
    seat: I64
    state: I64
    sign: I64


def empty_opened(minutes: npt.NDArray[Any], head: I64, minute: I64) -> None:
    """Set to zero, in place, the minutes that open in a ring when its rows advance.

    minutes: (rows or more, RING, ...); head, minute: (rows,) the newest minute of each row so far,
    and from now on. A row never goes back. Most rows advance alike, and are emptied at once. One
    whose head is 0 is new: it is empty, and takes no memory until something is written to it.
    """
    behind = np.flatnonzero((minute > head) & (head > 0))
    while len(behind):
        old, new = int(head[behind[0]]), int(minute[behind[0]])
        alike = (head[behind] == old) & (minute[behind] == new)
        slots = np.arange(max(old, new - RING) + 1, new + 1) % RING
        minutes[np.ix_(behind[alike], slots)] = 0
        behind = behind[~alike]


def sum_ring(minutes: npt.NDArray[Any], rows: slice | I64, first: int, last: int) -> I64:
    """Sums over the minutes first..last of a ring, all of them stored: (rows, ...)."""
    count = last - first + 1
    start = first % RING
    total: I64 = minutes[rows, start : min(start + count, RING)].sum(axis=1, dtype=np.int64)
    if start + count > RING:
        total += minutes[rows, : start + count - RING].sum(axis=1, dtype=np.int64)
    return total


class Panes(ColumnStore):
    """Milliseconds by seat, minute and state, and by seat, shift and state.

    Minutes are a ring: `head` is the newest minute of each floor, those before head - RING + 1 are
    dropped. Sums wrap as unsigned integers do, so subtraction is exact; a shift ends within days,
    where the next begins, so it has less than 2^32 milliseconds.
    """

    minutes: npt.NDArray[np.uint16] = column(np.uint16, per="seats", shape=(RING, STATE_COUNT))
    shifts: npt.NDArray[np.uint32] = column(np.uint32, per="seats", shape=(SHIFTS, STATE_COUNT))
    shift_start_ms: I64 = column(np.int64, per="seats", shape=(SHIFTS,))
    _latest: I64 = column(np.int64, per="seats")
    """The slot of the shift that was found last for each seat: most often the next one, too."""
    changed: Bool = column(np.bool_, fill=True, per="seats")
    """Seats whose sums may have changed since `stream.windows.closed_sums` last read them."""
    head: I64 = column(np.int64, per="floors")

    def advance(self, minute: I64, floor_of_seat: I64) -> None:
        """Open minutes up to the given one of each floor (floors,); never goes back."""
        head = self.head[: len(minute)]
        self.changed[: len(floor_of_seat)] |= (minute > head)[floor_of_seat]
        empty_opened(self.minutes, head[floor_of_seat], minute[floor_of_seat])
        np.maximum(head, minute, out=head)

    def add(self, intervals: Intervals, floor_of_seat: I64, calendars: TeamCalendars) -> None:
        """Add or subtract intervals in the minutes still stored and in the shifts."""
        whole = intervals.take(intervals.end_ms > intervals.start_ms)
        self.changed[whole.seat] = True
        self._add_to_shifts(whole, calendars)
        oldest_ms = (self.head[floor_of_seat[whole.seat]] - RING + 1) * MINUTE_MS
        start_ms = np.maximum(whole.start_ms, oldest_ms)
        kept = np.flatnonzero(start_ms < whole.end_ms)
        first = start_ms[kept] // MINUTE_MS
        count = (whole.end_ms[kept] - 1) // MINUTE_MS - first + 1
        at = np.repeat(kept, count)
        minute = np.repeat(first, count) + within(count)
        length_ms = np.minimum(whole.end_ms[at], (minute + 1) * MINUTE_MS)
        length_ms -= np.maximum(start_ms[at], minute * MINUTE_MS)
        place = (whole.seat[at] * RING + minute % RING) * STATE_COUNT + whole.state[at]
        np.add.at(self.minutes.reshape(-1), place, (length_ms * whole.sign[at]).astype(np.uint16))

    def _add_to_shifts(self, intervals: Intervals, calendars: TeamCalendars) -> None:
        at, start_ms, end_ms, shift_ms = calendars.split_by_shift(
            intervals.seat, intervals.start_ms, intervals.end_ms
        )
        seat, state = intervals.seat[at], intervals.state[at]
        slot = self._slots(seat, shift_ms)
        held = np.flatnonzero(slot >= 0)
        place = (seat[held] * SHIFTS + slot[held]) * STATE_COUNT + state[held]
        length_ms = (end_ms - start_ms)[held] * intervals.sign[at][held]
        np.add.at(self.shifts.reshape(-1), place, length_ms.astype(np.uint32))

    def _slots(self, seat: I64, shift_ms: I64) -> I64:
        """The slot of each (seat, shift); a new shift replaces the oldest; -1: too old."""
        slot = self._latest[seat]
        other = np.flatnonzero(self.shift_start_ms[seat, slot] != shift_ms)
        if len(other):
            slot[other] = self._find(seat[other], shift_ms[other])
            self._latest[seat[other]] = slot[other]
            slot[self.shift_start_ms[seat, slot] != shift_ms] = -1
        return slot

    def _find(self, seat: I64, shift_ms: I64) -> I64:
        """The slot of each (seat, shift), allocated if it is new; any slot if it is too old."""
        hit = self.shift_start_ms[seat] == shift_ms[:, None]
        missing = np.flatnonzero(~hit.any(axis=1))
        order = missing[np.lexsort((shift_ms[missing], seat[missing]))]
        seats, starts_ms = seat[order], shift_ms[order]
        again = (np.diff(seats, prepend=-1) == 0) & (np.diff(starts_ms, prepend=-1) == 0)
        seats, starts_ms = seats[~again], starts_ms[~again]
        # Of each seat only the latest can stay: an interval of years has thousands.
        latest = np.searchsorted(seats, seats, side="right") - np.arange(len(seats)) <= SHIFTS
        seats, starts_ms = seats[latest], starts_ms[latest]
        while len(seats):  # of each seat the earliest one; few have another
            first = np.diff(seats, prepend=-1) > 0
            self._allocate(seats[first], starts_ms[first])
            seats, starts_ms = seats[~first], starts_ms[~first]
        return np.asarray((self.shift_start_ms[seat] == shift_ms[:, None]).argmax(axis=1))

    def _allocate(self, seats: I64, starts_ms: I64) -> None:
        """Replace the oldest shift of each seat, where the new one starts later; each seat once."""
        oldest = self.shift_start_ms[seats].argmin(axis=1)
        newer = starts_ms > self.shift_start_ms[seats, oldest]
        seats, oldest = seats[newer], oldest[newer]
        self.shift_start_ms[seats, oldest] = starts_ms[newer]
        self.shifts[seats, oldest] = 0

    def sum_minutes(self, seats: slice | I64, first: int, last: int) -> npt.NDArray[np.int64]:
        """(seats, STATE_COUNT): milliseconds in the minutes first..last, all of them stored."""
        return sum_ring(self.minutes, seats, first, last)

    def sum_shift(self, seats: slice | I64, shift_ms: I64) -> npt.NDArray[np.int64]:
        """(seats, STATE_COUNT): milliseconds in the shift that starts at `shift_ms` (seats,)."""
        hit = self.shift_start_ms[seats] == shift_ms[:, None]
        slot = hit.argmax(axis=1)
        number = np.arange(len(slot)) if isinstance(seats, slice) else seats
        found: I64 = self.shifts[number, slot].astype(np.int64)
        found[~hit[np.arange(len(slot)), slot]] = 0
        return found
