"""What stands in the evidence of a transition: JSON values in a fixed order of keys."""

from dataclasses import dataclass

from stream.control.alerts.alert_group import COLLECTIVE, GroupFinding
from stream.control.alerts.gate import Gate
from stream.control.control_config import ControlConfig
from stream.control.detectors.collective import MOVERS_MIN, Entry
from stream.control.detectors.protocol import Finding
from stream.control.limits import NO_LIMIT, SMALLEST, SPAN_MAX_MS, ceil_s
from stream.control.model import Verdict
from stream.stats.chance import Interval
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


def of_chance(chance: Interval) -> Evidence:
    """How often chance would do it: "once in about `count` `unit`", or rarer if `more`."""
    return {"count": chance.count, "unit": chance.unit, "more": chance.more}


def of_people(found: GroupFinding, recent: list[Entry], rules: ControlConfig) -> Evidence:
    """Figures, limits, budget, movers and chance of a people alert; at its end how it ended.

    `movers` are people, `drivers` their names, for those alone who may see names, and for nobody
    where fewer than five are staffed. Where no run of entries became known at this instant they
    are those who entered within the last five minutes.
    """
    n, k, limits, step = found.n, found.k, rules.limits, found.step
    evidence: Evidence = {"k": k, "n": n, "unknown": found.unknown}
    if step.to == Verdict.in_control:
        lasted_s = (found.at_ms - step.alert.onset_ms) // SECOND_MS
        evidence |= {"clear_limit": int(limits.clear[n]), "lasted_s": lasted_s}
    else:
        evidence |= {
            "limit": _limit(int(limits.page[n])),
            "nudge_limit": _limit(int(limits.nudge[n])),
            "clear_limit": int(limits.clear[n]),
            "usual": round(limits.usual(n), 1),
        }
        evidence |= _of_movement(found, recent, rules)
    if found.joins:
        evidence["joins"] = found.joins
    return evidence


def _of_movement(found: GroupFinding, recent: list[Entry], rules: ControlConfig) -> Evidence:
    """Who moved, how often chance does that, and the budget of such chances."""
    control, limits, n = rules.spec.control, rules.limits, found.n
    is_run = found.step.detector == COLLECTIVE
    run = found.run if is_run else None
    names, window_s = _recent(recent, found.at_ms)
    if run is not None:
        names, window_s = list(run.movers), ceil_s(run.last_ms - run.first_ms)
    evidence: Evidence = {"movers": len(names), "window_s": window_s}
    if run is not None:
        evidence["span_s"] = run.limit_ms // SECOND_MS
    evidence["drivers"] = names if n >= SMALLEST else []
    chance = limits.share_chance(found.k, n)
    if is_run:
        evidence["entry_states"] = [state.name for state in sorted(control.entry_states)]
        if len(names) >= MOVERS_MIN:
            chance = limits.run_chance(len(names), window_s * SECOND_MS, n)
        budget = {"count": control.span_per_month, "per": "month"}
    else:
        budget = {"count": control.share_per_month, "per": "month"}
        if not found.step.alert.page_limit:
            budget = {"count": control.nudge_per_day, "per": "day"}
    return evidence | {"chance": of_chance(chance), "budget": budget}


def _recent(entries: list[Entry], at_ms: int) -> tuple[list[str], int]:
    """Who entered within the last five minutes, in order, and seconds since the first did."""
    latest = {e.agent: e.entry_ms for e in entries if e.entry_ms >= at_ms - SPAN_MAX_MS}
    first_ms = min(latest.values(), default=at_ms)
    return sorted(latest, key=lambda agent: (latest[agent], agent)), ceil_s(at_ms - first_ms)


def _limit(limit: int) -> int | None:
    return limit if limit < NO_LIMIT else None


def of_detector(found: Finding) -> Evidence:
    """What a detector of pools or teams found, and how long its alert has lasted."""
    lasted_s = (found.at_ms - found.step.alert.onset_ms) // SECOND_MS
    return {**found.evidence, "lasted_s": lasted_s}
