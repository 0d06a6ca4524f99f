"""What calls count for, in columns: entries into queues, how they ended, legs begun and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Self

import numpy as np

from stream.arrays import Columns
from stream.events.language import I64, Bool, Phase
from stream.units import NEVER_MS


class Counted(IntEnum):
    """What a row counts as: for its pool, but the last two, which count for their seat."""

    offered = Phase.offered
    answered = Phase.answered
    abandoned = Phase.abandoned
    callback_requested = Phase.callback_requested
    callback_done = Phase.callback_done
    started = len(Phase)
    """A leg was begun by an answer."""
    handled = len(Phase) + 1
    """A leg ended."""


class Row(NamedTuple):
    """One thing that a call counts for; NONE where a field does not apply or is unknown."""

    kind: int
    ts_ms: int
    pool: int
    seat: int
    wait_ms: int
    talk_ms: int
    hold_ms: int
    acw_ms: int


@dataclass(frozen=True, slots=True)
class Contribution(Columns):
    """Rows in columns; the fields are those of `Row`."""

    kind: I64
    ts_ms: I64
    """NEVER_MS: the row counts for nothing."""
    pool: I64
    seat: I64
    wait_ms: I64
    talk_ms: I64
    hold_ms: I64
    acw_ms: I64

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """Rows as columns."""
        table = np.array(rows, np.int64).reshape(len(rows), len(Row._fields))
        return cls(*np.ascontiguousarray(table.T))

    @property
    def of_pool(self) -> Bool:
        """(N,): which rows count for their pool."""
        counts: Bool = self.kind < Counted.started
        return counts

    def counting(self) -> Self:
        """Only the rows that count."""
        return self.take(self.ts_ms < NEVER_MS)


def changes(before: Contribution, after: Contribution) -> tuple[Contribution, I64]:
    """What no longer counts (sign -1) and what counts now (sign 1); both have the same places."""
    names = Contribution.__slots__
    pairs = [(getattr(before, name), getattr(after, name)) for name in names]
    differ = np.logical_or.reduce([one != other for one, other in pairs])
    gone, come = (differ & (part.ts_ms < NEVER_MS) for part in (before, after))
    columns = (np.concatenate([one[gone], other[come]]) for one, other in pairs)
    return Contribution(*columns), np.repeat([-1, 1], [gone.sum(), come.sum()])
