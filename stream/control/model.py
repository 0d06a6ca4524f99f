"""What control is told, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from stream.events.language import I32, I64, U8, Bool


class TeamKey(NamedTuple):
    """A team by name."""

    floor: str
    pool: str
    team: str


class PoolKey(NamedTuple):
    """A pool by name."""

    floor: str
    pool: str


class Severity(StrEnum):
    """How loud a notice is, loudest first."""

    page = "page"
    nudge = "nudge"
    digest = "digest"


class Verdict(StrEnum):
    """State of a detector, a team or a pool."""

    out_of_control = "out_of_control"
    watch = "watch"
    improving = "improving"
    in_control = "in_control"
    planned = "planned"
    learning = "learning"
    facts_only = "facts_only"
    insufficient_data = "insufficient_data"
    stale = "stale"


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
class QueueTrace:
    """A pool's queue in [from_ms, until_ms) as steps; the first step stands at from_ms."""

    known: bool
    """False: no call or queue event of this pool was ever seen."""
    at_ms: I64
    waiting: I64
    oldest_since_ms: I64
    """When the oldest waiting call was offered; NEVER_MS if none waits."""


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


@dataclass(frozen=True, slots=True)
class Transition:
    """One step in the life of an alert. (id, at_ms, to) identifies it for good."""

    id: str
    """Hash of floor, pool, team, detector and onset: the same from raise to clear."""
    at_ms: int
    floor: str
    pool: str
    team: str
    """Empty where a pool is judged."""
    detector: str
    severity: Severity
    before: Verdict
    to: Verdict
    in_peak: bool
    notify: bool
    """Whether the sinks are told: one page per team and episode, and its end."""
    evidence: Mapping[str, object]
    """JSON values only, in a fixed order of keys."""
    onset_ms: int
    """When the alert was first raised: the start that a receiver is told, also with its end."""


@dataclass(frozen=True, slots=True)
class DetectorView:
    """How one detector stands now; `detector` is "verdict" for the team's or pool's own line."""

    floor: str
    pool: str
    team: str
    detector: str
    state: Verdict
    severity: Severity | None
    """None: not raised."""
    alert_id: str
    """Empty: not raised."""
    since_ms: int
    statistic: float
    """What the detector looks at; NaN where there is none."""
    limit: float
    """Its page limit; NaN where there is none."""
