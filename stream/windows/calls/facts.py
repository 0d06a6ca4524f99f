"""What was said of calls, phase by phase, in columns."""

import numpy as np

from stream.arrays import ColumnStore, column
from stream.events.batch import CallRows
from stream.events.language import I64, Bool, Phase
from stream.units import NEVER_MS

NONE = -1
"""No agent, no leg, no duration."""
CALL_FACTS = {Phase.offered: "offered", Phase.abandoned: "abandoned"}
LEG_FACTS = {Phase.answered: "answered", Phase.ended: "ended", Phase.wrapped: "wrapped"}
VALUES = ("ts_ms", "wait_ms", "talk_ms", "hold_ms", "acw_ms", "pool", "seat")
"""A fact's values. Of two facts that contradict each other the least counts, in this order;
pools and teams by the bytes of their names."""


class CallFacts(ColumnStore):
    """One phase of many calls or legs; while `ts_ms` is NEVER_MS the others mean nothing."""

    ts_ms: I64 = column(np.int64, NEVER_MS)
    wait_ms: I64 = column(np.int64)
    talk_ms: I64 = column(np.int64)
    hold_ms: I64 = column(np.int64)
    acw_ms: I64 = column(np.int64)
    pool: I64 = column(np.int64)
    seat: I64 = column(np.int64)

    def known(self, at: I64) -> Bool:
        """(N,): whether the phase of each of these calls or legs is known."""
        known: Bool = self.ts_ms[at] < NEVER_MS
        return known

    def write(self, at: I64, rows: CallRows, row: I64) -> None:
        """Copy facts from rows (N,) of events to these places (N,)."""
        for name in VALUES:
            getattr(self, name)[at] = getattr(rows, name)[row]
