"""Thresholds of the collective detector: entries into aux within a span of time."""

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
    """Return how often m entries fall within w minutes of each other, in control.

    (1 - L w/m) L Poisson(m-1; L w) with L entries per minute: the approximation of scan
    statistics by Alm 1983 and Naus 1982 (JASA 77, 177-183), entries being a Poisson process. It
    holds for m > L w.

    Args:
        entries: m.
        span_min: w, minutes.
        entries_per_min: L.

    Returns:
        Times per minute; infinite for m ≤ L w, where m entries within w are usual.

    (1 - 0.2/3) 0.2 (0.2² / 2) e^-0.2:

    >>> round(scan_rate(3, span_min=1, entries_per_min=0.2), 6)
    0.003057
    """
    rates = _rates(np.array([entries]), np.array([span_min]), entries_per_min)
    return float(rates[0, 0])


def span_table(
    n: int, p0: float, spell_ms: float, rate_per_min: float
) -> tuple[tuple[int, int], ...]:
    """Return (j, span_ms) for each j: j distinct agents of n entering within the span are an alarm.

    For j = 3, 4 … n the longest span of whole seconds, up to 300 s, up to which chance reaches j
    entries no more often than `rate_per_min`. Spans below 5 s are left out: machines cause those.
    The first j with 300 s is the last: more entries within 300 s are an alarm already.

    Args:
        n: agents at risk.
        p0: share of time in aux, in control.
        spell_ms: mean length of a spell of aux.
        rate_per_min: false alarms allowed per minute.

    The published table for 12 agents, 8.5 % in aux, spells of 5 minutes and 0.15 false alarms per
    month of 22 shifts:

    >>> from stream.stats.budget import WorkingTime
    >>> per_min = WorkingTime().per_month(0.15)
    >>> [(j, span_ms // 1000) for j, span_ms in span_table(12, 0.085, 300_000, per_min)]
    [(4, 22), (5, 63), (6, 124), (7, 204), (8, 298), (9, 300)]
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
    """Span tables of one baseline and budget, computed when an n is first asked for.

    Raises:
        ValueError: a share outside (0, 1), or a spell or rate that is not above 0.
    """

    def __init__(self, p0: float, spell_ms: float, rate_per_min: float) -> None:
        check_baseline(p0, spell_ms, rate_per_min)
        self._p0, self._spell_ms, self._rate = p0, spell_ms, rate_per_min
        self._known: dict[int, tuple[tuple[int, int], ...]] = {}

    def spans(self, n: int) -> tuple[tuple[int, int], ...]:
        """Return (j, span_ms), both increasing; empty if n is too small for any alarm."""
        found = self._known.get(n)
        if found is None:
            found = self._known[n] = span_table(n, self._p0, self._spell_ms, self._rate)
        return found


def _rates(entries: npt.NDArray[np.int64], span_min: F64, entries_per_min: float) -> F64:
    """Compute `scan_rate` for J numbers of entries and W spans: (J, W)."""
    m, x = entries[:, None], entries_per_min * span_min
    log_factorial = np.append(0.0, np.cumsum(np.log(np.arange(1.0, entries.max()))))
    log_chance = (m - 1) * np.log(x) - x - log_factorial[m - 1]
    rates = (1 - x / m) * entries_per_min * np.exp(log_chance)
    return np.where(x < m, rates, np.inf)
