"""What stands at either end of each agent's timeline: the first row ever, and the open one."""

from collections.abc import Callable

import numpy as np

from stream.arrays import grown
from stream.events.language import I64
from stream.units import NEVER_MS
from stream.windows.timeline import Merged

LimitOf = Callable[[I64, I64, I64, I64], I64]


class TimelineEnds:
    """Columns by agent number. `last_ms` is NEVER_MS for an agent without rows."""

    COLUMNS = (
        "last_ms",
        "last_seat",
        "last_state",
        "last_source",
        "limit_ms",
        "first_ms",
        "first_seat",
        "whole",
    )

    def __init__(self) -> None:
        self.last_ms = np.full(64, NEVER_MS, np.int64)
        self.last_seat = np.zeros(64, np.int64)
        self.last_state = np.zeros(64, np.int64)
        self.last_source = np.zeros(64, np.int64)
        self.limit_ms = np.full(64, NEVER_MS, np.int64)
        """Until when the open state is credible."""
        self.first_ms = np.full(64, NEVER_MS, np.int64)
        self.first_seat = np.zeros(64, np.int64)
        self.whole = np.ones(64, np.bool_)
        """Whether the timeline still holds the agent's first row."""

    def resize(self, agents: int) -> None:
        """Follow the number of agents."""
        for name in self.COLUMNS:
            fill = NEVER_MS if name in ("last_ms", "limit_ms", "first_ms") else int(name == "whole")
            setattr(self, name, grown(getattr(self, name), agents, fill))

    def update(self, agents: I64, merged: Merged, limit_of: LimitOf) -> None:
        """Follow a merge for the agents that it changed, in the order of `merged.changed`."""
        last = merged.start[merged.changed + 1] - 1
        rows = merged.rows
        self.last_ms[agents] = rows.ts_ms[last]
        self.last_seat[agents] = rows.seat[last]
        self.last_state[agents] = rows.state[last]
        self.last_source[agents] = rows.source[last]
        self.limit_ms[agents] = limit_of(
            self.last_source[agents],
            self.last_state[agents],
            self.last_seat[agents],
            self.last_ms[agents],
        )
        first = merged.start[merged.changed]
        start = self.whole[agents] | (rows.ts_ms[first] < self.first_ms[agents])
        self.first_ms[agents[start]] = rows.ts_ms[first[start]]
        self.first_seat[agents[start]] = rows.seat[first[start]]
