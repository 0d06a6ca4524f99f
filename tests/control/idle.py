"""A detector of pools as an author would write it: the one file that it takes.

More than half of five or more staffed are free for two minutes: there is room.
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
from stream.control.head_counts import POOL, first, third, unpack
from stream.control.limits import SMALLEST
from stream.control.model import Severity, Verdict
from stream.events.language import I64, Bool
from stream.units import NEVER_MS, SECOND_MS

IDLE: Final = "idle"
IDLE_MS: Final = 120 * SECOND_MS


@dataclass(frozen=True, slots=True)
class IdleState(DetectorState):
    """How a pool's idleness stands."""

    since_ms: int = NEVER_MS
    """Since when more than half are free."""


class Idle:
    """The detector, as `stream.control.detectors.protocol.Detector` asks for it."""

    name: Final = IDLE
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

    def judge(self, watched: DetectorInput, state: IdleState) -> DetectorResult[IdleState]:
        """Judge each instant at which anything may change."""
        return judge_instants(
            watched, state, watched.instants(), partial(_judge_instant, watched), _due_ms
        )

    def is_candidate(self, packed: I64) -> Bool:
        """More than half are free."""
        staffed = first(packed)
        idle: Bool = (staffed >= SMALLEST) & (2 * third(packed) > staffed)
        return idle

    def standing(self, now: CurrentCounts) -> DetectorStatus:
        """`statistic` is the free heads, `limit` how many are too many."""
        staffed, _serving, free = now.counts
        state = Verdict.in_control if staffed >= SMALLEST else Verdict.facts_only
        state = Verdict.stale if now.stale else state
        return DetectorStatus(state, float(free), float(limit(staffed)))

    def raised(self, evidence: Mapping[str, Any]) -> AlertWording:
        """Many are free."""
        facts = {"count": evidence["free"], "staffed": evidence["staffed"]}
        return AlertWording(
            Phrase("title_idle", facts), Phrase("idle", facts), Phrase("do_idle"), queue=False
        )

    def cleared(self, evidence: Mapping[str, Any]) -> Phrase:
        """Few are free."""
        facts = {"count": evidence["free"], "staffed": evidence["staffed"]}
        return Phrase("idle_cleared", {**facts, "lasted": Seconds(evidence["lasted_s"])})


def limit(staffed: int) -> int:
    """So many free agents are too many."""
    return staffed // 2 + 1


def _judge_instant(
    watched: DetectorInput, t_ms: int, state: IdleState
) -> tuple[IdleState, list[Finding]]:
    staffed, _serving, free = unpack(watched.heads.at(t_ms))
    seen = not watched.stale.at(t_ms)
    idle = staffed >= SMALLEST and free >= limit(staffed)
    since_ms = min(state.since_ms, t_ms) if seen and idle else NEVER_MS
    episode, steps = lifecycle.advance(
        state.episode,
        t_ms,
        {IDLE: False} if t_ms - since_ms >= IDLE_MS else {},
        calm=seen and not idle,
        severity_for=lambda _page_limit: Severity.nudge,
        name=lambda detector: watched.name(detector, t_ms),
    )
    evidence = {"staffed": staffed, "limit": limit(staffed)}
    return IdleState(episode, since_ms), [Finding(t_ms, step, evidence) for step in steps]


def _due_ms(t_ms: int, state: IdleState) -> int:
    due = (state.episode.clear_ms, min(state.since_ms + IDLE_MS, NEVER_MS))
    return min((t for t in due if t > t_ms), default=NEVER_MS)
