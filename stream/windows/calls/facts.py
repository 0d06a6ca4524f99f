"""The facts of open calls, each in a row, found by the call's slot."""

import numpy as np

from stream.arrays import ColumnStore, column, firsts
from stream.events.batch import CallRows
from stream.events.language import I32, I64, U8, Bool, Phase
from stream.windows.calls.index import NONE, FreeList

PAST = len(Phase)
"""In place of a phase: what is remembered of a call that was let go (`past_calls`). One row has
no duration and the call's last pool; one for each further leg has the seat of its agent."""


class CallFacts(ColumnStore):
    """Rows of facts; those of one call are a linked list, in no order that means anything."""

    ts_ms: I64 = column(np.int64)
    wait_ms: I64 = column(np.int64)
    """Durations of -1 are missing."""
    talk_ms: I64 = column(np.int64)
    hold_ms: I64 = column(np.int64)
    acw_ms: I64 = column(np.int64)
    pool: I32 = column(np.int32)
    """As the event names it, else as it is without any other fact."""
    seat: I32 = column(np.int32)
    """NONE: no agent is named."""
    source: I32 = column(np.int32)
    """NONE: stored by a version that did not keep it."""
    phase: U8 = column(np.uint8)
    pool_given: Bool = column(np.bool_)
    by: U8 = column(np.uint8)
    """Who ended the call: `EndedBy`."""
    reason: I64 = column(np.int64)
    """`stream.events.reasons`."""
    _following: I32 = column(np.int32, NONE)
    _first: I32 = column(np.int32, NONE, per="calls")
    """The latest row of each call; NONE without."""
    count: I32 = column(np.int32, per="calls")

    def __init__(self) -> None:
        super().__init__()
        self._rows = FreeList()

    def of(self, slots: I64) -> tuple[I64, I64]:
        """All rows of these calls, and the place of each one's call in `slots`."""
        rows, places = list[I64](), list[I64]()
        row, place = self._first[slots].astype(np.int64), np.arange(len(slots))
        while True:
            there = row != NONE
            if not there.all():
                row, place = row[there], place[there]
            if not len(row):
                break
            rows.append(row)
            places.append(place)
            row = self._following[row].astype(np.int64)
        if not rows:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.concatenate(rows), np.concatenate(places)

    def append(self, slots: I64, given: CallRows) -> I64:
        """Write events as rows of these calls, (N,); returns the numbers of the rows."""
        rows = self.allocate(slots)
        for name in STORED:
            getattr(self, name)[rows] = getattr(given, name)
        return rows

    def allocate(self, slots: I64) -> I64:
        """New rows of these calls, (N,), to be written."""
        rows = self._rows.allocate(len(slots))
        self.resize(rows=self._rows.size)
        np.add.at(self.count, slots, 1)
        left, of = rows, slots
        while len(left):  # several rows of one call are linked one after the other
            first = firsts(of)
            self._following[left[first]] = self._first[of[first]]
            self._first[of[first]] = left[first]
            left, of = left[~first], of[~first]
        return rows

    def drop(self, slots: I64) -> None:
        """Free all rows of these calls."""
        self._rows.free(self.of(slots)[0])
        self._first[slots] = NONE
        self.count[slots] = 0


STORED = tuple(name for name in CallFacts.column_names() if not name.startswith("_"))
"""The columns of a row, by their stored names."""
