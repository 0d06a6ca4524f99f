"""Heads as time goes: changes of agents' states become series of packed counts per group.

Three counts are packed into one int64 (21 bits each), so that one running sum follows them all.
A group is a team or a pool.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import numpy as np

from stream.events.language import I32, I64, SERVING, STAFFED, Bool, State
from stream.observation.feed import Changes
from stream.observation.seen_states import SEEN_COUNT
from stream.units import NEVER_MS


@dataclass(frozen=True, slots=True)
class StepFunction:
    """A value that changes: value[i] holds from at_ms[i] on, value[0] from the start."""

    at_ms: Sequence[int]
    value: Sequence[int]

    def at(self, t_ms: int) -> int:
        """The value at an instant."""
        return self.value[max(0, bisect_right(self.at_ms, t_ms) - 1)]

    @staticmethod
    def of(base: int, at_ms: I64, value: I64 | Bool) -> "StepFunction":
        """From the value before any change, and those that follow."""
        return StepFunction([-NEVER_MS, *at_ms.tolist()], [base, *value.tolist()])


_BITS: Final = 21
_MASK: Final = (1 << _BITS) - 1
_WIDTH: Final = 32
"""Room for the number of a state that is seen: a pair is before * _WIDTH + after, in 16 bits."""
assert SEEN_COUNT <= _WIDTH, "more states than there is room for: widen _WIDTH"


Counts = tuple[int, int, int]
"""The three counts of one team or pool at an instant, in the order of its `CountPacking`."""
Packed = I64
"""(N,) three counts in each number; `first`, `second` and `third` are columns of counts."""


class CountPacking:
    """Which states each of up to three packed counts counts, in the order given.

    Args:
        counted: the states of each count.
        exempt: from which of the counts (0, 1, 2) heads are taken that suppressions exempt.
    """

    __slots__ = ("_of_pair", "exempt", "of_state")

    def __init__(self, *counted: AbstractSet[State], exempt: int | None = None) -> None:
        self.exempt = exempt
        self.of_state = np.zeros(_WIDTH, np.int64)
        for place, states in enumerate(counted):
            self.of_state[sorted(states)] += 1 << (_BITS * place)
        self._of_pair = (self.of_state[None, :] - self.of_state[:, None]).ravel()

    def heads(self, heads: I32) -> I64:
        """(G,): packed counts of (G, SEEN_COUNT) heads."""
        packed: I64 = heads @ self.of_state[:SEEN_COUNT]
        return packed

    def deltas(self, changes: Changes) -> "CountDeltas":
        """The changes that move any of the counts, by team, in order of instants."""
        pair = changes.state_before * np.uint16(_WIDTH) + changes.state_after
        delta = self._of_pair[pair]
        team = changes.team_after
        moved = changes.team_before != team
        if moved.any():
            return self._with_moved(changes, delta, moved)
        place = np.flatnonzero(delta)
        return CountDeltas(team[place], changes.at_ms[place], delta[place])

    def _with_moved(self, changes: Changes, delta: I64, moved: Bool) -> "CountDeltas":
        """Agents who come or change team: one move out of the old seat, one into the new."""
        delta = np.where(moved, self.of_state[changes.state_after], delta)
        left = np.flatnonzero(moved & (changes.team_before >= 0))
        group = np.concatenate([changes.team_after, changes.team_before[left]])
        at_ms = np.concatenate([changes.at_ms, changes.at_ms[left]])
        delta = np.concatenate([delta, -self.of_state[changes.state_before[left]]])
        place = np.flatnonzero(delta)
        place = place[np.argsort(at_ms[place], kind="stable")]
        return CountDeltas(group[place], at_ms[place], delta[place])


TEAM: Final = CountPacking(STAFFED, {State.aux}, {State.unknown}, exempt=1)
"""What movement alerts (share, collective) read: n, k less those who are exempt, and unknown."""
POOL: Final = CountPacking(STAFFED, SERVING, {State.available})
"""What cover and the gate read: staffed, serving and free."""


def first(packed: Packed) -> I64:
    """The first count."""
    return packed & _MASK


def second(packed: Packed) -> I64:
    """The second count."""
    return (packed >> _BITS) & _MASK


def third(packed: Packed) -> I64:
    """The third count."""
    return packed >> (2 * _BITS)


def unpack(packed: int) -> Counts:
    """The three counts of one group."""
    return packed & _MASK, (packed >> _BITS) & _MASK, packed >> (2 * _BITS)


@dataclass(frozen=True, slots=True)
class CountDeltas:
    """Changes of packed counts, in order of instants; columns of length M."""

    group: I64
    at_ms: I64
    delta: I64

    def by(self, of: I64) -> "CountDeltas":
        """The same moves, by the group that `of` gives for theirs."""
        return CountDeltas(of[self.group], self.at_ms, self.delta)

    def of(self, group: int) -> "CountDeltas":
        """The moves of one group."""
        place = np.flatnonzero(self.group == group)
        return CountDeltas(self.group[place], self.at_ms[place], self.delta[place])


@dataclass(frozen=True, slots=True)
class CountSeries:
    """Packed counts after all changes of an instant, sorted by group, then instant."""

    group: I64
    """(N,)"""
    at_ms: I64
    """(N,)"""
    packed: I64
    """(N,)"""
    start: I64
    """(G,): where each group that moved begins."""

    @property
    def groups(self) -> I64:
        """(G,): the groups that moved, rising."""
        return self.group[self.start]

    @property
    def end(self) -> I64:
        """(G,): where each of them ends."""
        return np.append(self.start[1:], len(self.group))[: len(self.start)]

    def before(self, base: I64) -> I64:
        """(N,): packed counts before each step, `base` being those before any."""
        out = np.empty_like(self.packed)
        out[1:] = self.packed[:-1]
        out[self.start] = base[self.group[self.start]]
        return out


_NONE = np.zeros(0, np.int64)
NO_COUNTS: Final = CountSeries(_NONE, _NONE, _NONE, _NONE)


def count_series(deltas: CountDeltas, base: I64) -> CountSeries:
    """Running counts of all groups, `base` (by group) being those before any change."""
    if not len(deltas.group):
        return NO_COUNTS
    # Numbers that fit 16 bits are sorted by radix, several times faster.
    narrow = deltas.group.astype(np.uint16) if len(base) < 1 << 16 else deltas.group
    order = np.argsort(narrow, kind="stable")
    group, at_ms = deltas.group[order], deltas.at_ms[order]
    delta = deltas.delta[order]
    total = np.cumsum(delta)
    new = np.empty(len(group), np.bool_)
    new[0] = True
    np.not_equal(group[1:], group[:-1], out=new[1:])
    start = np.flatnonzero(new)
    shift = base[group[start]] - (total[start] - delta[start])
    packed = total + np.repeat(shift, np.diff(np.append(start, len(group))))
    last = np.empty(len(group), np.bool_)
    last[-1] = True
    np.logical_or(new[1:], at_ms[1:] != at_ms[:-1], out=last[:-1])
    if last.all():
        return CountSeries(group, at_ms, packed, start)
    place = np.flatnonzero(last)
    group = group[place]
    start = np.searchsorted(group, group[np.flatnonzero(np.diff(group, prepend=-1))])
    return CountSeries(group, at_ms[place], packed[place], start)


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


def less_exempt(
    deltas: CountDeltas, base: I64, exempt: Mapping[int, StepFunction], place: int
) -> tuple[CountDeltas, I64]:
    """Changes of counts and the counts before any, less heads that are exempt; never below zero.

    Args:
        deltas: changes of packed counts, by team.
        base: (T,) packed counts before any change.
        exempt: by team, heads as time goes; from -NEVER_MS on the value before any change.
        place: of the count from which they are taken.
    """
    base, shift = base.copy(), _BITS * place
    others = ~np.isin(deltas.group, list(exempt))
    columns = [(deltas.group[others], deltas.at_ms[others], deltas.delta[others])]
    for team, heads in exempt.items():
        own, bound_ms = deltas.of(team), np.array(heads.at_ms, np.int64)
        at_ms = np.unique(np.append(own.at_ms, bound_ms))
        packed = int(base[team]) + np.append(0, np.cumsum(own.delta))
        packed = packed[np.searchsorted(own.at_ms, at_ms, side="right")]
        taken = np.array(heads.value)[np.searchsorted(bound_ms, at_ms, side="right") - 1]
        packed -= np.minimum((packed >> shift) & _MASK, taken) << shift
        base[team] = packed[0]
        columns.append((np.full(len(at_ms) - 1, team), at_ms[1:], np.diff(packed)))
    group, at, delta = (np.concatenate(column) for column in zip(*columns, strict=True))
    moved = np.flatnonzero(delta)
    moved = moved[np.argsort(at[moved], kind="stable")]
    return CountDeltas(group[moved], at[moved], delta[moved]), base
