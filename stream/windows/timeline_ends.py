"""Both ends of each agent's timeline: the first row ever, and the open one."""

import numpy as np

from stream.arrays import ColumnStore, column
from stream.events.language import I64, Bool
from stream.units import NEVER_MS
from stream.windows.timeline import Merged


class TimelineEnds(ColumnStore):
    """Columns by agent number; their names are stored names (`stream.windows.snapshot`)."""

    last_ms: I64 = column(np.int64, NEVER_MS, per="agents")
    """NEVER_MS for an agent without rows."""
    last_seat: I64 = column(np.int64, per="agents")
    last_state: I64 = column(np.int64, per="agents")
    last_source: I64 = column(np.int64, per="agents")
    limit_ms: I64 = column(np.int64, NEVER_MS, per="agents")
    """Until when the open state is credible."""
    first_ms: I64 = column(np.int64, NEVER_MS, per="agents")
    first_seat: I64 = column(np.int64, per="agents")
    whole: Bool = column(np.bool_, fill=True, per="agents")
    """Whether the timeline still holds the agent's first row."""

    def update(self, agents: I64, merged: Merged) -> None:
        """Update the ends of the agents that a merge changed, in the order of `merged.changed`."""
        last = merged.start[merged.changed + 1] - 1
        rows = merged.rows
        self.last_ms[agents] = rows.ts_ms[last]
        self.last_seat[agents] = rows.seat[last]
        self.last_state[agents] = rows.state[last]
        self.last_source[agents] = rows.source[last]
        self.limit_ms[agents] = rows.limit_ms[last]
        first = merged.start[merged.changed]
        start = self.whole[agents] | (rows.ts_ms[first] < self.first_ms[agents])
        self.first_ms[agents[start]] = rows.ts_ms[first[start]]
        self.first_seat[agents[start]] = rows.seat[first[start]]
