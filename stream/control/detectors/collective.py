"""Collective: did j distinct agents enter aux within a span too short for chance?"""

from math import nan
from typing import Any, Final

import numpy as np

from stream.control.detectors import movement
from stream.control.detectors.inputs import ENTRIES, DetectorInput, Input
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
from stream.control.head_counts import TEAM, Counts, Packed
from stream.control.limits import SMALLEST, Limits
from stream.control.model import Transition, Verdict
from stream.events.language import Bool
from stream.units import NEVER_MS


class Collective:
    """The detector, as `stream.control.detectors.protocol.Detector` asks for it."""

    name: Final = "collective"
    group: Final = MOVEMENT
    inputs: Final[frozenset[Input[Any]]] = frozenset({ENTRIES})
    holds: Final = frozenset({Hold.shift_edges})
    initial: Final = DetectorState()
    overrules: Final = False
    counts: Final = TEAM
    texts: Final = MOVEMENT_TEXTS

    def evaluate(
        self, inputs: DetectorInput, t_ms: int, counts: Counts, state: DetectorState
    ) -> Reading[DetectorState]:
        """Look for a run of entries that becomes known at this very instant."""
        n = counts[0]
        found = None
        if n >= SMALLEST and not inputs.stale.at(t_ms):
            found = movement.run_at(inputs, t_ms, n)
        level = None if found is None else True
        return Reading(state, level)

    def is_calm(
        self, inputs: DetectorInput, t_ms: int, counts: Counts, _state: DetectorState
    ) -> bool:
        """The heads away are down to the limit for clearing."""
        return movement.is_calm(inputs, t_ms, counts)

    def next_wakeup_ms(self, _inputs: DetectorInput, _t_ms: int, _state: DetectorState) -> int:
        """None: entries become known by events alone."""
        return NEVER_MS

    def evidence(
        self,
        inputs: DetectorInput,
        t_ms: int,
        counts: Counts,
        _state: DetectorState,
        step: AlertStep,
    ) -> dict[str, object]:
        """Figures, limits, movers and chance.

        The movers are those of the run; where none became known at this instant, those who entered
        within the last five minutes.
        """
        run = movement.run_at(inputs, t_ms, counts[0]) if step.alarms else None
        found: Any = movement.evidence(inputs, t_ms, counts, step, run)
        if step.to == Verdict.in_control:
            return found  # type: ignore[no-any-return]
        control = inputs.limits.control
        found["entry_states"] = [state.name for state in sorted(control.entry_states)]
        chance = movement.run_chance(inputs, counts, found["movers"], found["window_s"])
        return {**found, **movement.of_chance(chance, control.span_per_month, "month")}

    def is_candidate(self, packed: Packed, _limits: Limits) -> Bool:
        """Never by heads: runs of entries are found by `entry_runs.run_candidates`."""
        return np.zeros(len(packed), np.bool_)

    def standing(self, now: CurrentCounts, _state: DetectorState) -> DetectorStatus:
        """`statistic` is the movers within five minutes.

        `limit` is how many of them alarm, however they are spaced.
        """
        state = movement.without_data(now) or Verdict.in_control
        busiest = now.limits.busiest(now.staffed)
        return DetectorStatus(state, float(now.movers), float(busiest) if busiest else nan)

    def raised(self, transition: Transition) -> AlertWording:
        """Several moved at once."""
        evidence: Any = transition.evidence
        return movement.raised(transition, is_break=list(evidence["entry_states"]) == ["aux"])

    def cleared(self, transition: Transition) -> ClearedWording:
        """Few are on break."""
        return movement.cleared(transition)
