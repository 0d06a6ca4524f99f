"""Transitions: steps in an alert's life, with the evidence of their instant."""

from collections.abc import Sequence

from stream.calendar.schedules import rfc3339_local
from stream.control.alerts import evidence
from stream.control.alerts.alert_group import GroupFinding, GroupInput
from stream.control.alerts.evidence import Evidence
from stream.control.detectors.protocol import Finding
from stream.control.episode import AlertStep
from stream.control.evaluation.context import EvaluationContext
from stream.control.model import Transition
from stream.ids import TeamKey


def of_people(
    context: EvaluationContext,
    pool: int,
    key: TeamKey,
    group: GroupInput,
    found: Sequence[GroupFinding],
) -> list[Transition]:
    """Transitions of share and collective of one team or pool."""
    transitions: list[Transition] = []
    for one in found:
        recent = [e for e in group.entries if e.at_ms <= one.at_ms]
        facts = evidence.of_people(one, recent, context.rules)
        transitions.append(_transition(context, pool, key, one.at_ms, one.step, facts))
    return transitions


def of_detector(
    context: EvaluationContext, pool: int, key: TeamKey, found: Sequence[Finding]
) -> list[Transition]:
    """Transitions of a detector of pools or teams."""
    return [
        _transition(context, pool, key, one.at_ms, one.step, evidence.of_detector(one))
        for one in found
    ]


def _transition(
    context: EvaluationContext,
    pool: int,
    key: TeamKey,
    at_ms: int,
    step: AlertStep,
    facts: Evidence,
) -> Transition:
    gate = context.gate(pool)
    where = evidence.of_queue(context.queue_at(pool, at_ms), at_ms)
    facts = facts | where | evidence.of_gate(gate, at_ms)
    facts["local_time"] = rfc3339_local(at_ms, context.rules.hours.zone(context.feed.pools[pool]))
    facts["config"] = context.rules.config
    return Transition(
        id=step.alert.id,
        at_ms=at_ms,
        floor=key.floor,
        pool=key.pool,
        team=key.team,
        detector=step.detector,
        severity=step.severity,
        before=step.before,
        to=step.to,
        in_peak=gate.peak.contains(at_ms),
        notify=step.notify,
        evidence=facts,
        onset_ms=step.alert.onset_ms,
    )
