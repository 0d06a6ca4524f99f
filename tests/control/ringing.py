"""A detector of teams as an author would write it: the one file that it takes.

More than a third of five or more staffed heads are ringing without a break for 60 s of a peak: a
nudge. It is over once under a fifth are. Counted are heads, not persons: each may ring for less.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from stream.control.alerts import lifecycle
from stream.control.detectors.protocol import (
    AlertWording,
    CurrentCounts,
    DetectorInput,
    DetectorResult,
    DetectorState,
    DetectorStatus,
    Finding,
    Phrase,
    Seconds,
    Texts,
    judge_instants,
)
from stream.control.head_counts import CountPacking, first, second, unpack
from stream.control.limits import SMALLEST
from stream.control.model import Severity, Verdict
from stream.events.language import I64, STAFFED, Bool, State
from stream.units import NEVER_MS, SECOND_MS

RINGING: Final = "ringing"
RINGING_MS: Final = 60 * SECOND_MS


@dataclass(frozen=True, slots=True)
class RingingState(DetectorState):
    """How a team's ringing stands."""

    since_ms: int = NEVER_MS
    """Since when more than a third ring within a peak."""


class Ringing:
    """The detector, as `stream.control.detectors.protocol.Detector` asks for it."""

    name: Final = RINGING
    initial: Final = RingingState()
    overrules: Final = False
    counts: Final = CountPacking(STAFFED, {State.ringing})
    texts: Final[Texts] = {
        "en": {
            "ringing": "{ringing} of {staffed} have been ringing for {lasting} or longer.",
            "title_ringing": "{ringing} of {staffed} ringing",
            "ringing_cleared": "{ringing} of {staffed} ringing. It lasted {lasted}.",
            "do_ringing": "Do: see whether calls reach the desks; ask the team to pick up.",
        },
        "zh": {
            "ringing": "{ringing}/{staffed} 人振铃未接已满 {lasting}。",
            "title_ringing": "{ringing}/{staffed} 人振铃未接",
            "ringing_cleared": "现 {ringing}/{staffed} 人振铃,持续 {lasted}。",
            "do_ringing": "建议:确认来电能否送达坐席,并请大家接听。",
        },
    }

    def judge(self, watched: DetectorInput, state: RingingState) -> DetectorResult[RingingState]:
        """Judge each instant at which anything may change; due at the edge of a peak too."""
        edges = watched.peak.edges(watched.from_ms, watched.until_ms)
        state, found, next_wakeup_ms = judge_instants(
            watched, state, watched.instants(*edges), partial(_judge_instant, watched), _due_ms
        )
        staffed, ringing, _ = unpack(watched.heads.at(watched.until_ms))
        if is_many(staffed, ringing):
            next_wakeup_ms = min(next_wakeup_ms, watched.peak.next_edge(watched.until_ms - 1))
        return state, found, next_wakeup_ms

    def is_candidate(self, packed: I64) -> Bool:
        """More than a third are ringing."""
        staffed = first(packed)
        many: Bool = (staffed >= SMALLEST) & (3 * second(packed) > staffed)
        return many

    def standing(self, now: CurrentCounts) -> DetectorStatus:
        """`statistic` is the ringing heads, `limit` how many are too many."""
        staffed, ringing, _ = now.counts
        state = Verdict.in_control if staffed >= SMALLEST else Verdict.facts_only
        state = Verdict.stale if now.stale else state
        return DetectorStatus(state, float(ringing), float(limit(staffed)))

    def raised(self, evidence: Mapping[str, Any]) -> AlertWording:
        """Many desks ring."""
        facts = {"ringing": evidence["ringing"], "staffed": evidence["staffed"]}
        lasting = Seconds(evidence["ringing_s"])
        return AlertWording(
            Phrase("title_ringing", facts),
            Phrase("ringing", {**facts, "lasting": lasting}),
            Phrase("do_ringing"),
            queue=True,
        )

    def cleared(self, evidence: Mapping[str, Any]) -> Phrase:
        """Few desks ring."""
        facts = {"ringing": evidence["ringing"], "staffed": evidence["staffed"]}
        return Phrase("ringing_cleared", {**facts, "lasted": Seconds(evidence["lasted_s"])})


def limit(staffed: int) -> int:
    """So many ringing heads are too many."""
    return staffed // 3 + 1


def is_many(staffed: int, ringing: int) -> bool:
    """Whether too many ring."""
    return staffed >= SMALLEST and ringing >= limit(staffed)


def _judge_instant(
    watched: DetectorInput, t_ms: int, state: RingingState
) -> tuple[RingingState, list[Finding]]:
    staffed, ringing, _ = unpack(watched.heads.at(t_ms))
    seen = not watched.stale.at(t_ms)
    alarms = seen and is_many(staffed, ringing) and watched.peak.contains(t_ms)
    since_ms = min(state.since_ms, t_ms) if alarms else NEVER_MS
    episode, steps = lifecycle.advance(
        state.episode,
        t_ms,
        {RINGING: False} if t_ms - since_ms >= RINGING_MS else {},
        calm=seen and (not ringing or 5 * ringing < staffed),
        severity_for=lambda _page_limit: Severity.nudge,
        name=lambda detector: watched.name(detector, t_ms),
    )
    evidence = {
        "staffed": staffed,
        "ringing": ringing,
        "limit": limit(staffed),
        "ringing_s": (t_ms - since_ms) // SECOND_MS if since_ms < NEVER_MS else 0,
    }
    return RingingState(episode, since_ms), [Finding(t_ms, step, evidence) for step in steps]


def _due_ms(t_ms: int, state: RingingState) -> int:
    due = (state.episode.clear_ms, min(state.since_ms + RINGING_MS, NEVER_MS))
    return min((t for t in due if t > t_ms), default=NEVER_MS)
