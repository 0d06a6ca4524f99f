"""Alarm limits by the number of staffed heads, derived from baseline and budget.

Formulas and tables are those of `stream.stats` (statistics.md, section 2); here they become
arrays that are looked up for all teams at once.
"""

from functools import cache
from math import ceil
from typing import Final

import numpy as np

from stream.events.language import I64
from stream.spec import ControlSpec
from stream.stats.budget import WorkingTime
from stream.stats.chance import Interval, interval_of
from stream.stats.scan import SPAN_MAX_S, SPAN_MIN_S, SpanTable, scan_rate
from stream.stats.share import (
    ShareTable,
    amber_threshold,
    doctrine_threshold,
    threshold,
    up_rate,
)
from stream.units import MINUTE_MS, SECOND_MS

SMALLEST: Final = 5
"""Fewer heads: facts only, no statistical alarm, no amber."""
NO_LIMIT: Final = 1 << 40
SPAN_MAX_MS: Final = SPAN_MAX_S * SECOND_MS
"""No span is longer, so older entries are forgotten."""
_EXACT_BITS: Final = 8


def grid(n: int) -> int:
    """The number itself up to 256, above it rounded up by less than 1 %.

    The tables of big pools would else be worked out anew at each login. A greater n has greater
    thresholds and shorter spans, so rounding up never costs false alarms.
    """
    step = 1 << max(0, (n - 1).bit_length() - _EXACT_BITS)
    return -(-n // step) * step


class Limits:
    """Limits by heads: arrays of length `size`, indexed by n; `NO_LIMIT` below five heads.

    Raises:
        ValueError: a baseline or budget that has no meaning (see `stream.stats.share`).
    """

    def __init__(self, control: ControlSpec) -> None:
        self.control = control
        """Baseline and budget."""
        self.work = WorkingTime(control.shift_hours, control.shifts_per_month)
        self._base = (control.aux_rate, float(control.aux_spell_ms))
        self._rates = (
            self.work.per_day(control.nudge_per_day),
            self.work.per_month(control.share_per_month),
        )
        self._shares = tuple(ShareTable(*self._base, rate) for rate in self._rates)
        self._spans = SpanTable(*self._base, self.work.per_month(control.span_per_month))
        self._by_movers: dict[tuple[int, int], I64] = {}
        self._thresholds: dict[int, tuple[int, int]] = {}
        self._set(np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.ensure(64)

    def ensure(self, n: int) -> None:
        """Make the arrays reach n."""
        if n < self.size:
            return
        size = max(n + 1, 2 * self.size)
        pairs = [self._pair(grid(heads)) for heads in range(self.size, size)]
        more = np.array(pairs, np.int64).reshape(-1, 2)
        self._set(np.append(self._k_day, more[:, 0]), np.append(self._k_month, more[:, 1]))

    def _pair(self, n: int) -> tuple[int, int]:
        found = self._thresholds.get(n)
        if found is None:
            found = self._thresholds[n] = self._compute(n)
        return found

    def _compute(self, n: int) -> tuple[int, int]:
        if n <= 1 << _EXACT_BITS:
            one = np.array([n])
            day, month = (int(table.threshold(one)[0]) for table in self._shares)
        else:
            day, month = (threshold(n, *self._base, rate) for rate in self._rates)
        return day, month

    def _set(self, k_day: I64, k_month: I64) -> None:
        heads = np.arange(len(k_day), dtype=np.int64)
        small = heads < SMALLEST
        self._k_day, self._k_month = k_day, k_month
        self.size = len(heads)
        self.page = np.where(small, NO_LIMIT, np.maximum(doctrine_threshold(heads), k_month))
        """K at which share is out of control."""
        self.nudge = np.where(small, NO_LIMIT, np.minimum(self.page, k_day))
        """K at which share is watched: chance does it once a day."""
        self.amber = np.where(small, NO_LIMIT, amber_threshold(heads))
        usual = np.ceil(heads * self.control.aux_rate - 1e-9).astype(np.int64)
        self.clear = np.minimum(usual + 1, np.where(small, NO_LIMIT, self.nudge - 1))
        """Greatest K at which an alert may clear; always below the limit that raises one."""

    def spans(self, n: int, resolution_ms: int) -> I64:
        """(J,): longest span of j movers that is an alarm, at index j - 1; -1 where none is.

        A span below twice the source's resolution is left out: its entries may lie anywhere
        within two ticks of the source's clock.
        """
        if n < SMALLEST:
            return np.zeros(0, np.int64)
        key = (grid(n), max(0, resolution_ms))
        found = self._by_movers.get(key)
        if found is None:
            table = self._spans.spans(key[0])
            found = np.full(table[-1][0] if table else 0, -1, np.int64)
            for movers, span_ms in table:
                found[movers - 1] = span_ms if span_ms >= 2 * resolution_ms else -1
            self._by_movers[key] = found
        return found

    def usual(self, n: int) -> float:
        """Heads in aux that n staffed agents have on average when in control."""
        return n * self.control.aux_rate

    def share_chance(self, k: int, n: int) -> Interval:
        """How often chance alone would bring k of n into aux."""
        return interval_of(up_rate(k, n, *self._base), self.work)

    def run_chance(self, movers: int, span_ms: int, n: int) -> Interval:
        """How often chance alone would let so many enter within such a span."""
        if n < 1:
            return interval_of(0.0, self.work)
        spell_min = self.control.aux_spell_ms / MINUTE_MS
        entries_per_min = n * self.control.aux_rate / spell_min
        span_min = max(span_ms, SPAN_MIN_S * SECOND_MS) / MINUTE_MS
        return interval_of(scan_rate(movers, span_min, entries_per_min), self.work)

    def busiest(self, n: int) -> int:
        """Movers within five minutes that are an alarm whatever their spacing; 0: none."""
        table = self._spans.spans(grid(n)) if n >= SMALLEST else ()
        return table[-1][0] if table and table[-1][1] == SPAN_MAX_MS else 0


def ceil_s(span_ms: int) -> int:
    """Whole seconds, rounded up, at least 1: how a message shows a span."""
    return max(1, ceil(span_ms / SECOND_MS))


@cache
def limits_of(control: ControlSpec) -> Limits:
    """The limits of a configuration, worked out once for all shards of a process."""
    return Limits(control)
