"""Mean, sample standard deviation and coefficient of variation between members, by group."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stream.arrays import Runs
from stream.events.language import I64, Bool

F64 = npt.NDArray[np.float64]

MEMBERS_MIN_SD: Final = 2
MEMBERS_MIN_CV: Final = 3
"""Below three members a coefficient of variation carries no information."""

_INT_BITS: Final = 62


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and dispersion between the members of each of G groups; arrays (G, ...)."""

    n: I64
    """Eligible members."""
    mean: F64
    """Arithmetic mean, in the unit of the values; NaN without members."""
    sd: F64
    """Sample standard deviation (ddof 1), in the unit of the values; NaN below 2 members."""
    cv: F64
    """sd / mean; NaN below 3 members or for mean 0: undefined is neither 0 nor an alarm."""


def spread(values: F64, eligible: Bool, group: I64, groups: int) -> Spread:
    """Compute mean, standard deviation and coefficient of variation of each group.

    Two passes, mean first, as in the textbook definition. Each sum is independent of the order of
    its terms, so a figure does not depend on the order in which members arrive.

    Args:
        values: (N, ...); values that are not eligible may be NaN.
        eligible: which values count, of the shape of `values`.
        group: (N,), the group of each member, 0 … groups - 1.
        groups: G, the number of groups.

    >>> minutes = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    >>> found = spread(minutes, ~np.isnan(minutes), np.array([0, 0, 0, 1, 1]), groups=2)
    >>> found.n.tolist(), found.mean.tolist()
    ([3, 1], [2.0, 4.0])
    >>> found.sd.tolist(), found.cv.tolist()
    ([1.0, nan], [0.5, nan])
    """
    shape = (groups, *values.shape[1:])
    rows = (len(group), int(np.prod(values.shape[1:], dtype=np.int64)))
    runs = Runs.of(group, groups)
    ok = runs.in_order(eligible.reshape(rows))
    x = np.where(ok, runs.in_order(values.reshape(rows)), 0.0)
    n = np.add.reduceat(ok, runs.start, axis=0, dtype=np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = _sums(x, runs, n) / n
        deviation = np.where(ok, x - mean[runs.run], 0.0)
        sd = np.sqrt(_sums(deviation * deviation, runs, n) / (n - 1))
        sd[n < MEMBERS_MIN_SD] = np.nan
        cv = np.where((n < MEMBERS_MIN_CV) | (mean == 0), np.nan, sd / mean)
    found = [runs.by_group(each, np.nan).reshape(shape) for each in (mean, sd, cv)]
    return Spread(runs.by_group(n, 0).reshape(shape), *found)


def _sums(x: F64, runs: Runs, n: I64) -> F64:
    """Sum x by group, (runs, C), bit-identical for any order of x; n: the terms of each sum.

    Sums of integers are exact, so each sum's terms become multiples of one quantum, the finest
    that int64 can hold for that many terms of that size: finer than a float's up to 512 terms.
    x is 0 where there is no term.
    """
    _, size_bits = np.frexp(np.maximum.reduceat(np.abs(x), runs.start, axis=0))
    _, count_bits = np.frexp(n)
    scale = _INT_BITS - count_bits - size_bits
    # As ldexp, and faster: by two powers of two, since their product may be beyond all floats.
    half = scale // 2
    first, second = np.ldexp(1.0, half)[runs.run], np.ldexp(1.0, scale - half)[runs.run]
    sums = runs.sums(np.rint(x * first * second).astype(np.int64))
    total: F64 = np.ldexp(sums.astype(np.float64), -scale)
    return total
