"""Thresholds of the share detector: agents in aux at once, of n agents."""

from math import exp, floor, lgamma, log, log1p
from typing import Final

import numpy as np

from stream.events.language import I64
from stream.units import MINUTE_MS

DOCTRINE_PART: Final = 6
"""One in six logged-in agents in aux is the practitioners' sign of lost control."""


def up_rate(k: int, n: int, p0: float, spell_ms: float) -> float:
    """Return how often the number in aux steps up to k of n, in control.

    n (p/b) Binom(k-1; n-1, p) for n independent stationary agents with share p of time in aux and
    mean spell b: entries come at rate p/b per agent, and this is the rate of those that find
    k - 1 of the n - 1 others in aux, as arrivals of a finite source that find k - 1 servers busy
    (Engset 1918). The distribution of the spells does not matter (Cohen 1957, the generalized
    Engset formulae).

    Args:
        k: agents in aux after the step.
        n: agents at risk.
        p0: share of time in aux, in (0, 1).
        spell_ms: mean length of a spell of aux.

    Returns:
        Times per minute; 0 for k outside 1..n.

    One agent with a tenth of its time in aux, five minutes each, enters once in fifty minutes:

    >>> round(1 / up_rate(1, n=1, p0=0.1, spell_ms=300_000), 6)
    50.0
    """
    if not 1 <= k <= n:
        return 0.0
    log_chance = (
        lgamma(n) - lgamma(k) - lgamma(n - k + 1) + (k - 1) * log(p0) + (n - k) * log1p(-p0)
    )
    return n * p0 / (spell_ms / MINUTE_MS) * exp(log_chance)


def threshold(n: int, p0: float, spell_ms: float, rate_per_min: float) -> int:
    """Return k(n), the least k above the usual number that n agents reach this rarely.

    The search goes up from the mode: far below it `up_rate` is small too, since a large team
    rarely has so few in aux. Arguments as in `up_rate`.

    Returns:
        n + 1, which is never reached, if even k = n is too frequent.

    The published threshold for 12 agents, 8.5 % in aux, spells of 5 minutes and 0.2 false alarms
    per month of 22 shifts:

    >>> from stream.stats.budget import WorkingTime
    >>> threshold(12, 0.085, 300_000, WorkingTime().per_month(0.2))
    8
    """
    k = floor(n * p0) + 1
    while k <= n and up_rate(k, n, p0, spell_ms) > rate_per_min:
        k += 1
    return k


def doctrine_threshold(n: I64) -> I64:
    """Return ⌈n/6⌉, of the same shape.

    >>> doctrine_threshold(np.array([5, 6, 7, 12])).tolist()
    [1, 1, 2, 2]
    """
    return -(-n // DOCTRINE_PART)


def amber_threshold(n: I64) -> I64:
    """Return max(2, ⌈n/6⌉), of the same shape; it colours boards and raises no alert."""
    return np.maximum(2, doctrine_threshold(n))


class ShareTable:
    """k(n) of one baseline and budget, computed when an n is first asked for.

    Raises:
        ValueError: a share outside (0, 1), or a spell or rate that is not above 0.
    """

    def __init__(self, p0: float, spell_ms: float, rate_per_min: float) -> None:
        check_baseline(p0, spell_ms, rate_per_min)
        self._p0, self._spell_ms, self._rate = p0, spell_ms, rate_per_min
        self._known = np.ones(1, np.int64)

    def threshold(self, n: I64) -> I64:
        """Return k(n) for each n ≥ 0, of the same shape."""
        if n.size and int(n.max()) >= len(self._known):
            self._grow(int(n.max()))
        return self._known[n]

    def page_threshold(self, n: I64) -> I64:
        """Return max(⌈n/6⌉, k(n)), of the same shape: no chance, and the doctrine agrees."""
        return np.maximum(doctrine_threshold(n), self.threshold(n))

    def _grow(self, n: int) -> None:
        more = [
            threshold(size, self._p0, self._spell_ms, self._rate)
            for size in range(len(self._known), n + 1)
        ]
        self._known = np.append(self._known, np.array(more, np.int64))


def check_baseline(p0: float, spell_ms: float, rate_per_min: float) -> None:
    """Reject a baseline or budget outside its range.

    Raises:
        ValueError: names the value and the allowed range.
    """
    if not 0 < p0 < 1:
        msg = f"share in aux {p0} is outside (0, 1)"
        raise ValueError(msg)
    if not spell_ms > 0:
        msg = f"mean spell of {spell_ms} ms is not above 0"
        raise ValueError(msg)
    if not rate_per_min > 0:
        msg = f"budget of {rate_per_min} a minute is not above 0"
        raise ValueError(msg)
