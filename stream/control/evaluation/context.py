"""One feed as control looks at it: heads by team and pool, sources, queues and gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stream.control.alerts import gate
from stream.control.alerts.evidence import QueueFacts
from stream.control.alerts.gate import Gate
from stream.control.control_config import ControlConfig
from stream.control.control_state import ControlState
from stream.control.detectors.collective import EntryLog, run_candidates
from stream.control.head_counts import (
    POOL,
    TEAM,
    CountDeltas,
    CountPacking,
    CountSeries,
    count_series,
    first,
    third,
    unpack,
)
from stream.control.step_function import StepFunction
from stream.events.language import I64
from stream.observation.feed import Feed
from stream.units import NEVER_MS
from stream.windows.queues import QueueTrace


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

    def step_function(self, group: int) -> StepFunction:
        """Packed counts of one group as time goes."""
        place = int(np.searchsorted(self.series.groups, group))
        if place == len(self.series.start) or self.series.groups[place] != group:
            return StepFunction([-NEVER_MS], [int(self.base[group])])
        rows = slice(int(self.series.start[place]), int(self.series.end[place]))
        return StepFunction.of(
            int(self.base[group]), self.series.at_ms[rows], self.series.packed[rows]
        )


class EvaluationContext:
    """One feed and the carried state from before it."""

    def __init__(self, rules: ControlConfig, carried: ControlState, feed: Feed) -> None:
        self.rules, self.carried, self.feed = rules, carried, feed
        self._counted: dict[tuple[CountPacking, bool], HeadCounts] = {}
        self.team = self.counted(TEAM, is_pool=False)
        self.pool = self.counted(POOL, is_pool=True)
        greatest = max(
            (int(first(c).max()) for h in (self.team, self.pool)
             for c in (h.base, h.series.packed) if len(c)), default=0
        )  # fmt: skip
        rules.limits.ensure(greatest)
        self._looked_at: set[int] = set()
        self._get_to_know()
        self._gates: dict[int, Gate] = {}
        self._pool_stale = self.by_pool(feed.stale.astype(np.int64))
        self.entries, self.new_entries = self._entries()

    def _get_to_know(self) -> None:
        """Note since when any agent of a pool is known."""
        feed, known_ms = self.feed, self.carried.known_ms
        for pool in np.flatnonzero(known_ms == NEVER_MS).tolist():
            place = np.flatnonzero(feed.pool_of_team[feed.changes.team_after] == pool)
            if feed.heads[feed.pool_of_team == pool].any():
                known_ms[pool] = feed.from_ms
            elif len(place):
                known_ms[pool] = feed.changes.at_ms[place[0]]

    def counted(self, packing: CountPacking, *, is_pool: bool) -> HeadCounts:
        """Heads by pool or team, packed in some way; counted once."""
        found = self._counted.get((packing, is_pool))
        if found is None:
            deltas, base = packing.deltas(self.feed.changes), packing.heads(self.feed.heads)
            if is_pool:
                deltas, base = deltas.by(self.feed.pool_of_team), self.by_pool(base)
            found = self._counted[packing, is_pool] = HeadCounts(
                base, deltas, count_series(deltas, base)
            )
        return found

    def by_pool(self, of_team: I64) -> I64:
        """(P,): sums of (T,) over the teams of each pool."""
        out = np.zeros(len(self.feed.pools), np.int64)
        np.add.at(out, self.feed.pool_of_team, of_team)
        return out

    def _entries(self) -> tuple[EntryLog, int]:
        changes = self.feed.changes
        new = np.flatnonzero(changes.entry)
        if not len(new):
            return self.carried.entries, 0
        more = EntryLog(
            changes.at_ms[new], changes.entry_ms[new], changes.agent[new], changes.team_after[new]
        )
        return self.carried.entries.followed_by(more), len(new)

    def team_run_candidates(self) -> set[int]:
        """Teams in which a run of entries may alarm."""
        heads = _least(self.team)
        return run_candidates(
            self.entries, self.new_entries, self.entries.team, heads,
            self.feed.resolution_ms, self.rules.limits,
        )  # fmt: skip

    def pool_run_candidates(self) -> set[int]:
        """Pools in which a run of entries may alarm."""
        if not self.new_entries:
            return set()
        group = self.feed.pool_of_team[self.entries.team]
        return run_candidates(
            self.entries, self.new_entries, group, _least(self.pool),
            self.pool_resolution_ms(), self.rules.limits,
        )  # fmt: skip

    def pool_resolution_ms(self) -> I64:
        """By pool: the coarsest resolution among its teams."""
        out = np.zeros(len(self.feed.pools), np.int64)
        np.maximum.at(out, self.feed.pool_of_team, self.feed.resolution_ms)
        return out

    def pool_people(self, pool: int) -> StepFunction:
        """Packed counts `TEAM` of a whole pool as time goes."""
        base = self.by_pool(self.team.base)
        deltas = self.team.deltas.by(self.feed.pool_of_team).of(pool)
        return HeadCounts(base, deltas, count_series(deltas, base)).step_function(pool)

    def away(self, group: int, *, is_pool: bool, heads: StepFunction) -> StepFunction:
        """Heads in aux and the entry states, of a team or pool, as time goes."""
        if self.rules.counts_only_aux:
            return StepFunction(heads.at_ms, [unpack(packed)[1] for packed in heads.value])
        deltas, base = (
            self.rules.away.deltas(self.feed.changes), self.rules.away.heads(self.feed.heads)
        )  # fmt: skip
        if is_pool:
            deltas, base = deltas.by(self.feed.pool_of_team), self.by_pool(base)
        deltas = deltas.of(group)
        return HeadCounts(base, deltas, count_series(deltas, base)).step_function(group)

    def team_stale(self, team: int) -> StepFunction:
        """Whether a team's source is silent, as time goes."""
        changes = self.feed.stale_changes
        place = np.flatnonzero(changes.team == team)
        return StepFunction.of(
            int(self.feed.stale[team]), changes.at_ms[place], changes.stale[place]
        )

    def pool_stale(self, pool: int) -> StepFunction:
        """How many of a pool's teams have a silent source, as time goes."""
        changes = self.feed.stale_changes
        place = np.flatnonzero(self.feed.pool_of_team[changes.team] == pool)
        now = {int(team): bool(self.feed.stale[team]) for team in np.unique(changes.team[place])}
        count = int(self._pool_stale[pool])
        at_ms, value = [-NEVER_MS], [count]
        for i in place.tolist():
            team, stale = int(changes.team[i]), bool(changes.stale[i])
            count += stale - now[team]
            now[team] = stale
            at_ms.append(int(changes.at_ms[i]))
            value.append(count)
        return StepFunction(at_ms, value)

    @cached_property
    def has_data(self) -> Sequence[bool]:
        """By pool: whether a call or queue event of it was ever seen."""
        return gate.has_data(self.feed.queues)

    def gate(self, pool: int) -> Gate:
        """A pool's gate during this feed."""
        found = self._gates.get(pool)
        if found is None:
            found = self._gates[pool] = self._new_gate(pool)
        return found

    def _new_gate(self, pool: int) -> Gate:
        feed, carried = self.feed, self.carried
        step_function = self.pool.step_function(pool)
        free = [third_of(packed) for packed in step_function.value]
        # Before the first feed of a pool nothing is known: nobody is free from its start on.
        since = carried.free_since_ms[pool] if free[0] == 0 else NEVER_MS
        at_ms = [feed.from_ms, *step_function.at_ms[1:]]
        idle = gate.nobody_free(at_ms, free, int(since), feed.until_ms)
        waits = gate.long_waits(self.queue(pool), feed.until_ms)
        return Gate(
            self.rules.hours.peak(feed.pools[pool]),
            self.rules.spec.control.gate,
            gate.remembered(waits, int(carried.wait_end_ms[pool])),
            gate.remembered(idle, int(carried.free_end_ms[pool])),
        )

    def queue_at(self, pool: int, t_ms: int) -> QueueFacts:
        """What callers of a pool see at an instant."""
        trace = self.queue(pool)
        place = max(0, int(np.searchsorted(trace.at_ms, t_ms, side="right")) - 1)
        free = third_of(self.pool.step_function(pool).at(t_ms))
        waiting, since = int(trace.waiting[place]), int(trace.oldest_since_ms[place])
        return QueueFacts(trace.known, waiting, since, free)

    def queue(self, pool: int) -> QueueTrace:
        """A pool's queue; made when it is first looked at, so only those that matter are."""
        self._looked_at.add(pool)
        return self.feed.queues[pool]

    def update_gates(self) -> None:
        """Bring what the gates remember to the end of this feed."""
        feed, carried = self.feed, self.carried
        fresh = (third(self.pool.base) == 0) & (carried.free_since_ms == NEVER_MS)
        carried.free_since_ms[fresh] = feed.from_ms
        gate.end_of_idle(
            self.pool.series, self.pool.base, carried.free_since_ms, carried.free_end_ms
        )
        if self._is_near_peak():
            gate.end_of_waits(feed.queues, feed.from_ms, feed.until_ms, carried.wait_end_ms)
        for pool in self._looked_at:
            carried.oldest_ms[pool] = feed.queues[pool].oldest_since_ms[-1]

    def _is_near_peak(self) -> bool:
        """Whether any peak lies within what the gates remember, so that long waits matter."""
        until_ms = self.feed.until_ms
        return any(
            peak.contains(until_ms) or peak.next_edge(until_ms) < until_ms + gate.MEMORY_MS
            for peak in self.rules.peaks(self.feed.pools)
        )


def third_of(packed: int) -> int:
    """The third of packed counts: unknown (team), free (pool)."""
    return unpack(packed)[2]


def _least(heads: HeadCounts) -> I64:
    """By group: the least number of staffed heads at any instant."""
    least = first(heads.base)
    if len(heads.series.start):
        lowest = np.minimum.reduceat(first(heads.series.packed), heads.series.start)
        groups = heads.series.groups
        least[groups] = np.minimum(least[groups], lowest)
    return least
