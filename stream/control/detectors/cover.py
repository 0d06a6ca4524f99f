"""Cover: is anybody there? Evaluated per pool, at any number of heads, and never gated.

It asks two questions. Within opening hours, where they are known: is nobody staffed, for 60 s?
And at any hour: is nobody serving for 30 s while the oldest call has waited more than 20 s? A
caller who still waits after closing time is a caller.

An agent who is `unknown` is not staffed: one who forgot to log off yesterday must not hide that
nobody came today. While a source of the pool is silent nothing is raised and nothing cleared,
and a pool of which no agent was ever seen is not evaluated.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from stream.control.detectors.inputs import HEADS, QUEUE, DetectorInput, Input
from stream.control.detectors.movement import is_blind
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
from stream.control.head_counts import POOL, Counts, Packed, second, unpack
from stream.control.limits import Limits
from stream.control.model import Severity, Transition, Verdict
from stream.events.language import Bool
from stream.units import NEVER_MS, SECOND_MS

LONG_WAIT_MS: Final = 20 * SECOND_MS
"""More than this is a long wait: it is one a millisecond later."""


def is_long(oldest_since_ms: int, t_ms: int) -> bool:
    """Whether the oldest call, offered at an instant, has waited more than 20 s."""
    return oldest_since_ms < NEVER_MS and t_ms - oldest_since_ms > LONG_WAIT_MS


COVER: Final = "cover"
UNSTAFFED_MS: Final = 60 * SECOND_MS
UNSERVED_MS: Final = 30 * SECOND_MS


@dataclass(frozen=True, slots=True)
class CoverState(DetectorState):
    """State of a pool's cover; NEVER_MS: the condition does not hold."""

    BY_POSITION: ClassVar[bool] = True
    unstaffed_ms: int = instant_ms()
    """Since when nobody is staffed within opening hours."""
    unserved_ms: int = instant_ms()
    """Since when nobody is serving."""


TEXTS: Final[Texts] = {
    "en": {
        "unstaffed": "nobody logged in for {nobody} within opening hours.",
        "unserved": "nobody takes calls for {nobody} ({staffed} staffed).",
        "title_cover": "nobody there for callers",
        "cover_cleared": "{serving} serving again. It lasted {lasted}.",
        "do_unstaffed": "Do: reach whoever is on duty, at home too, and get one person logged in.",
        "do_unserved": "Do: get one person back to calls now.",
    },
    "zh": {
        "unstaffed": "营业时间内已 {nobody}无人在岗。",
        "unserved": "已 {nobody}无人接听(在岗 {staffed} 人)。",
        "title_cover": "来电无人接听",
        "cover_cleared": "现 {serving} 人可接听,持续 {lasted}。",
        "do_unstaffed": "建议:联系值班人员(含居家),先让一人签入。",
        "do_unserved": "建议:先请一人回到接听。",
    },
}


class Cover:
    """The detector, as `stream.control.detectors.protocol.Detector` asks for it."""

    name: Final = COVER
    group: Final = AlertGroup(COVER, Severity.page)
    inputs: Final[frozenset[Input[Any]]] = frozenset({HEADS, QUEUE})
    holds: Final[frozenset[Hold]] = frozenset()
    initial: Final = CoverState()
    overrules: Final = True
    counts: Final = POOL
    texts: Final = TEXTS

    def evaluate(
        self, inputs: DetectorInput, t_ms: int, counts: Counts, state: CoverState
    ) -> Reading[CoverState]:
        """Follow for how long nobody is staffed or serving."""
        staffed, serving, _free = counts
        seen = not inputs.stale.at(t_ms) and inputs.known_ms <= t_ms
        waited_long = is_long(inputs.of(QUEUE).at(t_ms), t_ms)
        is_open = inputs.open is not None and inputs.open.contains(t_ms)
        unstaffed = min(state.unstaffed_ms, t_ms) if seen and is_open and not staffed else NEVER_MS
        unserved = min(state.unserved_ms, t_ms) if seen and not serving else NEVER_MS
        alarm = t_ms - unstaffed >= UNSTAFFED_MS or (waited_long and t_ms - unserved >= UNSERVED_MS)
        return Reading(CoverState(unstaffed, unserved), True if alarm else None)

    def is_calm(self, inputs: DetectorInput, t_ms: int, _counts: Counts, state: CoverState) -> bool:
        """Somebody is there, and nobody waits long for one who serves."""
        seen = not inputs.stale.at(t_ms) and inputs.known_ms <= t_ms
        waited_long = is_long(inputs.of(QUEUE).at(t_ms), t_ms)
        bad = state.unstaffed_ms < NEVER_MS or (state.unserved_ms < NEVER_MS and waited_long)
        return seen and not bad

    def next_wakeup_ms(self, inputs: DetectorInput, t_ms: int, state: CoverState) -> int:
        """When a wait becomes long, a dwell ends, or opening hours begin or end."""
        since = inputs.of(QUEUE).at(t_ms)
        long_ms = since + LONG_WAIT_MS + 1
        due = [_next_edge(inputs, t_ms)]
        if state.unstaffed_ms < NEVER_MS:
            due.append(state.unstaffed_ms + UNSTAFFED_MS)
        if state.unserved_ms < NEVER_MS and since < NEVER_MS:
            due += [long_ms, max(long_ms, state.unserved_ms + UNSERVED_MS)]
        return min((t for t in due if t > t_ms), default=NEVER_MS)

    def evidence(
        self,
        inputs: DetectorInput,
        t_ms: int,
        counts: Counts,
        state: CoverState,
        step: AlertStep,
    ) -> dict[str, object]:
        """Who is there, and for how long nobody was."""
        staffed, serving, _free = counts
        since = [t for t in (state.unstaffed_ms, state.unserved_ms) if t < NEVER_MS]
        return {
            "staffed": staffed,
            "serving": serving,
            "open": None if inputs.open is None else inputs.open.contains(t_ms),
            "unstaffed": state.unstaffed_ms < NEVER_MS,
            "nobody_s": (t_ms - min(since)) // SECOND_MS if since else 0,
            "lasted_s": step.lasted_s(t_ms),
        }

    def is_candidate(self, packed: Packed, _limits: Limits) -> Bool:
        """Nobody is serving."""
        nobody: Bool = second(packed) == 0
        return nobody

    def standing(self, now: CurrentCounts, _state: CoverState) -> DetectorStatus:
        """`statistic` is the serving heads; the alarm is at 0."""
        state = Verdict.in_control
        if now.stale:
            state = Verdict.stale
        elif not now.asked or not now.known or is_blind(now.staffed, now.unknown):
            state = Verdict.insufficient_data
        _staffed, serving, _free = now.counts
        return DetectorStatus(state, float(serving), 0.0)

    def raised(self, transition: Transition) -> AlertWording:
        """Nobody there."""
        evidence: Any = transition.evidence
        key = "unstaffed" if evidence["unstaffed"] else "unserved"
        facts = {"nobody": Seconds(evidence["nobody_s"]), "staffed": evidence["staffed"]}
        return AlertWording(
            Phrase("title_cover"),
            Phrase(key, facts),
            Phrase(f"do_{key}"),
            queue=bool(evidence["waiting"]),
        )

    def cleared(self, transition: Transition) -> ClearedWording:
        """Somebody serves again."""
        evidence: Any = transition.evidence
        lasted = Seconds(evidence["lasted_s"])
        facts = {"serving": evidence["serving"], "lasted": lasted}
        return ClearedWording(Phrase("cover_cleared", facts))


def _next_edge(inputs: DetectorInput, t_ms: int) -> int:
    """When opening hours begin or end while nobody is staffed."""
    staffed, _, _ = unpack(inputs.heads.at(t_ms))
    if inputs.open is None or staffed:
        return NEVER_MS
    return inputs.open.next_edge(t_ms)
