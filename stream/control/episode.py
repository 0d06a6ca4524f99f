"""Alerts and episodes as values: what `stream.control.alerts.lifecycle` advances."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stream.control.model import Severity, Verdict
from stream.units import MINUTE_MS, NEVER_MS, SECOND_MS

CLEAR_DWELL_MS: Final = 60 * SECOND_MS
"""What raised an alert must have gone for so long before the alert clears."""
REOPEN_MS: Final = 10 * MINUTE_MS
"""A new alarm less than this after clearing belongs to the same episode."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One detector's alert within an episode."""

    id: str
    onset_ms: int
    page_limit: bool
    """The page limit was reached; False: only the nudge limit."""
    severity: Severity
    notified_as: Severity | None
    """The severity last sent to the sinks; None: none was, or its end was sent."""
    raised: bool
    since_ms: int
    """When it took its present state."""

    @property
    def state(self) -> Verdict:
        """The detector's state while this is raised."""
        return Verdict.out_of_control if self.page_limit else Verdict.watch


@dataclass(frozen=True, slots=True)
class Episode:
    """The alerts of one team or pool that belong together."""

    alerts: Mapping[str, Alert] = field(default_factory=dict)
    """By detector, in the order in which they joined."""
    notified_as: Severity | None = None
    """Greatest severity sent in this episode."""
    calm_since_ms: int = NEVER_MS
    """Since when what raised it has gone; NEVER_MS: it has not, or nothing is raised."""
    cleared_ms: int = -NEVER_MS
    """When it last cleared; NEVER_MS while anything is raised."""

    @property
    def raised(self) -> bool:
        """Whether any alert is raised."""
        return self.cleared_ms == NEVER_MS

    @property
    def clear_ms(self) -> int:
        """When it clears if nothing happens; NEVER_MS if it does not."""
        return NEVER_MS if self.calm_since_ms == NEVER_MS else self.calm_since_ms + CLEAR_DWELL_MS

    def is_over(self, t_ms: int) -> bool:
        """Whether a new alarm would no longer belong to it."""
        return not self.raised and t_ms - self.cleared_ms >= REOPEN_MS


NO_EPISODE: Final = Episode()


class AlertStep(NamedTuple):
    """A step in an alert's life, before evidence is added."""

    detector: str
    alert: Alert
    before: Verdict
    to: Verdict
    severity: Severity
    notify: bool
    alarms: bool = False
    """Whether the detector alarms at this very instant."""

    def lasted_s(self, t_ms: int) -> int:
        """Whole seconds since the alert was first raised."""
        return (t_ms - self.alert.onset_ms) // SECOND_MS
