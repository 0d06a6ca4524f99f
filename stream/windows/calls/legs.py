"""Legs of calls: one for each agent who took a call, found by call and agent without a dictionary.

The legs of a call are a chain of numbers: `first` of the call, then `following`, until NONE.
"""

import numpy as np

from stream.arrays import ColumnStore, column, firsts
from stream.events.language import I64
from stream.windows.calls.facts import NONE
from stream.windows.calls.index import Slots

_AGENTS_MOST = 2**31


class Legs(ColumnStore):
    """All legs of a shard's calls."""

    first: I64 = column(np.int64, NONE, per="calls")
    """The first leg of each call; NONE without."""
    nameless: I64 = column(np.int64, NONE, per="calls")
    """The leg of each call for which no agent was named; NONE without."""
    following: I64 = column(np.int64, NONE, per="legs")
    """The next leg of the same call; NONE after the last."""
    call: I64 = column(np.int64, per="legs")
    agent: I64 = column(np.int64, per="legs")
    """NONE: not named."""

    def __init__(self) -> None:
        super().__init__()
        self._slots = Slots()

    @property
    def size(self) -> int:
        """How many numbers there are, free ones too."""
        return self._slots.size

    def of(self, calls: I64) -> I64:
        """All legs of the calls."""
        found = []
        leg = self.first[calls]
        while len(leg := leg[leg != NONE]):
            found.append(leg)
            leg = self.following[leg]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def open(self, calls: I64, agents: I64) -> I64:
        """The leg of each (call, agent), (N,); new ones are opened."""
        leg = self._find(calls, agents)
        missing = np.flatnonzero(leg == NONE)
        if len(missing):
            pair = calls[missing] * _AGENTS_MOST + agents[missing] + 1
            new = missing[np.sort(np.unique(pair, return_index=True)[1])]
            self._open(calls[new], agents[new])
            leg[missing] = self._find(calls[missing], agents[missing])
        return leg

    def _find(self, calls: I64, agents: I64) -> I64:
        leg = self.first[calls]
        while True:
            other = np.flatnonzero((leg != NONE) & (self.agent[leg] != agents))
            if not len(other):
                return leg
            leg[other] = self.following[leg[other]]

    def _open(self, calls: I64, agents: I64) -> None:
        legs = self._slots.take(len(calls))
        self.resize(legs=self.size)
        self.call[legs], self.agent[legs] = calls, agents
        nameless = agents == NONE
        self.nameless[calls[nameless]] = legs[nameless]
        while len(legs):  # of several legs of one call, one after the other
            first = firsts(calls)
            self.following[legs[first]] = self.first[calls[first]]
            self.first[calls[first]] = legs[first]
            legs, calls = legs[~first], calls[~first]

    def drop(self, calls: I64) -> None:
        """Give back the numbers of all legs of the calls."""
        self._slots.give_back(self.of(calls))
        self.first[calls] = self.nameless[calls] = NONE
