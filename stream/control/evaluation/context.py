"""What evaluation reads of one feed: heads and entries that count, sources, queues, gates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stream.control.alerts import gate
from stream.control.alerts.gate import Gate
from stream.control.control_config import ControlConfig
from stream.control.control_state import ControlState
from stream.control.detectors.entry_runs import Entry, run_candidates
from stream.control.detectors.inputs import EntryInput
from stream.control.evaluation import knowledge
from stream.control.evaluation.counted import Counted
from stream.control.head_counts import POOL, TEAM, StepFunction, first, third, unpack
from stream.control.model import Scope
from stream.events.language import I64
from stream.ids import TeamKey
from stream.observation.feed import Feed
from stream.units import NEVER_MS
from stream.windows.queue_trace import QueueTrace


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A pool's queue and free agents at an instant."""

    known: bool
    waiting: int
    oldest_since_ms: int
    ringing: int
    free: int


class EvaluationContext:
    """One feed and the control state from before it."""

    def __init__(self, rules: ControlConfig, carried: ControlState, feed: Feed) -> None:
        self.rules, self.carried, self.feed = rules, carried, feed
        self.counted = Counted(rules, feed)
        self.team = self.counted.heads(TEAM, Scope.team)
        self.pool = self.counted.heads(POOL, Scope.pool)
        greatest = max(
            (int(first(c).max()) for h in (self.team, self.pool)
             for c in (h.base, h.series.packed) if len(c)), default=0
        )  # fmt: skip
        rules.limits.ensure(greatest)
        self.jumps: Mapping[int, Sequence[int]] = {}
        """By team: instants at which n jumped."""
        self._queues_read: set[int] = set()
        self._note_known_pools()
        self._gates: dict[int, Gate] = {}
        self._pool_stale = self.counted.by_pool(feed.stale.astype(np.int64))
        new = self.counted.new_entries()
        self.entries, self.new_entries = carried.entries.followed_by(new), len(new)
        self._run_candidates: dict[Scope, set[int]] = {}

    def _note_known_pools(self) -> None:
        """Note since when any agent of a pool is known."""
        feed, known_ms = self.feed, self.carried.known_ms
        for pool in np.flatnonzero(known_ms == NEVER_MS).tolist():
            place = np.flatnonzero(feed.pool_of_team[feed.changes.team_after] == pool)
            if feed.heads[feed.pool_of_team == pool].any():
                known_ms[pool] = feed.from_ms
            elif len(place):
                known_ms[pool] = feed.changes.at_ms[place[0]]

    def known(self, pool: int) -> StepFunction:
        """Whether a pool is evaluated, as time goes (`Known`)."""
        return knowledge.known(self.feed, pool, int(self.carried.known_ms[pool]))

    def place(
        self,
        scope: Scope,
        number: int,
        heads: StepFunction | None = None,
        counts: Callable[[Entry, int], bool] = lambda _entry, _t_ms: True,
    ) -> "TeamOrPool":
        """A team or pool, for its inputs.

        Args:
            scope: team or pool.
            number: of the team or pool.
            heads: its counts `TEAM`, where entries are read.
            counts: whether an entry counts at an instant.
        """
        return TeamOrPool(self, scope, number, heads, counts)

    def pool_and_key(self, scope: Scope, number: int) -> tuple[int, TeamKey]:
        """The pool and the names of a team or pool; a pool's name of a team is empty."""
        feed = self.feed
        if scope is Scope.pool:
            return number, TeamKey(*feed.pools[number], "")
        return int(feed.pool_of_team[number]), feed.teams[number]

    # -------------------------------------------------------------------------------- entries

    def entries_of(self, scope: Scope, number: int) -> list[Entry]:
        """Entries of a team or pool that may still count, in order known."""
        group = self.entries.team
        if scope is Scope.pool:
            group = self.feed.pool_of_team[group]
        return self.carried.named(self.entries.take(group == number), self.feed.agent_names)

    def run_candidates(self, scope: Scope) -> set[int]:
        """Teams or pools in which a run of entries may alarm; found once."""
        found = self._run_candidates.get(scope)
        if found is None:
            found = self._run_candidates[scope] = self._find_run_candidates(scope)
        return found

    def _find_run_candidates(self, scope: Scope) -> set[int]:
        if not self.new_entries:
            return set()
        group, heads, resolution_ms = self.entries.team, self.team, self.feed.resolution_ms
        if scope is Scope.pool:
            group, heads = self.feed.pool_of_team[group], self.pool
            resolution_ms = self._pool_resolution_ms
        return run_candidates(
            self.entries, self.new_entries, group, heads.least(), resolution_ms, self.rules.limits
        )

    def resolution_ms(self, scope: Scope, number: int) -> int:
        """Of the source's clock; of a pool, the coarsest among its teams."""
        column = self._pool_resolution_ms if scope is Scope.pool else self.feed.resolution_ms
        return int(column[number])

    @cached_property
    def _pool_resolution_ms(self) -> I64:
        out = np.zeros(len(self.feed.pools), np.int64)
        np.maximum.at(out, self.feed.pool_of_team, self.feed.resolution_ms)
        return out

    # -------------------------------------------------------------------------------- sources

    def stale(self, scope: Scope, number: int) -> StepFunction:
        """How many teams, this one or those of a pool, are stale, as time goes.

        A pool counts one more while no source would report that somebody has come.
        """
        if scope is Scope.team:
            return knowledge.stale_team(self.feed, number)
        count, seen_ms = int(self._pool_stale[number]), int(self.carried.known_ms[number])
        return knowledge.stale_pool(self.feed, number, count, seen_ms)

    @cached_property
    def queue_known(self) -> Sequence[bool]:
        """By pool: whether its queue is known where the feed ends."""
        return gate.known_at_last(self.feed.queues)

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
        known, ringing = bool(trace.known[place]), int(trace.ringing[place])
        return QueueFacts(known, waiting, since, ringing, free)

    def queue(self, pool: int) -> QueueTrace:
        """A pool's queue; computed when it is first read, so only those that matter are."""
        self._queues_read.add(pool)
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
        for pool in self._queues_read:
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


class TeamOrPool:
    """A team or pool over one feed; see `stream.control.detectors.inputs.Place`."""

    __slots__ = ("_context", "_counts", "_heads", "feed", "hours", "key", "number", "pool", "scope")

    def __init__(
        self,
        context: EvaluationContext,
        scope: Scope,
        number: int,
        heads: StepFunction | None,
        counts: Callable[[Entry, int], bool],
    ) -> None:
        self.feed, self.hours = context.feed, context.rules.hours
        self.scope, self.number = scope, number
        self.pool, self.key = context.pool_and_key(scope, number)
        self._context, self._heads, self._counts = context, heads, counts

    @property
    def known(self) -> StepFunction:
        """Whether the pool is evaluated, as time goes (`Known`)."""
        return self._context.known(self.pool)

    @property
    def oldest_before_ms(self) -> int:
        """When the oldest call of the queue was offered as the last feed that read it ended."""
        return int(self._context.carried.oldest_ms[self.pool])

    def queue(self) -> QueueTrace:
        """The queue of the pool."""
        return self._context.queue(self.pool)

    def entries(self) -> EntryInput:
        """Entries into the entry states that may still count."""
        context, scope, number = self._context, self.scope, self.number
        heads = self._heads or context.counted.step_function(TEAM, scope, number)
        return EntryInput(
            context.counted.away(scope, number, heads),
            context.entries_of(scope, number),
            self._counts,
            context.resolution_ms(scope, number),
        )
