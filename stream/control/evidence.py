"""What stands in the evidence of a transition: JSON values in a fixed order of keys."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any

from stream.control.collective import Entry, Run
from stream.control.cover import CoverFound
from stream.control.gate import Gate
from stream.control.limits import NO_LIMIT, SPAN_MAX_MS, Limits, ceil_s
from stream.control.people import COLLECTIVE, Found
from stream.spec import ControlSpec
from stream.stats.chance import Interval
from stream.units import NEVER_MS, SECOND_MS

Evidence = dict[str, object]


def digest_of(spec: object) -> str:
    """8 hex digits of a configuration: which one a verdict was judged by."""
    return blake2b(repr(_plain(spec)).encode(), digest_size=4).hexdigest()


def _plain(value: Any) -> object:  # noqa: ANN401
    """A value whose repr is the same in every run: sets and mappings sorted."""
    if is_dataclass(value):
        return [(f.name, _plain(getattr(value, f.name))) for f in fields(value)]
    if isinstance(value, Mapping):
        return sorted((str(key), _plain(inner)) for key, inner in value.items())
    if isinstance(value, AbstractSet):
        return sorted(str(_plain(inner)) for inner in value)
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value


@dataclass(frozen=True, slots=True)
class Queue:
    """A pool's queue and free agents at an instant."""

    known: bool
    waiting: int
    oldest_since_ms: int
    free: int


def of_queue(queue: Queue, at_ms: int) -> Evidence:
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


def of_people(found: Found, recent: list[Entry], limits: Limits, control: ControlSpec) -> Evidence:
    """Figures, limits, budget, movers and chance of a people alert.

    `movers` are people, `drivers` their names, for those alone who may see names; a share alert
    names those who entered within the last five minutes.
    """
    n, k = found.n, found.k
    evidence: Evidence = {
        "k": k,
        "n": n,
        "unknown": found.unknown,
        "limit": _limit(int(limits.page[n])),
        "nudge_limit": _limit(int(limits.nudge[n])),
        "clear_limit": int(limits.clear[n]),
        "usual": round(limits.usual(n), 1),
    }
    if found.step.detector == COLLECTIVE and found.run is not None:
        evidence |= _of_run(found.run)
        chance = limits.run_chance(len(found.run.movers), found.run.last_ms - found.run.first_ms, n)
        budget = control.span_per_month
    else:
        evidence |= _of_recent(recent, found.at_ms)
        chance = limits.share_chance(k, n)
        budget = control.share_per_month
    evidence |= {"chance": of_chance(chance), "budget_per_month": budget}
    if found.joins:
        evidence["joins"] = found.joins
    return evidence


def _limit(limit: int) -> int | None:
    return limit if limit < NO_LIMIT else None


def _of_run(run: Run) -> Evidence:
    return {
        "movers": len(run.movers),
        "window_s": ceil_s(run.last_ms - run.first_ms),
        "span_s": run.limit_ms // SECOND_MS,
        "drivers": list(run.movers),
    }


def _of_recent(recent: list[Entry], at_ms: int) -> Evidence:
    latest = {e.agent: e.entry_ms for e in recent if e.entry_ms >= at_ms - SPAN_MAX_MS}
    first_ms = min(latest.values(), default=at_ms)
    return {
        "movers": len(latest),
        "window_s": ceil_s(at_ms - first_ms),
        "drivers": sorted(latest, key=lambda agent: (latest[agent], agent)),
    }


def of_cover(found: CoverFound, *, is_open: bool | None) -> Evidence:
    """Who is there, and for how long nobody was."""
    since = [t for t in (found.unstaffed_ms, found.unserved_ms) if t < NEVER_MS]
    return {
        "staffed": found.staffed,
        "serving": found.serving,
        "open": is_open,
        "unstaffed": found.unstaffed_ms < NEVER_MS,
        "nobody_s": (found.at_ms - min(since)) // SECOND_MS if since else 0,
    }
