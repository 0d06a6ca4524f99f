"""Mean, sample standard deviation and coefficient of variation between members, by group."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

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
    columns = int(np.prod(values.shape[1:], dtype=np.int64))
    cell = (group[:, None] * columns + np.arange(columns)).reshape(values.shape)[eligible]
    x, cells = values[eligible], groups * columns
    n = np.bincount(cell, minlength=cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = _sums(x, cell, n) / n
        deviation = x - mean[cell]
        sd = np.sqrt(_sums(deviation * deviation, cell, n) / (n - 1))
        sd[n < MEMBERS_MIN_SD] = np.nan
        cv = np.where((n < MEMBERS_MIN_CV) | (mean == 0), np.nan, sd / mean)
    return Spread(n.reshape(shape), mean.reshape(shape), sd.reshape(shape), cv.reshape(shape))


def _sums(x: F64, cell: I64, n: I64) -> F64:
    """Sum x by cell, bit-identical for any order of x; n is the number of terms of each cell.

    Sums of integers are exact, so each cell's terms become multiples of one quantum, the finest
    that int64 can hold for that many terms of that size: finer than a float's up to 512 terms.
    """
    largest = np.zeros(len(n))
    np.maximum.at(largest, cell, np.abs(x))
    _, size_bits = np.frexp(largest)
    _, count_bits = np.frexp(n)
    scale = _INT_BITS - count_bits - size_bits
    sums = np.zeros(len(n), np.int64)
    np.add.at(sums, cell, np.rint(np.ldexp(x, scale[cell])).astype(np.int64))
    total: F64 = np.ldexp(sums.astype(np.float64), -scale)
    return total
