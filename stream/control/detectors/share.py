"""Share: are K of n in aux too many for chance?"""

from math import nan
from typing import Any, Final

from stream.control.detectors import movement
from stream.control.detectors.inputs import ENTRIES, HEADS, DetectorInput, Input
from stream.control.detectors.movement import MOVEMENT, MOVEMENT_TEXTS
from stream.control.detectors.protocol import (
    AlertWording,
    ClearedWording,
    CurrentCounts,
    DetectorState,
    DetectorStatus,
    Hold,
    Reading,
)
from stream.control.episode import AlertStep
from stream.control.head_counts import TEAM, Counts, Packed, first, second
from stream.control.limits import NO_LIMIT, SMALLEST, Limits
from stream.control.model import Transition, Verdict
from stream.events.language import Bool
from stream.units import MINUTE_MS, NEVER_MS

AMBER_DWELL_MS: Final = 2 * MINUTE_MS
"""A sixth in aux colours the board once it has lasted this long within a peak."""


def level(k: int, n: int, limits: Limits) -> bool | None:
    """Whether k of n in aux reach the page limit (True), only the nudge limit, or none (None)."""
    if n < SMALLEST or k < limits.nudge[n]:
        return None
    return bool(k >= limits.page[n])


class Share:
    """The detector, as `stream.control.detectors.protocol.Detector` asks for it."""

    name: Final = "share"
    group: Final = MOVEMENT
    inputs: Final[frozenset[Input[Any]]] = frozenset({HEADS, ENTRIES})
    holds: Final = frozenset({Hold.shift_edges, Hold.jumps})
    initial: Final = DetectorState()
    overrules: Final = False
    counts: Final = TEAM
    texts: Final = MOVEMENT_TEXTS

    def evaluate(
        self, inputs: DetectorInput, t_ms: int, counts: Counts, state: DetectorState
    ) -> Reading[DetectorState]:
        """Compare k with the limits for n, unless too little is known."""
        n, k, unknown = counts
        reached = level(k, n, inputs.limits)
        if reached is not None and (inputs.stale.at(t_ms) or movement.is_blind(n, unknown)):
            reached = None
        return Reading(state, reached)

    def is_calm(
        self, inputs: DetectorInput, t_ms: int, counts: Counts, _state: DetectorState
    ) -> bool:
        """The heads away are down to the limit for clearing."""
        return movement.is_calm(inputs, t_ms, counts)

    def next_wakeup_ms(self, _inputs: DetectorInput, _t_ms: int, _state: DetectorState) -> int:
        """None: k and n change by events alone."""
        return NEVER_MS

    def evidence(
        self,
        inputs: DetectorInput,
        t_ms: int,
        counts: Counts,
        _state: DetectorState,
        step: AlertStep,
    ) -> dict[str, object]:
        """Figures, limits, recent movers and chance."""
        found = movement.evidence(inputs, t_ms, counts, step, run=None)
        if step.to == Verdict.in_control:
            return found
        n, k, _unknown = counts
        control = inputs.limits.control
        budget, per = control.share_per_month, "month"
        if not step.alert.page_limit:
            budget, per = control.nudge_per_day, "day"
        return found | movement.of_chance(inputs.limits.share_chance(k, n), budget, per)

    def is_candidate(self, packed: Packed, limits: Limits) -> Bool:
        """The nudge limit is reached."""
        reached: Bool = second(packed) >= limits.nudge[first(packed)]
        return reached

    def standing(self, now: CurrentCounts, _state: DetectorState) -> DetectorStatus:
        """`statistic` is k, `limit` the page limit; `watch` while the board is amber."""
        n, k, unknown = now.counts
        state = movement.without_data(now)
        if state is None and movement.is_blind(n, unknown):
            state = Verdict.insufficient_data
        if state is None:
            state = Verdict.watch if now.amber_ms else Verdict.in_control
        page = int(now.limits.page[n])
        limit = float(page) if page < NO_LIMIT else nan
        return DetectorStatus(state, float(k), limit, now.amber_ms)

    def raised(self, transition: Transition) -> AlertWording:
        """Many are on break."""
        return movement.raised(transition, is_break=True)

    def cleared(self, transition: Transition) -> ClearedWording:
        """Few are on break."""
        return movement.cleared(transition)
