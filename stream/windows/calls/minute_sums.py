"""Counts and sums of calls by minute and by period, for teams and for pools."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stream.arrays import add_rows, grown, ranked
from stream.events.language import I64
from stream.units import MINUTE_MS
from stream.windows.calls.contribution import Contribution, Counted
from stream.windows.calls.index import NONE
from stream.windows.panes import RING, empty_opened, sum_ring

LN_UNIT = 2**20
"""Sums of ln(handle time in ms) are integers in units of 1 / LN_UNIT: order cannot matter."""

TEAM_COUNTS = (
    "started",
    "handled",
    "short",
    "talk_ms",
    "talk_known",
    "hold_ms",
    "acw_ms",
    "acw_known",
    "ln_handle",
    "ln_known",
)
POOL_COUNTS = (
    "offered",
    "answered",
    "in_time",
    "abandoned",
    "wait_ms",
    "wait_known",
    "callback_requested",
    "callback_done",
)


def team_values(what: Contribution, short_ms: int) -> tuple[I64, I64]:
    """Places of the rows that count for a seat, and their values, (N, len(TEAM_COUNTS))."""
    at = np.flatnonzero(what.seat != NONE)
    ended = what.kind[at] == Counted.handled
    talk, hold, acw = (
        np.maximum(column[at], 0) for column in (what.talk_ms, what.hold_ms, what.acw_ms)
    )
    talk_known = ended & (what.talk_ms[at] >= 0)
    handle = talk + hold + acw
    ln_known = talk_known & (handle > 0)
    ln = np.rint(np.log(np.where(ln_known, handle, 1)) * LN_UNIT).astype(np.int64)
    columns = (
        what.kind[at] == Counted.started,
        ended,
        talk_known & (talk <= short_ms),
        talk * ended,
        talk_known,
        hold * ended,
        acw * ended,
        ended & (what.acw_ms[at] >= 0),
        ln,
        ln_known,
    )
    return at, np.stack([column.astype(np.int64) for column in columns], axis=1)


def pool_values(what: Contribution, service_level_ms: int) -> tuple[I64, I64]:
    """Places of the rows that count for a pool, and their values, (N, len(POOL_COUNTS))."""
    at = np.flatnonzero(what.of_pool)
    what = what.take(at)
    answered = what.kind == Counted.answered
    wait_known = answered & (what.wait_ms >= 0)
    columns = (
        what.kind == Counted.offered,
        answered,
        wait_known & (what.wait_ms <= service_level_ms),
        what.kind == Counted.abandoned,
        np.where(wait_known, what.wait_ms, 0),
        wait_known,
        what.kind == Counted.callback_requested,
        what.kind == Counted.callback_done,
    )
    return at, np.stack([column.astype(np.int64) for column in columns], axis=1)


@dataclass(frozen=True, slots=True)
class CountEntries:
    """Values to be added, in columns of length N."""

    row: I64
    ts_ms: I64
    period_ms: I64
    """The start of the period (shift or local day) that contains the instant."""
    values: I64
    """(N, width)"""


class MinuteSums:
    """Sums by row (team, pool or seat): by minute, and also by period (shift or local day).

    A fact counts in the minute of its own instant as soon as it is known, also where that is later:
    a sum is what is known now, not what was known at the end of its minute. Minutes are stored for
    two hours.
    """

    def __init__(self, width: int) -> None:
        self.minutes = np.zeros((8, RING, width), np.int64)
        self.head = np.zeros(8, np.int64)
        self.periods: dict[tuple[int, int], int] = {}
        """The place in `sums` of each (row, start of period)."""
        self.sums = np.zeros((8, width), np.int64)
        self._width = width

    def resize(self, rows: int) -> None:
        """Follow the number of rows."""
        self.minutes = grown(self.minutes, rows)
        self.head = grown(self.head, rows)

    def advance(self, minute: I64) -> None:
        """Open minutes up to the given one of each row (rows,); never goes back."""
        head = self.head[: len(minute)]
        empty_opened(self.minutes, head, minute)
        np.maximum(head, minute, out=head)

    def add(self, entries: CountEntries) -> None:
        """Add entries; minutes that are no longer stored are skipped."""
        row, values = entries.row, entries.values
        if not len(row):
            return
        minute = entries.ts_ms // MINUTE_MS
        kept = np.flatnonzero(minute > self.head[row] - RING)
        minutes = self.minutes.reshape(-1, self._width)
        add_rows(minutes, row[kept] * RING + minute[kept] % RING, values[kept])
        first_ms = int(entries.period_ms.min())
        began, which = ranked((entries.period_ms - first_ms) // MINUTE_MS)  # a whole minute each
        keys, place = ranked(row * len(began) + which)
        rows, starts_ms = keys // len(began), first_ms + began[keys % len(began)] * MINUTE_MS
        held, periods = self.periods, zip(rows.tolist(), starts_ms.tolist(), strict=True)
        at = [held.setdefault(period, len(held)) for period in periods]
        self.sums = grown(self.sums, len(held))
        add_rows(self.sums, np.array(at)[place], values)

    def drop_before(self, before_ms: int) -> None:
        """Drop the periods that started before an instant."""
        if any(start_ms < before_ms for _, start_ms in self.periods):
            kept = {key: at for key, at in self.periods.items() if key[1] >= before_ms}
            self.replace_periods(list(kept), self.sums[np.array([*kept.values()], int)])

    def replace_periods(self, periods: list[tuple[int, int]], sums: I64) -> None:
        """Replace all periods by these (row, start of period) and their sums."""
        self.periods = {key: at for at, key in enumerate(periods)}
        self.sums = grown(sums, 8)

    def windows(
        self, period_ms: I64, minutes: Sequence[int], as_of_ms: int, ahead: CountEntries
    ) -> I64:
        """Sums over windows that end at as_of_ms: (rows, len(minutes) + 1, width).

        For each of `minutes`, which ascend, that many closed minutes and the open one; then the
        period of each row that began at `period_ms` (rows,). `ahead`: all entries at as_of_ms or
        later, which are in the sums already and are subtracted.
        """
        rows, minute = len(period_ms), as_of_ms // MINUTE_MS
        sums = np.empty((rows, len(minutes) + 1, self._width), np.int64)
        newest = minute + 1
        for window, count in enumerate(minutes):  # each is the one before it, and some more
            part = self.sum_minutes(rows, minute - count, newest - 1)
            sums[:, window] = part + sums[:, window - 1] if window else part
            newest = minute - count
        at = np.array([self.periods.get(key, NONE) for key in enumerate(period_ms.tolist())], int)
        sums[:, -1] = np.where((at != NONE)[:, None], self.sums[at], 0)
        same = ahead.ts_ms // MINUTE_MS == minute
        for window in range(len(minutes)):
            np.subtract.at(sums[:, window], ahead.row[same], ahead.values[same])
        same = ahead.period_ms == period_ms[ahead.row]
        np.subtract.at(sums[:, -1], ahead.row[same], ahead.values[same])
        return sums

    def sum_minutes(self, rows: int, first: int, last: int) -> I64:
        """Sums over the minutes first..last of the first rows: (rows, width)."""
        return sum_ring(self.minutes, slice(0, rows), first, last)
