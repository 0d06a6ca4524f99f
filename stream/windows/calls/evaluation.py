"""What calls count for and how they stand: plain ones all at once, the others one by one."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from stream.events.language import I64, Bool
from stream.events.names import Names
from stream.windows.calls.contribution import Contribution, changes
from stream.windows.calls.facts import CallFacts
from stream.windows.calls.index import NONE
from stream.windows.calls.plain_calls import PHASES, PlainCalls, Standing, are_plain
from stream.windows.calls.stays import tolerance_ms
from stream.windows.calls.walk import Odd, Walk, WalkLimits
from stream.windows.calls.walked_calls import Walker, difference, standing
from stream.windows.sources import Sources

Placed = tuple[I64, I64]
"""Rows of facts, and the place of each one's call among some calls."""


@dataclass(frozen=True, slots=True)
class Change:
    """What new facts change."""

    what: Contribution
    sign: I64
    """-1: no longer counts; 1: counts now."""
    odd: Counter[Odd]
    """How many more facts are odd."""
    plain: I64
    """Places of the plain calls."""
    plain_standing: Standing
    walked: I64
    """Places of the others."""
    walks: list[Walk]
    """Of the others."""

    @property
    def walked_standing(self) -> Standing:
        """How the others stand."""
        return standing(self.walks)


class Evaluator:
    """Reads the facts of a shard's calls."""

    def __init__(
        self, names: Names, limits: WalkLimits, sources: Sources, facts: CallFacts
    ) -> None:
        self._names = names
        self._limits = limits
        self._sources = sources
        self._facts = facts
        self._walker = Walker(names, limits)

    def change(self, calls: int, old: Placed, new: Placed) -> Change:
        """What the new facts of so many calls change."""
        rows = np.concatenate([old[0], new[0]]), np.concatenate([old[1], new[1]])
        at, is_plain = self._by_phase(rows, calls)
        before, own = at.copy(), np.flatnonzero(is_plain[new[1]])
        before[self._facts.phase[new[0][own]], new[1][own]] = NONE
        plain, others = np.flatnonzero(is_plain), np.flatnonzero(~is_plain)
        if len(others):
            at, before = at[:, plain], before[:, plain]
        tolerance = self._tolerances()
        was = PlainCalls(self._facts, before, tolerance)
        now = PlainCalls(self._facts, at, tolerance)
        what, sign = changes(was.contribution(), now.contribution())
        odd, walks = Counter(now.odd()), list[Walk]()
        odd.subtract(was.odd())
        if len(others):
            earlier, walks = (self._walk(some, calls, others, tolerance) for some in (old, rows))
            for walk in walks:
                odd.update(walk.odd)
            for walk in earlier:
                odd.subtract(walk.odd)
            more, signs = difference(earlier, walks)
            what, sign = Contribution.joined(what, more), np.concatenate([sign, signs])
        return Change(what, sign, odd, plain, now.standing(self._limits), others, walks)

    def counting(self, calls: int, rows: Placed) -> Contribution:
        """All that so many calls count for."""
        at, is_plain = self._by_phase(rows, calls)
        tolerance = self._tolerances()
        plain = PlainCalls(self._facts, at[:, is_plain], tolerance).contribution().counting()
        walks = self._walk(rows, calls, np.flatnonzero(~is_plain), tolerance)
        return Contribution.joined(
            plain, Contribution.of([row for walk in walks for row in walk.rows()])
        )

    def walks_of(self, calls: int, rows: Placed) -> dict[int, Walk]:
        """By place: the walks of those calls that are not plain."""
        _, is_plain = self._by_phase(rows, calls)
        others = np.flatnonzero(~is_plain)
        walks = self._walk(rows, calls, others, self._tolerances())
        return dict(zip(others.tolist(), walks, strict=True))

    def _walk(self, rows: Placed, calls: int, places: I64, tolerance: I64) -> list[Walk]:
        rank = np.full(calls, NONE)
        rank[places] = np.arange(len(places))
        mine = np.flatnonzero(rank[rows[1]] != NONE)
        own = rows[0][mine], rank[rows[1][mine]]
        return self._walker.walk(self._facts, len(places), *own, tolerance)

    def _tolerances(self) -> I64:
        """(sources + 1,): how far apart two facts may be that are one; last, of no source."""
        count = len(self._names.sources)
        return tolerance_ms(np.append(self._sources.resolution_ms[:count], 1))

    def _by_phase(self, rows: Placed, calls: int) -> tuple[I64, Bool]:
        """(PHASES, calls): the row of each call's phase, NONE without; and which are plain."""
        row, place = rows
        at, phase = np.full((PHASES, calls), NONE), self._facts.phase[row]
        plain = np.ones(calls, np.bool_)
        if (strange := phase >= PHASES).any():
            plain[place[strange]] = False
            row, place, phase = row[~strange], place[~strange], phase[~strange]
        at[phase, place] = row
        plain[place[at[phase, place] != row]] = False  # it has this phase several times
        agent_of_seat = np.append(self._names.seat_agent.data, NONE)
        plain &= are_plain(self._facts, at, agent_of_seat, self._limits)
        return at, plain
