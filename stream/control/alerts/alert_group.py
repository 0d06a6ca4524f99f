"""An alert group over the instants of a feed: its detectors, one episode, one severity policy.

Everything that detectors read is constant between instants that are known beforehand (changes of
their inputs, bounds of suppressions, openings of the gate) or follow from state (wake-ups, the end
of the dwell before an episode clears). So a group is evaluated at those instants alone, each once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stream.control import episode as episodes
from stream.control.alerts.gate import Gate
from stream.control.alerts.suppression import Suppressions
from stream.control.detectors.inputs import HEADS, DetectorInput
from stream.control.detectors.protocol import AlertGroup, Detector, DetectorState
from stream.control.episode import AlertStep, Episode
from stream.control.head_counts import Counts, unpack
from stream.control.model import Severity, Verdict
from stream.units import NEVER_MS

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class GroupInput:
    """The detectors of a group, and what they depend on in one team or pool."""

    group: AlertGroup
    detectors: Sequence[Detector[Any]]
    suppressions: Sequence[Suppressions]
    """By detector."""
    inputs: DetectorInput
    gate: Gate | None
    """None: the group is not gated."""
    alert_id: Callable[[str, int], str]
    """The id of an alert by detector and onset."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A step in an alert's life and what was found at its instant."""

    at_ms: int
    step: AlertStep
    evidence: dict[str, object]


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What evaluating a group came to."""

    states: Sequence[DetectorState]
    """By detector, from until_ms on."""
    episode: Episode
    found: Sequence[Finding]
    raised: Spans
    """When anything was raised: [start, end), a past or future bound being ∓NEVER_MS."""
    next_wakeup_ms: int
    """When it may change without events; NEVER_MS: it does not."""


def evaluate(group: GroupInput, states: Sequence[DetectorState], episode: Episode) -> GroupResult:
    """Evaluate each instant of [from_ms, until_ms) at which anything may change."""
    inputs, run = group.inputs, _Run(group, states, episode)
    raised = [(-NEVER_MS, episode.cleared_ms)] if episode.cleared_ms > -NEVER_MS else []
    instants = _instants(group)
    place, next_ms = 0, inputs.from_ms
    while True:
        planned_ms = instants[place] if place < len(instants) else NEVER_MS
        t_ms = min(planned_ms, next_ms)
        if t_ms >= inputs.until_ms:
            break
        place += planned_ms == t_ms
        was = run.episode.raised
        steps = run.evaluate(t_ms)
        if run.episode.raised and not was:
            raised.append((t_ms, NEVER_MS))
        elif any(step.to == Verdict.in_control for step in steps):
            raised[-1] = (raised[-1][0], t_ms)
        next_ms = run.next_wakeup_ms(t_ms)
    return GroupResult(run.states, run.episode, run.found, raised, run.last_wakeup_ms())


def awaits_gate(episode: Episode) -> bool:
    """Whether an alert of a gated group is raised that pages as soon as the gate opens."""
    return episode.raised and any(
        alert.raised and alert.page_limit and alert.severity != Severity.page
        for alert in episode.alerts.values()
    )


def _instants(group: GroupInput) -> list[int]:
    """All instants, known beforehand, at which something changes, or may."""
    from_ms, until_ms = group.inputs.from_ms, group.inputs.until_ms
    known = group.inputs.instants()
    for suppressions in group.suppressions:
        known.update(suppressions.bounds(from_ms, until_ms))
    if group.gate is not None:
        known.update(group.gate.openings(from_ms, until_ms))
    return sorted(t for t in known if from_ms <= t < until_ms)


class _Run:
    """The states and the episode of a group as its instants go by."""

    def __init__(
        self, group: GroupInput, states: Sequence[DetectorState], episode: Episode
    ) -> None:
        self.states, self.episode = list(states), episode
        self.found: list[Finding] = []
        self._group = group
        self._held = [False] * len(self.states)
        """By detector: whether it alarms but is held back."""

    def evaluate(self, t_ms: int) -> Sequence[AlertStep]:
        """Evaluate one instant: the steps taken."""
        group, inputs = self._group, self._group.inputs
        every = unpack(inputs.heads.at(t_ms))
        alarms: dict[str, bool] = {}
        ends = False
        for place, detector in enumerate(group.detectors):
            state, level, over = detector.evaluate(inputs, t_ms, every, self.states[place])
            self.states[place] = state
            self._held[place] = False
            ends |= over
            if level is None:
                continue
            if group.suppressions[place].holds(t_ms):
                self._held[place] = True
            else:
                alarms[detector.name] = level
        if not alarms and not self.episode.raised:
            return ()
        before = self.episode
        self.episode, steps = episodes.advance(
            before,
            t_ms,
            alarms,
            calm=self._is_calm(every, t_ms),
            ends=ends,
            severity_for=lambda page_limit: _severity(group, t_ms, page_limit=page_limit),
            alert_id=lambda detector: group.alert_id(detector, t_ms),
        )
        self.found += [Finding(t_ms, step, self._evidence(t_ms, step, before)) for step in steps]
        return steps

    def _is_calm(self, every: Counts, t_ms: int) -> bool:
        """Whether what raises an alert has gone for each detector."""
        group = self._group
        return all(
            detector.is_calm(group.inputs, t_ms, every, state)
            for detector, state in zip(group.detectors, self.states, strict=True)
        )

    def next_wakeup_ms(self, t_ms: int) -> int:
        """The first instant after t_ms that follows from the state."""
        inputs, next_ms = self._group.inputs, self.episode.clear_ms
        for detector, state in zip(self._group.detectors, self.states, strict=True):
            next_ms = min(next_ms, detector.next_wakeup_ms(inputs, t_ms, state))
        return next_ms

    def last_wakeup_ms(self) -> int:
        """The first instant from until_ms on at which anything may change without events."""
        group, until_ms = self._group, self._group.inputs.until_ms
        due = [self.next_wakeup_ms(until_ms - 1)]
        if group.gate is not None and _may_get_more_severe(self.episode):
            due.append(group.gate.peak.next_start(until_ms - 1))
        # A run of entries alarms at one instant alone: it is over when the hold is.
        due += [
            suppressions.release_ms(until_ms - 1)
            for detector, suppressions, held in zip(
                group.detectors, group.suppressions, self._held, strict=True
            )
            if held and HEADS in detector.inputs
        ]
        return max(min(due), until_ms)

    def _evidence(self, t_ms: int, step: AlertStep, before: Episode) -> dict[str, object]:
        group, inputs = self._group, self._group.inputs
        place = [detector.name for detector in group.detectors].index(step.detector)
        counts = unpack(inputs.heads.at(t_ms))
        detector, state = group.detectors[place], self.states[place]
        found = detector.evidence(inputs, t_ms, counts, state, step)
        joins = _joins(before, self.episode, step)
        return found | {"joins": joins} if joins else found


def _severity(group: GroupInput, t_ms: int, *, page_limit: bool) -> Severity:
    if group.group.below is not None and not page_limit:
        return group.group.below
    if group.group.severity is not None:
        return group.group.severity
    assert group.gate is not None
    return episodes.severity_for(
        page_limit=page_limit,
        in_peak=group.gate.peak.contains(t_ms),
        gate_open=group.gate.is_open(t_ms),
    )


def _may_get_more_severe(episode: Episode) -> bool:
    """Whether the start of a peak makes an alert of a gated group more severe."""
    return episode.raised and any(
        alert.severity == Severity.digest or (alert.page_limit and alert.severity == Severity.nudge)
        for alert in episode.alerts.values()
    )


def _joins(before: Episode, after: Episode, step: AlertStep) -> str:
    """The alert under which this episode was sent to the sinks, if it is another one."""
    if step.notify:
        return ""
    for episode in (after, before):
        sent = [
            alert
            for alert in episode.alerts.values()
            if alert.notified_as is not None and alert.notified_as == episode.notified_as
        ]
        if sent:
            return "" if sent[0].id == step.alert.id else sent[0].id
    return ""
