"""The feed: all that control is told of what happened on the floors of a shard."""

from collections.abc import Sequence
from dataclasses import dataclass

from stream.events.language import I32, I64, U8, Bool
from stream.ids import PoolKey, TeamKey
from stream.windows.queues import QueueTrace


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of agents' states in [from_ms, until_ms), sorted by instant; columns of length C.

    A change that became known late takes effect at from_ms; `entry_ms` keeps its own instant.
    """

    at_ms: I64
    agent: I64
    team_before: I64
    """-1: the agent was not known before."""
    state_before: U8
    team_after: I64
    state_after: U8
    entry: Bool
    """From a working state into one of `ControlSpec.entry_states`, and no gateway's snapshot."""
    entry_ms: I64


@dataclass(frozen=True, slots=True)
class StaleChanges:
    """Teams whose source falls silent or comes back in [from_ms, until_ms), sorted by instant."""

    at_ms: I64
    team: I64
    stale: Bool


@dataclass(frozen=True, slots=True)
class Feed:
    """All that happened on the floors of one shard in [from_ms, until_ms)."""

    from_ms: int
    until_ms: int
    teams: Sequence[TeamKey]
    """By team number; only ever appended to."""
    pools: Sequence[PoolKey]
    """By pool number; only ever appended to."""
    pool_of_team: I64
    agent_names: Sequence[str]
    heads: I32
    """(teams, STATE_COUNT): heads by state at from_ms, before any change."""
    changes: Changes
    queues: Sequence[QueueTrace]
    """By pool number."""
    stale: Bool
    """(teams,) at from_ms."""
    stale_changes: StaleChanges
    resolution_ms: I64
    """(teams,): coarsest time stamp resolution among the team's sources."""
