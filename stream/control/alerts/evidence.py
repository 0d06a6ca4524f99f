"""What control adds to the evidence of any transition: JSON values in a fixed order of keys."""

from dataclasses import dataclass

from stream.control.alerts.gate import Gate
from stream.units import NEVER_MS, SECOND_MS

Evidence = dict[str, object]


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A pool's queue and free agents at an instant."""

    known: bool
    waiting: int
    oldest_since_ms: int
    free: int


def of_queue(queue: QueueFacts, at_ms: int) -> Evidence:
    """What callers see; null where no call or queue event of the pool was ever seen."""
    waited_ms = at_ms - queue.oldest_since_ms if queue.oldest_since_ms < NEVER_MS else 0
    return {
        "waiting": queue.waiting if queue.known else None,
        "oldest_wait_s": waited_ms // SECOND_MS if queue.known else None,
        "free": queue.free,
    }


def of_gate(gate: Gate, at_ms: int) -> Evidence:
    """Whether the gate is open, why, and whether it is a peak."""
    return {
        "gate": "open" if gate.is_open(at_ms) else "closed",
        "gate_reason": gate.reason(at_ms),
        "in_peak": gate.peak.contains(at_ms),
    }
