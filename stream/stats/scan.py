"""Collective detector: how many entries into aux within how short a span are no chance."""

from typing import Final

import numpy as np
import numpy.typing as npt

from stream.stats.share import check_baseline
from stream.units import MINUTE_MS, SECOND_MS

F64 = npt.NDArray[np.float64]

SPAN_MAX_S: Final = 300
SPAN_MIN_S: Final = 5
ENTRIES_MIN: Final = 3

_ROWS: Final = 64
_SPANS_MIN: Final = np.arange(1, SPAN_MAX_S + 1) / 60.0


def scan_rate(entries: int, span_min: float, entries_per_min: float) -> float:
    """How often per minute m entries fall within w minutes of each other, in control.

    (1 - L w/m) L Poisson(m-1; L w) with L entries per minute: the approximation of scan
    statistics by Alm 1983 and Naus 1982 (JASA 77, 177-183), entries being a Poisson process. It
    holds for m > L w; infinite elsewhere, where m entries within w are the rule.
    """
    rates = _rates(np.array([entries]), np.array([span_min]), entries_per_min)
    return float(rates[0, 0])


def span_table(
    n: int, p0: float, spell_ms: float, rate_per_min: float
) -> tuple[tuple[int, int], ...]:
    """(j, span_ms) for each j: j distinct agents of n entering within the span are an alarm.

    For j = 3, 4 … n the longest span of whole seconds, up to 300 s, for which, and below which,
    chance does it no more often than `rate_per_min`. Spans under 5 s are left out: machines do
    that. The first j that has 300 s is the last: more entries within it are an alarm already.
    """
    entries_per_min = n * p0 / (spell_ms / MINUTE_MS)
    table: list[tuple[int, int]] = []
    for first in range(ENTRIES_MIN, n + 1, _ROWS):
        entries = np.arange(first, min(first + _ROWS, n + 1))
        allowed = _rates(entries, _SPANS_MIN, entries_per_min) <= rate_per_min
        # Spans have to be allowed from the shortest on: the first that is not ends the run.
        spans_s = np.logical_and.accumulate(allowed, axis=1).sum(axis=1)
        for j, span_s in zip(entries.tolist(), spans_s.tolist(), strict=True):
            if span_s >= SPAN_MIN_S:
                table.append((j, span_s * SECOND_MS))
            if span_s == SPAN_MAX_S:
                return tuple(table)
    return tuple(table)


class SpanTable:
    """Span tables for one baseline and budget; worked out for an n when it is first met.

    Raises:
        ValueError: a share outside (0, 1), or a spell or rate that is not above 0.
    """

    def __init__(self, p0: float, spell_ms: float, rate_per_min: float) -> None:
        check_baseline(p0, spell_ms, rate_per_min)
        self._p0, self._spell_ms, self._rate = p0, spell_ms, rate_per_min
        self._known: dict[int, tuple[tuple[int, int], ...]] = {}

    def spans(self, n: int) -> tuple[tuple[int, int], ...]:
        """(j, span_ms), both rising; empty if n is too small for any alarm."""
        found = self._known.get(n)
        if found is None:
            found = self._known[n] = span_table(n, self._p0, self._spell_ms, self._rate)
        return found


def _rates(entries: npt.NDArray[np.int64], span_min: F64, entries_per_min: float) -> F64:
    """`scan_rate` of J numbers of entries by W spans: (J, W)."""
    m, x = entries[:, None], entries_per_min * span_min
    log_factorial = np.append(0.0, np.cumsum(np.log(np.arange(1.0, entries.max()))))
    log_chance = (m - 1) * np.log(x) - x - log_factorial[m - 1]
    rates = (1 - x / m) * entries_per_min * np.exp(log_chance)
    return np.where(x < m, rates, np.inf)
