"""Transitions: steps in an alert's life, with the evidence of their instant."""

from collections.abc import Sequence

from stream.calendar.schedules import rfc3339_local
from stream.control.alerts import evidence
from stream.control.alerts.alert_group import Finding
from stream.control.evaluation.context import EvaluationContext
from stream.control.model import Transition
from stream.ids import TeamKey


def transitions_of(
    context: EvaluationContext, pool: int, key: TeamKey, found: Sequence[Finding]
) -> list[Transition]:
    """Transitions of one team or pool: what its detectors found, queue, gate, configuration."""
    return [_transition(context, pool, key, one) for one in found]


def _transition(context: EvaluationContext, pool: int, key: TeamKey, found: Finding) -> Transition:
    gate, at_ms, step = context.gate(pool), found.at_ms, found.step
    facts = found.evidence | evidence.of_queue(context.queue_at(pool, at_ms), at_ms)
    facts |= evidence.of_gate(gate, at_ms)
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
