"""Cover: is anybody there? Evaluated per pool, at any number of heads, and never gated.

Within opening hours, or where these are not known, it asks two questions. Is nobody staffed, for
60 s? That is only asked of known hours. And is nobody serving for 30 s while the oldest call has
waited more than 20 s? Both dwells count from the opening. Outside opening hours the second is a
line of the digest and pages nobody; an alert of the day ends when the pool closes, and says so.

An agent who is `unknown` is not staffed: one who forgot to log off yesterday must not hide that
nobody came today. While a team of the pool is stale nothing is raised and nothing cleared. A
pool that roster or configuration names is evaluated even if none of its agents was ever seen; any
other is not.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from stream.control.detectors.inputs import HEADS, QUEUE, DetectorInput, Input, Known
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
    """Since when nobody is serving, at the earliest since the last opening or closing."""
    open: bool | None = None
    """While nobody is serving: whether the pool is open; None: its hours are not known."""
    lost: bool = False
    """No event says what became of the calls that waited, and nobody is serving yet."""

    @property
    def is_lost(self) -> bool:
        """Whether what it alarmed of is no longer known."""
        return self.lost


TEXTS: Final[Texts] = {
    "en": {
        "unstaffed": "nobody logged in for {nobody} within opening hours.",
        "unserved": "nobody takes calls for {nobody} ({staffed} staffed).",
        "after_hours": "a call waits outside opening hours.",
        "title_after_hours": "a call outside opening hours",
        "title_cover": "nobody there for callers",
        "cover_cleared": "{serving} serving again. It lasted {lasted}.",
        "cover_closed": "the pool has closed; nobody served until then. It lasted {lasted}.",
        "title_cover_closed": "closed",
        "cover_gone": "nobody waits any more. It lasted {lasted}.",
        "cover_unnamed": "neither roster nor configuration names it any more.",
        "do_unstaffed": "Do: reach whoever is on duty, at home too, and get one person logged in.",
        "do_unserved": "Do: get one person back to calls now.",
        "do_after_hours": "Do: check the opening hours that are announced to callers.",
    },
    "zh": {
        "unstaffed": "营业时间内已 {nobody}无人在岗。",
        "unserved": "已 {nobody}无人接听(在岗 {staffed} 人)。",
        "after_hours": "营业时间外有来电等待。",
        "title_after_hours": "营业时间外来电",
        "title_cover": "来电无人接听",
        "cover_cleared": "现 {serving} 人可接听,持续 {lasted}。",
        "cover_closed": "营业已结束,此前一直无人接听,持续 {lasted}。",
        "title_cover_closed": "营业已结束",
        "cover_gone": "已无来电等待,持续 {lasted}。",
        "cover_unnamed": "排班表和配置中已无此技能组。",
        "do_unstaffed": "建议:联系值班人员(含居家),先让一人签入。",
        "do_unserved": "建议:先请一人回到接听。",
        "do_after_hours": "建议:核对对外公布的营业时间。",
    },
}


class Cover:
    """The detector, as `stream.control.detectors.protocol.Detector` asks for it."""

    name: Final = COVER
    group: Final = AlertGroup(COVER, Severity.page, below=Severity.digest)
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
        known, queue = inputs.known.at(t_ms), inputs.of(QUEUE)
        lost = t_ms in queue.lost or (state.lost and t_ms not in queue.readings)
        if known == Known.no:  # an alert of when it was named ends
            return Reading(self.initial, None, ends=True)
        if known == Known.while_asked and queue.oldest.at(t_ms) == NEVER_MS:
            return Reading(CoverState(lost=lost), None)
        if inputs.stale.at(t_ms):
            return Reading(CoverState(open=state.open, lost=lost), None)
        is_open = _is_open(inputs, t_ms)
        if serving:
            return Reading(CoverState(), None)
        turned = state.open is not None and state.open is not is_open
        unserved = t_ms if turned else min(state.unserved_ms, t_ms)
        unstaffed = min(state.unstaffed_ms, t_ms) if is_open and not staffed else NEVER_MS
        alarm = t_ms - unstaffed >= UNSTAFFED_MS
        waits_long = _waits_long(inputs, t_ms)
        alarm |= waits_long and t_ms - unserved >= UNSERVED_MS
        level = is_open is not False if alarm else None
        closes = turned and is_open is False
        lost = lost and not waits_long
        return Reading(CoverState(unstaffed, unserved, is_open, lost), level, closes)

    def is_calm(self, inputs: DetectorInput, t_ms: int, _counts: Counts, state: CoverState) -> bool:
        """Somebody is there, and nobody waits long for one who serves."""
        unserved_call = state.unserved_ms < NEVER_MS and _waits_long(inputs, t_ms)
        seen = not inputs.stale.at(t_ms)
        return seen and state.unstaffed_ms == NEVER_MS and not unserved_call

    def next_wakeup_ms(self, inputs: DetectorInput, t_ms: int, state: CoverState) -> int:
        """When a wait becomes long, a dwell ends, or opening hours begin or end."""
        since = inputs.of(QUEUE).oldest.at(t_ms)
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
        """Who is there, and for how long nobody was; at the end of an alert, what ended it."""
        staffed, serving, _free = counts
        since = [t for t in (state.unstaffed_ms, state.unserved_ms) if t < NEVER_MS]
        found: dict[str, object] = {
            "staffed": staffed,
            "serving": serving,
            "open": _is_open(inputs, t_ms),
            "unstaffed": state.unstaffed_ms < NEVER_MS,
            "nobody_s": (t_ms - min(since)) // SECOND_MS if since else 0,
            "lasted_s": step.lasted_s(t_ms),
        }
        if step.to == Verdict.in_control:
            found["ended"] = _ended(inputs, t_ms, serving, step)
        return found

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
        facts = {"nobody": Seconds(evidence["nobody_s"]), "staffed": evidence["staffed"]}
        key, title = "unserved", "title_cover"
        if transition.to == Verdict.watch:
            key, title = "after_hours", "title_after_hours"
        elif evidence["unstaffed"]:
            key = "unstaffed"
        return AlertWording(
            Phrase(title), Phrase(key, facts), Phrase(f"do_{key}"), queue=bool(evidence["waiting"])
        )

    def cleared(self, transition: Transition) -> ClearedWording:
        """Somebody serves again, or what else ended it."""
        evidence: Any = transition.evidence
        facts = {"serving": evidence["serving"], "lasted": Seconds(evidence["lasted_s"])}
        key = "cover_cleared" if evidence["ended"] == "served" else f"cover_{evidence['ended']}"
        if evidence["ended"] == "closed":
            return ClearedWording(Phrase(key, facts), Phrase("title_cover_closed"), "label_closed")
        return ClearedWording(Phrase(key, facts))


def _ended(inputs: DetectorInput, t_ms: int, serving: int, step: AlertStep) -> str:
    """What ended an alert; of one below the page limit closing time was no part."""
    if inputs.known.at(t_ms) == Known.no:
        return "unnamed"
    if serving:
        return "served"
    return "closed" if step.alert.page_limit and _is_open(inputs, t_ms) is False else "gone"


def _is_open(inputs: DetectorInput, t_ms: int) -> bool | None:
    """Whether an instant lies within opening hours; None: they are not known."""
    return None if inputs.open is None else inputs.open.contains(t_ms)


def _waits_long(inputs: DetectorInput, t_ms: int) -> bool:
    """Whether the oldest call has waited long."""
    return is_long(inputs.of(QUEUE).oldest.at(t_ms), t_ms)


def _next_edge(inputs: DetectorInput, t_ms: int) -> int:
    """When opening hours begin or end while nobody is serving."""
    _staffed, serving, _free = unpack(inputs.heads.at(t_ms))
    if inputs.open is None or serving:
        return NEVER_MS
    return inputs.open.next_edge(t_ms)
