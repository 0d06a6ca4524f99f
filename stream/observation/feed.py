"""The feed: everything that happened on the floors of a shard, as control reads it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stream.arrays import Columns
from stream.events.language import I32, I64, U8, Bool
from stream.ids import PoolKey, TeamKey
from stream.observation.floor_silences import FloorSilences
from stream.windows.engine import Engine
from stream.windows.queue_trace import QueueTrace


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of agents' states in [from_ms, until_ms), sorted by instant; columns of length C.

    A change that became known late takes effect at from_ms; `entry_ms` keeps its own instant.
    """

    at_ms: I64
    agent: I64
    team_before: I64
    """-1: the agent was unknown before."""
    state_before: U8
    """A state, or one of `stream.observation.seen_states`."""
    team_after: I64
    state_after: U8
    entry: Bool
    """From a working state into one of `ControlSpec.entry_states`, not by a gateway's snapshot."""
    entry_ms: I64


@dataclass(frozen=True, slots=True)
class StaleChanges:
    """Teams that become stale, or no longer are, in [from_ms, until_ms), sorted by instant."""

    at_ms: I64
    team: I64
    stale: Bool

    @classmethod
    def none(cls) -> "StaleChanges":
        """No change."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class NamedSpans(Columns):
    """Spans [start, end) in which pools are evaluated even if no agent was ever seen in them.

    Roster or configuration names them, and their floor has sent a heartbeat.
    """

    pool: I64
    start_ms: I64
    end_ms: I64
    sure_ms: I64
    """From here on it may be a pool of another floor, and counts only while a call waits."""

    @classmethod
    def none(cls) -> "NamedSpans":
        """No span."""
        return cls(*np.zeros((4, 0), np.int64))

    def __eq__(self, other: object) -> bool:
        """Whether all columns are equal."""
        return isinstance(other, NamedSpans) and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in self._names()
        )

    __hash__ = None  # type: ignore[assignment]

    def rows(self) -> set[tuple[int, ...]]:
        """All spans, in the order of the fields."""
        columns = (self.pool, self.start_ms, self.end_ms, self.sure_ms)
        return set(zip(*(column.tolist() for column in columns), strict=True))

    def of(self, pool: int) -> "NamedSpans":
        """Those of one pool."""
        return self.take(self.pool == pool)


@dataclass(frozen=True, slots=True)
class PoolKnowledge:
    """What is known of pools without events of their agents."""

    named: NamedSpans
    floor: I64
    """(pools,): their floors, by number."""
    silences: FloorSilences

    def turning_in(self, from_ms: int, until_ms: int) -> list[int]:
        """The pools on whose floor a silence begins or ends in [from_ms, until_ms)."""
        floors = [
            one.turning_in(from_ms, until_ms) for one in (self.silences.some, self.silences.all)
        ]
        found: list[int] = np.flatnonzero(np.isin(self.floor, np.concatenate(floors))).tolist()
        return found


@dataclass(frozen=True, slots=True)
class Feed:
    """Everything that happened on the floors of one shard in [from_ms, until_ms).

    A value but for `queues` and `agent_names`, which compute an item at first access: most pools
    and names of a shard are not needed in a step, and reading them all takes longer than the step.
    So a feed must be used before the next push.
    """

    from_ms: int
    until_ms: int
    teams: Sequence[TeamKey]
    """By team number; only ever appended to."""
    pools: Sequence[PoolKey]
    """By pool number; only ever appended to."""
    pool_of_team: I64
    agent_names: Sequence[str]
    """By agent number; read at access."""
    heads: I32
    """(teams, SEEN_COUNT): heads by what is seen of them at from_ms, before any change."""
    changes: Changes
    queues: Sequence[QueueTrace]
    """By pool number; computed at first access (`stream.windows.queues.Queues`)."""
    stale: Bool
    """(teams,) at from_ms."""
    stale_changes: StaleChanges
    resolution_ms: I64
    """(teams,): the coarsest resolution of time stamps of the team's sources."""
    windows: Engine | None = None
    """All that is known where the feed ends, later events too: for an input of a detector that none
    of the columns above holds. None: the feed was not observed but written by hand."""
    pool_knowledge: PoolKnowledge | None = None
    """None: no pool is named, and no source silent."""
