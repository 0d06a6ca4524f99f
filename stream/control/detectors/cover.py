"""Cover: is anybody there? Judged per pool, at any number of heads, and never gated.

It asks two questions. Within opening hours, where they are known: is nobody staffed, for 60 s?
And at any hour: is nobody serving for 30 s while the oldest call has waited more than 20 s? A
caller who still waits after closing time is a caller.

An agent who is `unknown` is not staffed: one who forgot to log off yesterday must not hide that
nobody came today. While a source of the pool is silent nothing is raised and nothing cleared,
and a pool of which no agent was ever seen is not judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from stream.control.alerts import lifecycle
from stream.control.alerts.gate import LONG_WAIT_MS
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
from stream.control.detectors.share import is_blind
from stream.control.head_counts import POOL, second, unpack
from stream.control.model import Severity, Verdict
from stream.events.language import I64, Bool
from stream.units import NEVER_MS, SECOND_MS

COVER: Final = "cover"
UNSTAFFED_MS: Final = 60 * SECOND_MS
UNSERVED_MS: Final = 30 * SECOND_MS


@dataclass(frozen=True, slots=True)
class CoverState(DetectorState):
    """How a pool's cover stands; NEVER_MS: it is not so."""

    unstaffed_ms: int = NEVER_MS
    """Since when nobody is staffed within opening hours."""
    unserved_ms: int = NEVER_MS
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
    initial: Final = CoverState()
    overrules: Final = True
    counts: Final = POOL
    texts: Final = TEXTS

    def judge(self, watched: DetectorInput, state: CoverState) -> DetectorResult[CoverState]:
        """Judge each instant at which anything may change."""
        return judge(watched, state)

    def is_candidate(self, packed: I64) -> Bool:
        """Nobody is serving."""
        nobody: Bool = second(packed) == 0
        return nobody

    def standing(self, now: CurrentCounts) -> DetectorStatus:
        """`statistic` is the serving heads; the alarm is at 0."""
        state = Verdict.in_control
        if now.stale:
            state = Verdict.stale
        elif not now.asked or not now.known or is_blind(now.staffed, now.unknown):
            state = Verdict.insufficient_data
        _staffed, serving, _free = now.counts
        return DetectorStatus(state, float(serving), 0.0)

    def raised(self, evidence: Mapping[str, Any]) -> AlertWording:
        """Nobody there."""
        key = "unstaffed" if evidence["unstaffed"] else "unserved"
        facts = {"nobody": Seconds(evidence["nobody_s"]), "staffed": evidence["staffed"]}
        return AlertWording(
            Phrase("title_cover"),
            Phrase(key, facts),
            Phrase(f"do_{key}"),
            queue=bool(evidence["waiting"]),
        )

    def cleared(self, evidence: Mapping[str, Any]) -> Phrase:
        """Somebody serves again."""
        lasted = Seconds(evidence["lasted_s"])
        return Phrase("cover_cleared", {"serving": evidence["serving"], "lasted": lasted})


def judge(pool: DetectorInput, state: CoverState) -> DetectorResult[CoverState]:
    """Judge each instant at which anything may change; also when that is next without events."""
    edges = [] if pool.open is None else pool.open.edges(pool.from_ms, pool.until_ms)
    state, found, next_wakeup_ms = judge_instants(
        pool,
        state,
        pool.instants(*edges),
        partial(_judge_instant, pool),
        partial(_next_wakeup_ms, pool),
    )
    return state, found, min(next_wakeup_ms, _next_edge(pool, pool.until_ms))


def _judge_instant(
    pool: DetectorInput, t_ms: int, state: CoverState
) -> tuple[CoverState, list[Finding]]:
    staffed, serving, _free = unpack(pool.heads.at(t_ms))
    seen = not pool.stale.at(t_ms) and pool.known_ms <= t_ms
    waited_long = is_long(pool.oldest_since_ms.at(t_ms), t_ms)
    is_open = pool.open is not None and pool.open.contains(t_ms)
    unstaffed = min(state.unstaffed_ms, t_ms) if seen and is_open and not staffed else NEVER_MS
    unserved = min(state.unserved_ms, t_ms) if seen and not serving else NEVER_MS
    alarm = t_ms - unstaffed >= UNSTAFFED_MS or (waited_long and t_ms - unserved >= UNSERVED_MS)
    bad = unstaffed < NEVER_MS or (unserved < NEVER_MS and waited_long)
    episode, steps = lifecycle.advance(
        state.episode,
        t_ms,
        {COVER: True} if alarm else {},
        calm=seen and not bad,
        severity_for=lambda _page_limit: Severity.page,
        name=lambda detector: pool.name(detector, t_ms),
    )
    state = CoverState(unstaffed_ms=unstaffed, unserved_ms=unserved, episode=episode)
    if not steps:
        return state, []
    evidence = _evidence(pool, state, t_ms)
    return state, [Finding(t_ms, step, evidence) for step in steps]


def _evidence(pool: DetectorInput, state: CoverState, t_ms: int) -> dict[str, object]:
    """Who is there, and for how long nobody was."""
    staffed, serving, _free = unpack(pool.heads.at(t_ms))
    since = [t for t in (state.unstaffed_ms, state.unserved_ms) if t < NEVER_MS]
    return {
        "staffed": staffed,
        "serving": serving,
        "open": None if pool.open is None else pool.open.contains(t_ms),
        "unstaffed": state.unstaffed_ms < NEVER_MS,
        "nobody_s": (t_ms - min(since)) // SECOND_MS if since else 0,
    }


def is_long(oldest_since_ms: int, t_ms: int) -> bool:
    """Whether the oldest call, offered at an instant, has waited more than 20 s."""
    return oldest_since_ms < NEVER_MS and t_ms - oldest_since_ms > LONG_WAIT_MS


def _next_wakeup_ms(pool: DetectorInput, t_ms: int, state: CoverState) -> int:
    """The first instant after t_ms at which a wait becomes long or a dwell ends."""
    since = pool.oldest_since_ms.at(t_ms)
    long_ms = since + LONG_WAIT_MS + 1
    due = [state.episode.clear_ms]
    if state.unstaffed_ms < NEVER_MS:
        due.append(state.unstaffed_ms + UNSTAFFED_MS)
    if state.unserved_ms < NEVER_MS and since < NEVER_MS:
        due += [long_ms, max(long_ms, state.unserved_ms + UNSERVED_MS)]
    return min((t for t in due if t > t_ms), default=NEVER_MS)


def _next_edge(pool: DetectorInput, t_ms: int) -> int:
    """When opening hours begin or end while nobody is staffed."""
    staffed, _, _ = unpack(pool.heads.at(t_ms))
    if pool.open is None or staffed:
        return NEVER_MS
    return pool.open.next_edge(t_ms - 1)
