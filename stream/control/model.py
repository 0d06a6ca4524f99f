"""What control answers: severities, verdicts, transitions, and how detectors stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """Severity of a notice, greatest first."""

    page = "page"
    nudge = "nudge"
    digest = "digest"


class Scope(StrEnum):
    """What a detector is evaluated for."""

    team = "team"
    pool = "pool"


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
class Transition:
    """One step in the life of an alert. (id, at_ms, to) identifies it for good."""

    id: str
    """Hash of floor, pool, team, detector and onset: the same from raise to clear."""
    at_ms: int
    floor: str
    pool: str
    team: str
    """Empty for an alert of a pool."""
    detector: str
    severity: Severity
    before: Verdict
    to: Verdict
    in_peak: bool
    notify: bool
    """Whether the sinks are notified: one page per team and episode, and its end."""
    evidence: Mapping[str, object]
    """JSON values only, in a fixed order of keys."""
    onset_ms: int
    """When the alert was first raised: sent to receivers as the start, also with its end."""


class DetectorView(NamedTuple):
    """The status of one detector now; `detector` is "verdict" for the team or pool."""

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
    """What the detector measures; NaN where there is none."""
    limit: float
    """Its page limit; NaN where there is none."""
