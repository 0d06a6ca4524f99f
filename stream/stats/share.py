"""Share detector: how many of n agents in aux at once are too many for chance."""

from math import exp, floor, lgamma, log, log1p
from typing import Final

import numpy as np

from stream.events.language import I64
from stream.units import MINUTE_MS

DOCTRINE_PART: Final = 6
"""A sixth of the logged-in agents in aux is the practitioner's sign of lost control."""


def up_rate(k: int, n: int, p0: float, spell_ms: float) -> float:
    """How often per minute the number in aux steps up to k of n, in control.

    n (p/b) Binom(k-1; n-1, p) for n independent stationary agents, with share p0 of time in aux
    and mean spell b, whatever the distribution of the spells: the flow of entries, which come at
    rate p/b an agent, that find k - 1 of the n - 1 others in aux. These are the
    arrivals of a finite source that find k - 1 busy (Engset 1918; that the distribution of the
    spells is of no account: Cohen 1957, the generalized Engset formulae).
    0 for k outside 1..n.
    """
    if not 1 <= k <= n:
        return 0.0
    log_chance = (
        lgamma(n) - lgamma(k) - lgamma(n - k + 1) + (k - 1) * log(p0) + (n - k) * log1p(-p0)
    )
    return n * p0 / (spell_ms / MINUTE_MS) * exp(log_chance)


def threshold(n: int, p0: float, spell_ms: float, rate_per_min: float) -> int:
    """k(n): the least k above the usual number to which n agents step up this rarely.

    Searched upwards from the mode: far below it `up_rate` is small too, since a big team is
    never that small a number. n + 1, which never comes, if even k = n is too frequent.
    """
    k = floor(n * p0) + 1
    while k <= n and up_rate(k, n, p0, spell_ms) > rate_per_min:
        k += 1
    return k


def doctrine_threshold(n: I64) -> I64:
    """⌈n/6⌉, of the same shape."""
    return -(-n // DOCTRINE_PART)


def amber_threshold(n: I64) -> I64:
    """max(2, ⌈n/6⌉): colours the board and alarms nobody; of the same shape."""
    return np.maximum(2, doctrine_threshold(n))


class ShareTable:
    """k(n) for one baseline and budget; worked out for an n when it is first met.

    Raises:
        ValueError: a share outside (0, 1), or a spell or rate that is not above 0.
    """

    def __init__(self, p0: float, spell_ms: float, rate_per_min: float) -> None:
        check_baseline(p0, spell_ms, rate_per_min)
        self._p0, self._spell_ms, self._rate = p0, spell_ms, rate_per_min
        self._known = np.ones(1, np.int64)

    def threshold(self, n: I64) -> I64:
        """k(n) for each n ≥ 0, of the same shape."""
        if n.size and int(n.max()) >= len(self._known):
            self._grow(int(n.max()))
        return self._known[n]

    def page_threshold(self, n: I64) -> I64:
        """max(⌈n/6⌉, k(n)), of the same shape: chance is excluded and the doctrine agrees."""
        return np.maximum(doctrine_threshold(n), self.threshold(n))

    def _grow(self, n: int) -> None:
        more = [
            threshold(size, self._p0, self._spell_ms, self._rate)
            for size in range(len(self._known), n + 1)
        ]
        self._known = np.append(self._known, np.array(more, np.int64))


def check_baseline(p0: float, spell_ms: float, rate_per_min: float) -> None:
    """Refuse a baseline or budget that has no meaning.

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
