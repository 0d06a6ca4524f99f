"""A detector of pools as an author would write it: the one file that it takes.

More than half of five or more staffed are free for two minutes: there is room.
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
from stream.control.head_counts import POOL, Counts, Packed, first, third
from stream.control.limits import SMALLEST, Limits
from stream.control.model import Severity, Transition, Verdict
from stream.events.language import Bool
from stream.units import NEVER_MS, SECOND_MS

IDLE: Final = "idle"
IDLE_MS: Final = 120 * SECOND_MS


@dataclass(frozen=True, slots=True)
class IdleState(DetectorState):
    """How a pool's idleness stands."""

    since_ms: int = instant_ms()
    """Since when more than half are free."""


class Idle:
    """The detector, as `stream.control.detectors.protocol.Detector` asks for it."""

    name: Final = IDLE
    group: Final = AlertGroup(IDLE, Severity.nudge)
    inputs: Final[frozenset[Input[Any]]] = frozenset({HEADS})
    holds: Final[frozenset[Hold]] = frozenset()
    initial: Final = IdleState()
    overrules: Final = False
    counts: Final = POOL
    texts: Final[Texts] = {
        "en": {
            "idle": "{count} of {staffed} free for 2 min or longer.",
            "title_idle": "{count} of {staffed} free",
            "idle_cleared": "{count} of {staffed} free. It lasted {lasted}.",
            "do_idle": "Do: offer time for training, meetings or another queue.",
        },
        "zh": {
            "idle": "{count}/{staffed} 人空闲已满 2 分钟。",
            "title_idle": "{count}/{staffed} 人空闲",
            "idle_cleared": "现 {count}/{staffed} 人空闲,持续 {lasted}。",
            "do_idle": "建议:可安排培训、会议或支援其他队列。",
        },
    }

    def evaluate(
        self, inputs: DetectorInput, t_ms: int, counts: Counts, state: IdleState
    ) -> Reading[IdleState]:
        """Follow for how long more than half are free."""
        staffed, _serving, free = counts
        seen = not inputs.stale.at(t_ms)
        idle = staffed >= SMALLEST and free >= limit(staffed)
        since_ms = min(state.since_ms, t_ms) if seen and idle else NEVER_MS
        level = False if t_ms - since_ms >= IDLE_MS else None
        return Reading(IdleState(since_ms), level)

    def is_calm(self, inputs: DetectorInput, t_ms: int, counts: Counts, _state: IdleState) -> bool:
        """At most half are free."""
        staffed, _serving, free = counts
        idle = staffed >= SMALLEST and free >= limit(staffed)
        return not inputs.stale.at(t_ms) and not idle

    def next_wakeup_ms(self, _inputs: DetectorInput, t_ms: int, state: IdleState) -> int:
        """When it has lasted long enough."""
        due_ms = min(state.since_ms + IDLE_MS, NEVER_MS)
        return due_ms if due_ms > t_ms else NEVER_MS

    def evidence(
        self,
        _inputs: DetectorInput,
        t_ms: int,
        counts: Counts,
        _state: IdleState,
        step: AlertStep,
    ) -> dict[str, object]:
        """Heads, limit and how long it lasted."""
        staffed = counts[0]
        return {"staffed": staffed, "limit": limit(staffed), "lasted_s": step.lasted_s(t_ms)}

    def is_candidate(self, packed: Packed, _limits: Limits) -> Bool:
        """More than half are free."""
        staffed = first(packed)
        idle: Bool = (staffed >= SMALLEST) & (2 * third(packed) > staffed)
        return idle

    def standing(self, now: CurrentCounts, _state: IdleState) -> DetectorStatus:
        """`statistic` is the free heads, `limit` how many are too many."""
        staffed, _serving, free = now.counts
        state = Verdict.in_control if staffed >= SMALLEST else Verdict.facts_only
        state = Verdict.stale if now.stale else state
        return DetectorStatus(state, float(free), float(limit(staffed)))

    def raised(self, transition: Transition) -> AlertWording:
        """Many are free."""
        evidence: Any = transition.evidence
        facts = {"count": evidence["free"], "staffed": evidence["staffed"]}
        return AlertWording(
            Phrase("title_idle", facts), Phrase("idle", facts), Phrase("do_idle"), queue=False
        )

    def cleared(self, transition: Transition) -> ClearedWording:
        """Few are free."""
        evidence: Any = transition.evidence
        facts = {"count": evidence["free"], "staffed": evidence["staffed"]}
        what = {
            **facts,
            "lasted": Seconds(evidence["lasted_s"]),
        }
        return ClearedWording(Phrase("idle_cleared", what))


def limit(staffed: int) -> int:
    """So many free agents are too many."""
    return staffed // 2 + 1
