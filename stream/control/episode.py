"""An episode and its alerts: raised, worsened, escalated, cleared, and opened again.

An episode holds all alerts of one alert group of a team (or pool), so that one page covers them
all: a further detector joins it as evidence. They clear together, and a new alarm within ten
minutes goes on with the same episode and the same ids. A pool's cover has an episode of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
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
    """When it took its present state. A field that is added goes after this one, with a default:
    it is then stored with the control state, and read by this version and later ones."""

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


_SEVERITY_ORDER: Final = {None: 0, Severity.digest: 1, Severity.nudge: 2, Severity.page: 3}


def is_more_severe(one: Severity, other: Severity | None) -> bool:
    """Whether one severity is greater than another, or than none."""
    return _SEVERITY_ORDER[one] > _SEVERITY_ORDER[other]


def hash_id(floor: str, pool: str, team: str, detector: str, onset_ms: int) -> str:
    """16 hex digits: a hash of where, what and since when, the same in every replay."""
    text = "\0".join((floor, pool, team, detector, str(onset_ms)))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def severity_for(*, page_limit: bool, in_peak: bool, gate_open: bool) -> Severity:
    """The severity of a gated alert that is raised now.

    The page limit pages while the gate is open, is a nudge in a peak and for the digest outside.
    The nudge limit is a nudge in a peak and for the digest outside.
    """
    if page_limit and gate_open:
        return Severity.page
    return Severity.nudge if in_peak else Severity.digest


def advance(
    episode: Episode,
    at_ms: int,
    found: Mapping[str, bool],
    *,
    calm: bool,
    ends: bool = False,
    severity_for: Callable[[bool], Severity],
    alert_id: Callable[[str], str],
) -> tuple[Episode, list[AlertStep]]:
    """Advance an episode by one instant.

    Args:
        episode: as it was before.
        at_ms: the instant.
        found: by detector that alarms now, whether its page limit is reached.
        calm: what raises an alert has gone, by the limit for clearing.
        ends: what raised the alerts can no longer be; they clear at once.
        severity_for: severity of an alert by whether its page limit was reached.
        alert_id: the id of an alert of a detector that begins now.

    Returns:
        The episode from this instant on, and the steps taken, in order.
    """
    if not episode.raised and not found:
        return episode, []
    if ends and episode.raised:
        return _cleared(episode, at_ms, [])
    if episode.is_over(at_ms):
        episode = NO_EPISODE
    alerts, notified_as = dict(episode.alerts), episode.notified_as
    detectors = (*alerts, *(detector for detector in found if detector not in alerts))
    after = []
    for detector in detectors:
        old, new_id = alerts.get(detector), partial(alert_id, detector)
        after.append(
            (detector, _alert_after(old, at_ms, found.get(detector), severity_for, new_id))
        )
    steps: list[AlertStep] = []
    # The most severe first: it is the one that is sent, the others join it.
    for detector, new in sorted(after, key=lambda pair: -_SEVERITY_ORDER[pair[1].severity]):
        old = alerts.get(detector)
        if new == old:
            continue
        notify = is_more_severe(new.severity, notified_as)
        if notify:
            notified_as = new.severity
        alerts[detector] = replace(new, notified_as=notified_as) if notify else new
        before = old.state if old is not None and old.raised else Verdict.in_control
        now = alerts[detector]
        alarms = detector in found
        steps.append(AlertStep(detector, now, before, now.state, now.severity, notify, alarms))
    calm_since = min(episode.calm_since_ms, at_ms) if calm else NEVER_MS
    if any(detector in found for detector in alerts) and calm:
        calm_since = at_ms
    episode = Episode(alerts, notified_as, calm_since, NEVER_MS)
    return _cleared(episode, at_ms, steps) if episode.clear_ms <= at_ms else (episode, steps)


def _alert_after(
    old: Alert | None,
    at_ms: int,
    page_limit: bool | None,  # noqa: FBT001
    severity_for: Callable[[bool], Severity],
    new_id: Callable[[], str],
) -> Alert:
    """An alert from now on. As long as it is raised it gets worse and more severe, never better."""
    if old is None:
        page_limit = bool(page_limit)
        return Alert(
            new_id(), at_ms, page_limit, severity_for(page_limit), None, raised=True, since_ms=at_ms
        )
    if not old.raised:
        if page_limit is None:
            return old
        return replace(
            old,
            page_limit=page_limit,
            severity=severity_for(page_limit),
            raised=True,
            since_ms=at_ms,
        )
    worst = old.page_limit or bool(page_limit)
    now = severity_for(worst)
    return replace(
        old,
        page_limit=worst,
        severity=now if is_more_severe(now, old.severity) else old.severity,
        since_ms=old.since_ms if worst == old.page_limit else at_ms,
    )


def _cleared(
    episode: Episode, at_ms: int, steps: list[AlertStep]
) -> tuple[Episode, list[AlertStep]]:
    """All alerts end together; the end is sent of what was sent, with the same severity."""
    alerts: dict[str, Alert] = {}
    for detector, alert in episode.alerts.items():
        alerts[detector] = replace(alert, raised=False, notified_as=None, since_ms=at_ms)
        if alert.raised:
            notify = alert.notified_as is not None
            severity = alert.notified_as or alert.severity
            step = AlertStep(
                detector,
                alert,
                alert.state,
                Verdict.in_control,
                severity,
                notify,
            )
            steps.append(step)
    return Episode(alerts, episode.notified_as, NEVER_MS, at_ms), steps
