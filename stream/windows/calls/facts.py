"""What was said of calls, phase by phase, in columns."""

import numpy as np

from stream.arrays import grown
from stream.events.batch import CallRows
from stream.events.language import I64, Phase
from stream.units import NEVER_MS

NONE = -1
"""No agent, no leg, no duration."""
CALL_FACTS = {Phase.offered: "offered", Phase.abandoned: "abandoned"}
LEG_FACTS = {Phase.answered: "answered", Phase.ended: "ended", Phase.wrapped: "wrapped"}
VALUES = ("ts_ms", "wait_ms", "talk_ms", "hold_ms", "acw_ms", "pool", "seat")
"""A fact's values. Of two facts that contradict each other the least counts, in this order;
pools and teams by the bytes of their names."""


class CallFacts:
    """One phase of many calls or legs, in columns; ts_ms is NEVER_MS where it is not known."""

    def __init__(self) -> None:
        self.ts_ms = np.full(64, NEVER_MS, np.int64)
        self.wait_ms = np.zeros(64, np.int64)
        self.talk_ms = np.zeros(64, np.int64)
        self.hold_ms = np.zeros(64, np.int64)
        self.acw_ms = np.zeros(64, np.int64)
        self.pool = np.zeros(64, np.int64)
        self.seat = np.zeros(64, np.int64)

    def resize(self, size: int) -> None:
        """Follow the number of slots."""
        self.ts_ms = grown(self.ts_ms, size, NEVER_MS)
        for name in VALUES[1:]:
            setattr(self, name, grown(getattr(self, name), size))

    def put(self, slot: I64, rows: CallRows, at: I64) -> None:
        """Enter facts of which nothing was known."""
        for name in VALUES:
            getattr(self, name)[slot] = getattr(rows, name)[at]
