"""Transitions: steps in an alert's life, with the evidence of their instant.

Evidence has JSON values only, in a fixed order of keys.
"""

from collections.abc import Sequence

from stream.calendar.schedules import rfc3339_local
from stream.control.alerts.alert_group import Finding
from stream.control.alerts.gate import Gate
from stream.control.evaluation.context import EvaluationContext, QueueFacts
from stream.control.model import Transition
from stream.ids import TeamKey
from stream.units import NEVER_MS, SECOND_MS


def transitions_of(
    context: EvaluationContext, pool: int, key: TeamKey, found: Sequence[Finding]
) -> list[Transition]:
    """Transitions of one team or pool: what its detectors found, queue, gate, configuration."""
    return [_transition(context, pool, key, one) for one in found]


def _transition(context: EvaluationContext, pool: int, key: TeamKey, found: Finding) -> Transition:
    gate, at_ms, step = context.gate(pool), found.at_ms, found.step
    queue = context.queue_at(pool, at_ms)
    facts = found.evidence | _queue_evidence(queue, at_ms) | _gate_evidence(gate, queue, at_ms)
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


def _queue_evidence(queue: QueueFacts, at_ms: int) -> dict[str, object]:
    """What callers see; null where nobody knows the queue."""
    waited_ms = at_ms - queue.oldest_since_ms if queue.oldest_since_ms < NEVER_MS else 0
    return {
        "waiting": queue.waiting if queue.known else None,
        "oldest_wait_s": waited_ms // SECOND_MS if queue.known else None,
        "ringing_calls": queue.ringing,
        "free": queue.free,
    }


def _gate_evidence(gate: Gate, queue: QueueFacts, at_ms: int) -> dict[str, object]:
    """Whether the gate is open, why, and whether it is a peak."""
    return {
        "gate": "open" if gate.is_open(at_ms) else "closed",
        "gate_reason": gate.reason(at_ms, queue_known=queue.known),
        "in_peak": gate.peak.contains(at_ms),
    }
