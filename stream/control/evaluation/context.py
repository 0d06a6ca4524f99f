"""One feed as control looks at it: heads by team and pool, sources, queues and gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stream.control.alerts import gate
from stream.control.alerts.alert_group import Course
from stream.control.alerts.evidence import Queue
from stream.control.alerts.gate import Gate
from stream.control.control_config import Rules
from stream.control.control_state import Carry
from stream.control.detectors.collective import Entries, suspects
from stream.control.evaluation.head_counts import (
    POOL,
    TEAM,
    Moves,
    Packing,
    Steps,
    first,
    steps,
    third,
    unpack,
)
from stream.control.model import Feed, QueueTrace
from stream.events.language import I64
from stream.units import NEVER_MS


@dataclass(frozen=True, slots=True)
class Heads:
    """Packed counts of all groups: before any change, and as they change."""

    base: I64
    """(G,)"""
    moves: Moves
    steps: Steps

    def end(self) -> I64:
        """(G,): after all changes."""
        out = self.base.copy()
        out[self.steps.groups] = self.steps.packed[self.steps.end - 1]
        return out

    def course(self, group: int) -> Course:
        """Packed counts of one group as time goes."""
        place = int(np.searchsorted(self.steps.groups, group))
        if place == len(self.steps.start) or self.steps.groups[place] != group:
            return Course([-NEVER_MS], [int(self.base[group])])
        rows = slice(int(self.steps.start[place]), int(self.steps.end[place]))
        return Course.of(int(self.base[group]), self.steps.at_ms[rows], self.steps.packed[rows])


class Scene:
    """One feed and the carried state from before it."""

    def __init__(self, rules: Rules, carry: Carry, feed: Feed) -> None:
        self.rules, self.carry, self.feed = rules, carry, feed
        self._counted: dict[tuple[Packing, bool], Heads] = {}
        self.team = self.counted(TEAM, is_pool=False)
        self.pool = self.counted(POOL, is_pool=True)
        greatest = max(
            (int(first(c).max()) for h in (self.team, self.pool)
             for c in (h.base, h.steps.packed) if len(c)), default=0
        )  # fmt: skip
        rules.limits.ensure(greatest)
        self._looked_at: set[int] = set()
        self._get_to_know()
        self._gates: dict[int, Gate] = {}
        self._pool_stale = self.by_pool(feed.stale.astype(np.int64))
        self.entries, self.new_entries = self._entries()

    def _get_to_know(self) -> None:
        """Note since when any agent of a pool is known."""
        feed, known_ms = self.feed, self.carry.known_ms
        for pool in np.flatnonzero(known_ms == NEVER_MS).tolist():
            place = np.flatnonzero(feed.pool_of_team[feed.changes.team_after] == pool)
            if feed.heads[feed.pool_of_team == pool].any():
                known_ms[pool] = feed.from_ms
            elif len(place):
                known_ms[pool] = feed.changes.at_ms[place[0]]

    def counted(self, packing: Packing, *, is_pool: bool) -> Heads:
        """Heads by pool or team, packed in some way; counted once."""
        found = self._counted.get((packing, is_pool))
        if found is None:
            moves, base = packing.moves(self.feed.changes), packing.heads(self.feed.heads)
            if is_pool:
                moves, base = moves.by(self.feed.pool_of_team), self.by_pool(base)
            found = self._counted[packing, is_pool] = Heads(base, moves, steps(moves, base))
        return found

    def by_pool(self, of_team: I64) -> I64:
        """(P,): sums of (T,) over the teams of each pool."""
        out = np.zeros(len(self.feed.pools), np.int64)
        np.add.at(out, self.feed.pool_of_team, of_team)
        return out

    def _entries(self) -> tuple[Entries, int]:
        changes = self.feed.changes
        new = np.flatnonzero(changes.entry)
        if not len(new):
            return self.carry.entries, 0
        more = Entries(
            changes.at_ms[new], changes.entry_ms[new], changes.agent[new], changes.team_after[new]
        )
        return self.carry.entries.followed_by(more), len(new)

    def team_suspects(self) -> set[int]:
        """Teams in which a run of entries may alarm."""
        heads = _least(self.team)
        return suspects(
            self.entries, self.new_entries, self.entries.team, heads,
            self.feed.resolution_ms, self.rules.limits,
        )  # fmt: skip

    def pool_suspects(self) -> set[int]:
        """Pools in which a run of entries may alarm."""
        if not self.new_entries:
            return set()
        group = self.feed.pool_of_team[self.entries.team]
        return suspects(
            self.entries, self.new_entries, group, _least(self.pool),
            self.pool_resolution_ms(), self.rules.limits,
        )  # fmt: skip

    def pool_resolution_ms(self) -> I64:
        """By pool: the coarsest resolution among its teams."""
        out = np.zeros(len(self.feed.pools), np.int64)
        np.maximum.at(out, self.feed.pool_of_team, self.feed.resolution_ms)
        return out

    def pool_people(self, pool: int) -> Course:
        """Packed counts `TEAM` of a whole pool as time goes."""
        base = self.by_pool(self.team.base)
        moves = self.team.moves.by(self.feed.pool_of_team).of(pool)
        return Heads(base, moves, steps(moves, base)).course(pool)

    def away(self, group: int, *, is_pool: bool, heads: Course) -> Course:
        """Heads in aux and the entry states, of a team or pool, as time goes."""
        if self.rules.only_aux:
            return Course(heads.at_ms, [unpack(packed)[1] for packed in heads.value])
        moves, base = (
            self.rules.away.moves(self.feed.changes), self.rules.away.heads(self.feed.heads)
        )  # fmt: skip
        if is_pool:
            moves, base = moves.by(self.feed.pool_of_team), self.by_pool(base)
        moves = moves.of(group)
        return Heads(base, moves, steps(moves, base)).course(group)

    def team_stale(self, team: int) -> Course:
        """Whether a team's source is silent, as time goes."""
        changes = self.feed.stale_changes
        place = np.flatnonzero(changes.team == team)
        return Course.of(int(self.feed.stale[team]), changes.at_ms[place], changes.stale[place])

    def pool_stale(self, pool: int) -> Course:
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
        return Course(at_ms, value)

    @cached_property
    def heard(self) -> Sequence[bool]:
        """By pool: whether a call or queue event of it was ever seen."""
        return gate.heard(self.feed.queues)

    def gate(self, pool: int) -> Gate:
        """A pool's gate during this feed."""
        found = self._gates.get(pool)
        if found is None:
            found = self._gates[pool] = self._new_gate(pool)
        return found

    def _new_gate(self, pool: int) -> Gate:
        feed, carry = self.feed, self.carry
        course = self.pool.course(pool)
        free = [third_of(packed) for packed in course.value]
        # Before the first feed of a pool nothing is known: nobody is free from its start on.
        since = carry.free_since_ms[pool] if free[0] == 0 else NEVER_MS
        at_ms = [feed.from_ms, *course.at_ms[1:]]
        idle = gate.nobody_free(at_ms, free, int(since), feed.until_ms)
        waits = gate.long_waits(self.queue(pool), feed.until_ms)
        return Gate(
            self.rules.hours.peak(feed.pools[pool]),
            self.rules.spec.control.gate,
            gate.remembered(waits, int(carry.wait_end_ms[pool])),
            gate.remembered(idle, int(carry.free_end_ms[pool])),
        )

    def queue_at(self, pool: int, t_ms: int) -> Queue:
        """What callers of a pool see at an instant."""
        trace = self.queue(pool)
        place = max(0, int(np.searchsorted(trace.at_ms, t_ms, side="right")) - 1)
        free = third_of(self.pool.course(pool).at(t_ms))
        waiting, since = int(trace.waiting[place]), int(trace.oldest_since_ms[place])
        return Queue(trace.known, waiting, since, free)

    def queue(self, pool: int) -> QueueTrace:
        """A pool's queue; made when it is first looked at, so only those that matter are."""
        self._looked_at.add(pool)
        return self.feed.queues[pool]

    def carry_gates(self) -> None:
        """Bring what the gates remember to the end of this feed."""
        feed, carry = self.feed, self.carry
        fresh = (third(self.pool.base) == 0) & (carry.free_since_ms == NEVER_MS)
        carry.free_since_ms[fresh] = feed.from_ms
        gate.end_of_idle(self.pool.steps, self.pool.base, carry.free_since_ms, carry.free_end_ms)
        if self._is_near_peak():
            gate.end_of_waits(feed.queues, feed.from_ms, feed.until_ms, carry.wait_end_ms)
        for pool in self._looked_at:
            carry.oldest_ms[pool] = feed.queues[pool].oldest_since_ms[-1]

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


def _least(heads: Heads) -> I64:
    """By group: the least number of staffed heads at any instant."""
    least = first(heads.base)
    if len(heads.steps.start):
        lowest = np.minimum.reduceat(first(heads.steps.packed), heads.steps.start)
        groups = heads.steps.groups
        least[groups] = np.minimum(least[groups], lowest)
    return least
