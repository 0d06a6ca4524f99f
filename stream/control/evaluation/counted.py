"""Heads and entries that count: those of the feed, less what suppressions of teams exempt.

All of control reads heads and entries from here, so what is exempt is seen nowhere: not by the calm
filter, detectors and their evidence, of a team or of its pool, and not in views.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from stream.control.alerts.suppression import Suppression
from stream.control.control_config import ControlConfig
from stream.control.detectors.entry_runs import EntryLog
from stream.control.head_counts import (
    CountDeltas,
    CountPacking,
    HeadCounts,
    StepFunction,
    count_series,
    less_exempt,
    unpack,
)
from stream.control.model import Scope
from stream.events.language import I64
from stream.observation.feed import Feed
from stream.units import NEVER_MS


class Counted:
    """Heads and entries of all teams and pools over one feed."""

    def __init__(self, rules: ControlConfig, feed: Feed) -> None:
        self._rules, self._feed = rules, feed
        self._heads: dict[tuple[CountPacking, Scope], HeadCounts] = {}
        self._exempting = rules.exempting(feed.teams)
        self._exempt = _exempt_heads(self._exempting, feed.from_ms, feed.until_ms)

    def heads(self, packing: CountPacking, scope: Scope) -> HeadCounts:
        """Heads of all teams or pools, packed in some way; counted once."""
        found = self._heads.get((packing, scope))
        if found is None:
            deltas, base = self._by_scope(*self._of_teams(packing), scope)
            found = HeadCounts(base, deltas, count_series(deltas, base))
            self._heads[packing, scope] = found
        return found

    def step_function(self, packing: CountPacking, scope: Scope, number: int) -> StepFunction:
        """Packed counts of one team or pool as time goes."""
        if scope is Scope.team or (packing, scope) in self._heads:
            return self.heads(packing, scope).step_function(number)
        # No calm filter reads these counts of all pools: count this pool alone.
        team = self.heads(packing, Scope.team)
        return _of_one(number, *self._by_scope(team.deltas, team.base, scope))

    def end(self, packing: CountPacking, scope: Scope) -> I64:
        """(G,): packed counts of all teams or pools where the feed ends."""
        if scope is Scope.team or (packing, scope) in self._heads:
            return self.heads(packing, scope).end()
        return self.by_pool(self.heads(packing, Scope.team).end())

    def away(self, scope: Scope, number: int, heads: StepFunction) -> StepFunction:
        """Heads in aux and the entry states, of a team or pool with the counts `TEAM`."""
        if self._rules.counts_only_aux:
            return StepFunction(heads.at_ms, [unpack(packed)[1] for packed in heads.value])
        return _of_one(number, *self._by_scope(*self._of_teams(self._rules.away), scope))

    def by_pool(self, of_team: I64) -> I64:
        """(P,): sums of (T,) over the teams of each pool."""
        out = np.zeros(len(self._feed.pools), np.int64)
        np.add.at(out, self._feed.pool_of_team, of_team)
        return out

    def new_entries(self) -> EntryLog:
        """Entries of this feed, in order known."""
        changes = self._feed.changes
        new = np.flatnonzero(changes.entry)
        found = EntryLog(
            changes.at_ms[new], changes.entry_ms[new], changes.agent[new], changes.team_after[new]
        )
        if not self._exempting or not len(new):
            return found
        names = self._feed.agent_names
        rows = zip(found.entry_ms.tolist(), found.agent.tolist(), found.team.tolist(), strict=True)
        counts = [
            not any(one.exempts_entry(names[agent], at) for one in self._exempting.get(team, ()))
            for at, agent, team in rows
        ]
        return found.take(np.array(counts, np.bool_))

    def _of_teams(self, packing: CountPacking) -> tuple[CountDeltas, I64]:
        deltas, base = packing.deltas(self._feed.changes), packing.heads(self._feed.heads)
        if packing.exempt is None or not self._exempt:
            return deltas, base
        return less_exempt(deltas, base, self._exempt, packing.exempt)

    def _by_scope(self, deltas: CountDeltas, base: I64, scope: Scope) -> tuple[CountDeltas, I64]:
        if scope is Scope.team:
            return deltas, base
        return deltas.by(self._feed.pool_of_team), self.by_pool(base)


def _of_one(number: int, deltas: CountDeltas, base: I64) -> StepFunction:
    deltas = deltas.of(number)
    return HeadCounts(base, deltas, count_series(deltas, base)).step_function(number)


def _exempt_heads(
    exempting: Mapping[int, Sequence[Suppression]], from_ms: int, until_ms: int
) -> Mapping[int, StepFunction]:
    """By team: heads that are exempt, from the instant before a feed on; teams without are absent.

    What begins with the feed is a change of it, so that it is evaluated.
    """
    found: dict[int, StepFunction] = {}
    for team, parts in exempting.items():
        bounds = sorted({t for part in parts for t in part.bounds(from_ms, until_ms)})
        heads = [sum(part.exempt_heads(t) for part in parts) for t in (from_ms - 1, *bounds)]
        if any(heads):
            found[team] = StepFunction([-NEVER_MS, *bounds], heads)
    return found
