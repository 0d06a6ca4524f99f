"""A detector of teams as an author would write it: the one file that it takes.

More than a third of five or more staffed heads are ringing without a break for 60 s of a peak: a
nudge. It is over once under a fifth are. Counted are heads, not persons: each may ring for less.
"""

from dataclasses import dataclass
from typing import Any, Final

from stream.control.detectors.inputs import HEADS, DetectorInput, Input
from stream.control.detectors.protocol import (
    AlertGroup,
    AlertWording,
    ClearedWording,
    CurrentCounts,
    DetectorState,
    DetectorStatus,
    Hold,
    Phrase,
    Reading,
    Seconds,
    Texts,
    instant_ms,
)
from stream.control.episode import AlertStep
from stream.control.head_counts import CountPacking, Counts, Packed, first, second, unpack
from stream.control.limits import SMALLEST, Limits
from stream.control.model import Severity, Transition, Verdict
from stream.events.language import STAFFED, Bool, State
from stream.units import NEVER_MS, SECOND_MS

RINGING: Final = "ringing"
RINGING_MS: Final = 60 * SECOND_MS


@dataclass(frozen=True, slots=True)
class RingingState(DetectorState):
    """How a team's ringing stands."""

    since_ms: int = instant_ms()
    """Since when more than a third ring within a peak."""


class Ringing:
    """The detector, as `stream.control.detectors.protocol.Detector` asks for it."""

    name: Final = RINGING
    group: Final = AlertGroup(RINGING, Severity.nudge)
    inputs: Final[frozenset[Input[Any]]] = frozenset({HEADS})
    holds: Final[frozenset[Hold]] = frozenset()
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

    def evaluate(
        self, inputs: DetectorInput, t_ms: int, counts: Counts, state: RingingState
    ) -> Reading[RingingState]:
        """Follow for how long more than a third ring within a peak."""
        staffed, ringing, _ = counts
        seen = not inputs.stale.at(t_ms)
        alarms = seen and is_many(staffed, ringing) and inputs.peak.contains(t_ms)
        since_ms = min(state.since_ms, t_ms) if alarms else NEVER_MS
        level = False if t_ms - since_ms >= RINGING_MS else None
        return Reading(RingingState(since_ms), level)

    def is_calm(
        self, inputs: DetectorInput, t_ms: int, counts: Counts, _state: RingingState
    ) -> bool:
        """Under a fifth ring."""
        staffed, ringing, _ = counts
        return not inputs.stale.at(t_ms) and (not ringing or 5 * ringing < staffed)

    def next_wakeup_ms(self, inputs: DetectorInput, t_ms: int, state: RingingState) -> int:
        """When it has lasted long enough, and at the edges of peaks."""
        due = [min(state.since_ms + RINGING_MS, NEVER_MS)]
        staffed, ringing, _ = unpack(inputs.heads.at(t_ms))
        if is_many(staffed, ringing):
            due.append(inputs.peak.next_edge(t_ms))
        return min((t for t in due if t > t_ms), default=NEVER_MS)

    def evidence(
        self,
        _inputs: DetectorInput,
        t_ms: int,
        counts: Counts,
        state: RingingState,
        step: AlertStep,
    ) -> dict[str, object]:
        """Heads, limit and for how long they ring."""
        staffed, ringing, _ = counts
        since_ms = state.since_ms
        return {
            "staffed": staffed,
            "ringing": ringing,
            "limit": limit(staffed),
            "ringing_s": (t_ms - since_ms) // SECOND_MS if since_ms < NEVER_MS else 0,
            "lasted_s": step.lasted_s(t_ms),
        }

    def is_candidate(self, packed: Packed, _limits: Limits) -> Bool:
        """More than a third are ringing."""
        staffed = first(packed)
        many: Bool = (staffed >= SMALLEST) & (3 * second(packed) > staffed)
        return many

    def standing(self, now: CurrentCounts, _state: RingingState) -> DetectorStatus:
        """`statistic` is the ringing heads, `limit` how many are too many."""
        staffed, ringing, _ = now.counts
        state = Verdict.in_control if staffed >= SMALLEST else Verdict.facts_only
        state = Verdict.stale if now.stale else state
        return DetectorStatus(state, float(ringing), float(limit(staffed)))

    def raised(self, transition: Transition) -> AlertWording:
        """Many desks ring."""
        evidence: Any = transition.evidence
        facts = {"ringing": evidence["ringing"], "staffed": evidence["staffed"]}
        lasting = Seconds(evidence["ringing_s"])
        return AlertWording(
            Phrase("title_ringing", facts),
            Phrase("ringing", {**facts, "lasting": lasting}),
            Phrase("do_ringing"),
            queue=True,
        )

    def cleared(self, transition: Transition) -> ClearedWording:
        """Few desks ring."""
        evidence: Any = transition.evidence
        facts = {"ringing": evidence["ringing"], "staffed": evidence["staffed"]}
        what = {
            **facts,
            "lasted": Seconds(evidence["lasted_s"]),
        }
        return ClearedWording(Phrase("ringing_cleared", what))


def limit(staffed: int) -> int:
    """So many ringing heads are too many."""
    return staffed // 3 + 1


def is_many(staffed: int, ringing: int) -> bool:
    """Whether too many ring."""
    return staffed >= SMALLEST and ringing >= limit(staffed)
