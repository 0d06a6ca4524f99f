"""The order of an agent's rows of equal time whose events say none: that in which they appear."""

from collections.abc import Sequence

import numpy as np

from stream.arrays import I64, U8, Bool


def ranks(groups: Sequence[I64], kinds: Sequence[I64 | U8 | Bool]) -> I64:
    """(N,): the rank of each row among the different rows of its group, by first appearance.

    Args:
        groups: columns (N,) in which the rows of a group are equal.
        kinds: columns (N,) in which equal rows of a group are equal; these share a rank.
    """
    order = np.lexsort((*kinds, *groups))
    new_group = _differs(groups, order)
    new_row = new_group | _differs(kinds, order)
    group_of_row = (np.cumsum(new_group) - 1)[new_row]
    first = order[new_row]  # the sort is stable
    by_appearance = np.lexsort((first, group_of_row))
    start = np.searchsorted(group_of_row, group_of_row)
    rank = np.empty(len(first), np.int64)
    rank[by_appearance] = np.arange(len(first)) - start
    out = np.empty(len(order), np.int64)
    out[order] = rank[np.cumsum(new_row) - 1]
    return out


def _differs(columns: Sequence[I64 | U8 | Bool], order: I64) -> Bool:
    """(N,): whether each row, in this order, differs from the one before it in any column."""
    differs = np.zeros(len(order), np.bool_)
    differs[:1] = True
    for column in columns:
        ordered = column[order]
        differs[1:] |= ordered[1:] != ordered[:-1]
    return differs
