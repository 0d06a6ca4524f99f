"""Where spells begin: a row that tells another state, or another team, than what held before it.

A repeat begins none, nor does a row that lasts no time, nor one that comes with `sync`. After a
state that had passed its limit the same state is a new spell.
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
    """(R,) the agent's next row; NEVER_MS: it is the last one."""

    @property
    def closed(self) -> Bool:
        """(R,) whether another row follows."""
        return self.next_ms < NEVER_MS


def suffix(rows: Rows, first: I64, end: I64) -> Suffix:
    """The runs [first, end) of rows, some of which may be empty; each ends with its agent's."""
    at = ranges(first, end)
    next_ms = np.full(len(at), NEVER_MS, np.int64)
    length = end - first
    last = (np.cumsum(length) - 1)[length > 0]
    next_ms[:-1] = rows.ts_ms[at[1:]]
    next_ms[last] = NEVER_MS
    return Suffix(rows.take(at), next_ms)


def begun(told: Suffix, limit_ms: I64) -> I64:
    """The rows with which spells begin; limit_ms: (R,) until when each is credible.

    That of the first row of each agent is taken for the beginning of a spell. Where it is not, it
    stands in the suffix before a change and in that after it alike, and the difference is right.
    """
    rows = told.rows
    at = np.flatnonzero(told.next_ms > rows.ts_ms)
    if not len(at):
        return at
    before, after = at[:-1], at[1:]
    begins = ~rows.sync[at]
    begins[1:] &= (
        (told.next_ms[before] == NEVER_MS)
        | (rows.seat[before] != rows.seat[after])
        | (rows.state[before] != rows.state[after])
        | (limit_ms[before] < rows.ts_ms[after])
    )
    return at[begins]
