"""Movement alerts: what share and collective have in common.

They form one alert group: one page per team and episode, a further detector joins as evidence, and
the gate decides whether it pages.
"""

from bisect import bisect_left, bisect_right
from math import ceil, floor
from typing import Any, Final

from stream.control.detectors.entry_runs import EntryRun, find_run
from stream.control.detectors.inputs import ENTRIES, DetectorInput
from stream.control.detectors.protocol import (
    AlertGroup,
    AlertWording,
    ClearedWording,
    CurrentCounts,
    Phrase,
    Seconds,
    Texts,
)
from stream.control.episode import AlertStep
from stream.control.head_counts import Counts
from stream.control.limits import NO_LIMIT, SMALLEST, SPAN_MAX_MS, ceil_s
from stream.control.model import Severity, Transition, Verdict
from stream.stats.chance import Interval
from stream.stats.scan import ENTRIES_MIN
from stream.units import SECOND_MS

MOVEMENT: Final = AlertGroup("people", severity=None)
UNKNOWN_TENTHS: Final = 1
"""More than one tenth unknown: the share says nothing."""
MOVERS_SHOWN: Final = 3
"""Fewer who went within minutes are no movement: the message gives the heads alone."""


def is_blind(n: int, unknown: int) -> bool:
    """Whether so many agents are unknown that the share of those who are staffed says nothing."""
    return 10 * unknown > UNKNOWN_TENTHS * (n + unknown)


def is_calm(inputs: DetectorInput, t_ms: int, counts: Counts) -> bool:
    """Whether the heads away are down to the limit for clearing, and all is known."""
    n, _k, unknown = counts
    if inputs.stale.at(t_ms) or is_blind(n, unknown):
        return False
    return bool(inputs.of(ENTRIES).away.at(t_ms) <= inputs.limits.clear[n])


def run_at(inputs: DetectorInput, t_ms: int, n: int) -> EntryRun | None:
    """The run of entries that becomes known at this instant, if any."""
    found = inputs.of(ENTRIES)
    entries = found.entries
    last = bisect_right(entries, t_ms, key=lambda entry: entry.at_ms)
    if not last or entries[last - 1].at_ms != t_ms:
        return None
    # What was known earlier had begun earlier still, and no longer counts.
    first = bisect_left(entries, t_ms - SPAN_MAX_MS, key=lambda entry: entry.at_ms)
    counted = [entry for entry in entries[first:last] if found.counts(entry, t_ms)]
    return find_run(counted, t_ms, inputs.limits.spans(n, found.resolution_ms))


def without_data(now: CurrentCounts) -> Verdict | None:
    """`stale` or `facts_only` where it is so."""
    if now.stale:
        return Verdict.stale
    return Verdict.facts_only if now.staffed < SMALLEST else None


# ------------------------------------------------------------------------------------- evidence


def evidence(
    inputs: DetectorInput, t_ms: int, counts: Counts, step: AlertStep, run: EntryRun | None
) -> dict[str, object]:
    """Figures and limits of a movement alert; at its end how it ended."""
    n, k, unknown = counts
    limits = inputs.limits
    found: dict[str, object] = {"k": k, "n": n, "unknown": unknown}
    if step.to == Verdict.in_control:
        return found | {"clear_limit": int(limits.clear[n]), "lasted_s": step.lasted_s(t_ms)}
    found |= {
        "limit": _limit(int(limits.page[n])),
        "nudge_limit": _limit(int(limits.nudge[n])),
        "clear_limit": int(limits.clear[n]),
        "usual": round(limits.usual(n), 1),
    }
    names, window_s = _recent(inputs, t_ms)
    if run is not None:
        names, window_s = list(run.movers), ceil_s(run.last_ms - run.first_ms)
    found |= {"movers": len(names), "window_s": window_s}
    if run is not None:
        found["span_s"] = run.limit_ms // SECOND_MS
    # Names are for those alone who may see them, and for nobody where fewer than five are staffed.
    return found | {"drivers": names if n >= SMALLEST else []}


def of_chance(chance: Interval, budget: float, per: str) -> dict[str, object]:
    """How often chance would do it ("once in about `count` `unit`", or rarer if `more`)."""
    interval = {"count": chance.count, "unit": chance.unit, "more": chance.more}
    return {"chance": interval, "budget": {"count": budget, "per": per}}


def run_chance(inputs: DetectorInput, counts: Counts, movers: int, window_s: int) -> Interval:
    """How often chance lets so many enter; too few movers: by the heads away."""
    n, k, _unknown = counts
    if movers >= ENTRIES_MIN:
        return inputs.limits.run_chance(movers, window_s * SECOND_MS, n)
    return inputs.limits.share_chance(k, n)


def _recent(inputs: DetectorInput, at_ms: int) -> tuple[list[str], int]:
    """Who entered within the last five minutes, in order, and seconds since the first did."""
    known = (entry for entry in inputs.of(ENTRIES).entries if entry.at_ms <= at_ms)
    latest = {e.agent: e.entry_ms for e in known if e.entry_ms >= at_ms - SPAN_MAX_MS}
    first_ms = min(latest.values(), default=at_ms)
    return sorted(latest, key=lambda agent: (latest[agent], agent)), ceil_s(at_ms - first_ms)


def _limit(limit: int) -> int | None:
    return limit if limit < NO_LIMIT else None


# --------------------------------------------------------------------------------------- wording


def raised(transition: Transition, *, is_break: bool) -> AlertWording:
    """Who moved, how many are away, and how often chance does that.

    Args:
        transition: of share or collective.
        is_break: whether all that counts as an entry is a break.
    """
    evidence: Any = transition.evidence
    key = "away"
    if evidence["movers"] >= MOVERS_SHOWN:
        key = "moved" if is_break else "moved_away"
    facts = {
        "k": evidence["k"],
        "n": evidence["n"],
        "usual": _usual(evidence["usual"]),
        "movers": evidence["movers"],
        "window": Seconds(evidence["window_s"]),
    }
    back = max(1, evidence["k"] - ceil(evidence["usual"]))
    people = Phrase("people_one" if back == 1 else "people", {"count": back})
    chance = evidence["chance"]
    return AlertWording(
        Phrase(f"title_{key}", facts),
        Phrase(key, facts),
        Phrase(f"do_{transition.severity}", {"back": people}),
        queue=transition.severity != Severity.digest,
        proof=Phrase(
            "chance_more" if chance["more"] else "chance",
            {"count": chance["count"], "unit": Phrase(f"unit_{chance['unit']}")},
        ),
    )


def cleared(transition: Transition) -> ClearedWording:
    """How many are still away; where nobody is left, that the shift is over."""
    evidence: Any = transition.evidence
    if not evidence["n"]:
        return ClearedWording(Phrase("people_gone"), Phrase("title_gone"))
    lasted = Seconds(evidence["lasted_s"])
    facts = {"k": evidence["k"], "n": evidence["n"], "lasted": lasted}
    return ClearedWording(Phrase("people_cleared", facts))


def _usual(heads: float) -> str:
    """Heads that are usual as whole numbers: ``1-2``."""
    low, high = floor(heads), ceil(heads)
    return str(low) if low == high else f"{low}-{high}"


MOVEMENT_TEXTS: Final[Texts] = {
    "en": {
        "moved": "{movers} people went on break within {window}, {k} of {n} now (usual {usual}).",
        "moved_away": "{movers} people stopped taking calls within {window}, "
        "{k} of {n} on break now (usual {usual}).",
        "away": "{k} of {n} on break now (usual {usual}).",
        "title_moved": "{movers} people went on break within {window}",
        "title_moved_away": "{movers} people stopped taking calls within {window}",
        "title_away": "{k} of {n} on break",
        "people_cleared": "{k} of {n} on break. It lasted {lasted}.",
        "people_gone": "shift over, ended automatically.",
        "title_gone": "shift over",
        "do_page": "Do: 1) ask {back} back to calls, longest break first; 2) a meeting or "
        "training? Move it past the peak.",
        "do_nudge": "Do: see who can come back soon; with {back} back it would be normal again.",
        "do_digest": "No need to act now: look at it with the shift.",
        "chance": "Chance alone: about once in {count} {unit}.",
        "chance_more": "Chance alone: not even once in {count} {unit}.",
    },
    "zh": {
        "moved": "{window}内 {movers} 人转小休,现 {k}/{n} 人小休(通常 {usual} 人)。",
        "moved_away": "{window}内 {movers} 人离开接听状态,现 {k}/{n} 人小休(通常 {usual} 人)。",
        "away": "现 {k}/{n} 人小休(通常 {usual} 人)。",
        "title_moved": "{window}内 {movers} 人转小休",
        "title_moved_away": "{window}内 {movers} 人离开接听状态",
        "title_away": "{k}/{n} 人小休",
        "people_cleared": "现 {k}/{n} 人小休,持续 {lasted}。",
        "people_gone": "已下班,自动结束。",
        "title_gone": "已下班",
        "do_page": "建议:①先请回 {back},休息最久者优先;②若是开会或培训,请移到高峰之后。",
        "do_nudge": "建议:看看谁可以先回来,再回来 {back}即恢复正常。",
        "do_digest": "现在不必处理,交接班时一并看。",
        "chance": "正常波动下约 {count} {unit}才出现一次。",
        "chance_more": "正常波动下 {count} {unit}也出现不到一次。",
    },
}
