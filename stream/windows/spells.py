"""Where spells begin: a row with another state, or in another team, than the row before it.

A repeat begins no spell, nor does a row that lasts no time, nor one with `sync`. After a state that
had passed its limit the same state is a new spell.
"""

from dataclasses import dataclass

import numpy as np

from stream.arrays import ranges
from stream.events.language import I64, Bool
from stream.units import NEVER_MS
from stream.windows.timeline import Rows


@dataclass(frozen=True, slots=True)
class Suffix:
    """The last rows of some agents, one agent after the other; R rows."""

    rows: Rows
    next_ms: I64
    """(R,) the instant of the agent's next row; NEVER_MS for the last one."""

    @property
    def closed(self) -> Bool:
        """(R,) whether another row follows."""
        return self.next_ms < NEVER_MS


def suffix(rows: Rows, first: I64, end: I64) -> Suffix:
    """The runs [first, end) of rows; each ends with its agent's last row, and may be empty."""
    at = ranges(first, end)
    next_ms = np.full(len(at), NEVER_MS, np.int64)
    length = end - first
    last = (np.cumsum(length) - 1)[length > 0]
    next_ms[:-1] = rows.ts_ms[at[1:]]
    next_ms[last] = NEVER_MS
    return Suffix(rows.take(at), next_ms)


def spell_starts(tail: Suffix) -> I64:
    """Places of the rows with which spells begin.

    The first row of each agent always counts as the beginning of a spell. Where it is none, it is
    in the suffix before a change and in the one after it alike, so the difference is right.
    """
    rows = tail.rows
    at = np.flatnonzero(tail.next_ms > rows.ts_ms)
    if not len(at):
        return at
    before, after = at[:-1], at[1:]
    begins = ~rows.sync[at]
    begins[1:] &= (
        (tail.next_ms[before] == NEVER_MS)
        | (rows.seat[before] != rows.seat[after])
        | (rows.state[before] != rows.state[after])
        | (rows.limit_ms[before] < rows.ts_ms[after])
    )
    return at[begins]
