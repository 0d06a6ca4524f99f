"""Named pools: those of the roster and the configuration, which are evaluated before anybody comes.

A `[[pool]]` names its pool on its floor. The roster names the pools of its teams, from the first
`from` to the last `to` of their agents. Without a roster all agents belong to the default pool, so
that one is named.

A name without a floor means the shard's floor where that can be the only one: in a replay, or where
the topic has one partition. Where there may be others the pool may be one of theirs: then it counts
on a floor only while a call waits in it there.
"""

from collections.abc import Iterator

import numpy as np

from stream.events.language import I64
from stream.events.names import Names
from stream.observation.feed import NamedSpans
from stream.roster import Roster
from stream.spec import ANY, Spec
from stream.units import NEVER_MS

Span = tuple[int, int]
_ALWAYS: Span = (-NEVER_MS, NEVER_MS)


class PoolNaming:
    """Which pools of a shard are named, and when.

    Args:
        spec: with the `[[pool]]` tables.
        names: of the shard, with the roster.
    """

    def __init__(self, spec: Spec, names: Names) -> None:
        self._spec = spec
        self._names = names
        self._of_roster = _pools_of(names.roster)
        self._floors = self._pools = 0
        """How many floors, and pools, were read."""
        self._spans = np.zeros((4, 0), np.int64)
        """Pool, start and end of a span within which it is named; 1: with its floor."""

    def add_names(self) -> None:
        """Give numbers to the named pools of new floors that have opening hours.

        Nobody needs to be in the others. Only while no batch is being decoded.
        """
        floors = self._names.floors.keys
        is_alone = self._names.has_all_floors and len(floors) == 1
        for floor in floors[self._floors :]:
            named = {one.name for one in self._spec.pools if one.floor == floor}
            if is_alone:
                named |= {one.name for one in self._spec.pools if one.floor == ANY}
                named |= self._of_roster.keys()
            for pool in sorted(named - {ANY}):
                if self._spec.pool(floor, pool).open:
                    self._names.pool(floor, pool)
        self._floors = len(floors)

    def spans(self, heartbeat_ms: I64) -> NamedSpans:
        """When each pool is evaluated though nobody was seen: from its floor's first heartbeat on.

        heartbeat_ms: (floors,) the first heartbeat of each floor; NEVER_MS without one.
        """
        keys = self._names.pools.keys
        new = [
            (number, *span, has_floor)
            for number in range(self._pools, len(keys))
            for span, has_floor in self._spans_of(*keys[number])
        ]
        if new:
            self._spans = np.concatenate([self._spans, np.array(new, np.int64).T], axis=1)
        self._pools = len(keys)
        pool, start_ms, end_ms, has_floor = self._spans
        floor = self._names.pool_floor.data[pool]
        sure_ms = np.where(has_floor, NEVER_MS, self._alone_until(heartbeat_ms))
        return NamedSpans(pool, np.maximum(start_ms, heartbeat_ms[floor]), end_ms, sure_ms)

    def _alone_until(self, heartbeat_ms: I64) -> int:
        """Until when the shard's floor can be the only one: the first heartbeat of another."""
        if not self._names.has_all_floors:
            return -NEVER_MS
        others = np.sort(heartbeat_ms)[1:]
        # A floor without heartbeats may have been there all along.
        return NEVER_MS if not len(others) else -NEVER_MS if others[-1] == NEVER_MS else others[0]

    def _spans_of(self, floor: str, pool: str) -> Iterator[tuple[Span, bool]]:
        """When a pool is named, and whether with its floor."""
        for one in self._spec.pools:
            if one.name == pool and one.floor in (ANY, floor):
                yield _ALWAYS, one.floor == floor
        for span in self._of_roster.get(pool, ()):
            yield span, False


def _pools_of(roster: Roster) -> dict[str, set[Span]]:
    """By pool of the roster: when it has agents."""
    found: dict[str, set[Span]] = {}
    for assignments in roster.assignments.values():
        for one in assignments:
            found.setdefault(roster.pool_of(one.team), set()).add((one.from_ms, one.to_ms))
    return found or {roster.fallback_pool: {_ALWAYS}}
