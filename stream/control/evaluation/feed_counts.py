"""Packed counts of all teams or pools over one feed."""

from dataclasses import dataclass

import numpy as np

from stream.control.head_counts import CountDeltas, CountSeries, first
from stream.control.step_function import StepFunction
from stream.events.language import I64
from stream.units import NEVER_MS


@dataclass(frozen=True, slots=True)
class HeadCounts:
    """Packed counts of all groups: before any change, and as they change."""

    base: I64
    """(G,)"""
    deltas: CountDeltas
    series: CountSeries

    def end(self) -> I64:
        """(G,): after all changes."""
        out = self.base.copy()
        out[self.series.groups] = self.series.packed[self.series.end - 1]
        return out

    def least(self) -> I64:
        """(G,): the least of the first count, staffed heads, at any instant."""
        least = first(self.base)
        if len(self.series.start):
            lowest = np.minimum.reduceat(first(self.series.packed), self.series.start)
            groups = self.series.groups
            least[groups] = np.minimum(least[groups], lowest)
        return least

    def step_function(self, group: int) -> StepFunction:
        """Packed counts of one group as time goes."""
        place = int(np.searchsorted(self.series.groups, group))
        if place == len(self.series.start) or self.series.groups[place] != group:
            return StepFunction([-NEVER_MS], [int(self.base[group])])
        rows = slice(int(self.series.start[place]), int(self.series.end[place]))
        return StepFunction.of(
            int(self.base[group]), self.series.at_ms[rows], self.series.packed[rows]
        )
