"""The calm filter: the teams or pools in which anything may happen, and a few others.

They are due without events; have a run of entries that is too short; reach a limit of a detector
by a change; wait for the gate; or are past such a limit, or raised, while anything of theirs
changes.
"""

from typing import Any

import numpy as np

from stream.control.alerts.alert_group import awaits_gate
from stream.control.detectors import registry
from stream.control.detectors.inputs import ENTRIES, HEADS
from stream.control.detectors.protocol import Detector
from stream.control.evaluation.context import EvaluationContext
from stream.control.model import Scope
from stream.events.language import I64


def candidates(context: EvaluationContext, scope: Scope) -> set[int]:
    """The teams or pools to evaluate."""
    state = context.carried.scopes[scope]
    found = set(np.flatnonzero(state.wakeup_ms < context.feed.until_ms).tolist())
    for group, detectors in registry.groups_of(scope):
        episodes = state.episodes(group)
        raised = {number for number, episode in episodes.items() if episode.raised}
        if group.gated:
            found |= {number for number in raised if awaits_gate(episodes[number])}
        if any(ENTRIES in detector.inputs for detector in detectors):
            found |= context.run_candidates(scope)
        for detector in detectors:
            watched = raised
            if HEADS in detector.inputs:
                heads, limits = context.counted.heads(detector.counts, scope), context.rules.limits
                over = detector.is_candidate(heads.series.packed, limits)
                found |= set(heads.series.group[over].tolist())
                past = np.flatnonzero(detector.is_candidate(heads.base, limits))
                watched = raised | set(past.tolist())
            if watched:
                found |= watched & _changed(context, scope, detector)
                found |= _input_changed(context, scope, detector, watched - found)
    return found


def needs_evaluation(
    context: EvaluationContext, scope: Scope, number: int, detector: Detector[Any]
) -> bool:
    """Whether a detector may alarm in a team or pool that is a candidate, its group being calm.

    One that depends on entries alone does so at a new run of them.
    """
    return detector.inputs != {ENTRIES} or number in context.run_candidates(scope)


def _changed(context: EvaluationContext, scope: Scope, detector: Detector[Any]) -> set[int]:
    """Teams or pools whose sources or heads, as far as a detector looks at them, change."""
    feed = context.feed
    teams = [feed.stale_changes.team]
    found: set[int] = set()
    away = ENTRIES in detector.inputs and not context.rules.counts_only_aux
    if HEADS in detector.inputs:
        found = set(context.counted.heads(detector.counts, scope).series.groups.tolist())
    if away or HEADS not in detector.inputs:
        before = feed.changes.team_before
        teams += [feed.changes.team_after, before[before >= 0]]
    every: I64 = np.unique(np.concatenate(teams))
    if scope is Scope.team:
        return found | set(every.tolist())
    if feed.pool_knowledge is not None:
        found |= set(feed.pool_knowledge.turning_in(feed.from_ms, feed.until_ms))
    return found | set(feed.pool_of_team[every].tolist())


def _input_changed(
    context: EvaluationContext, scope: Scope, detector: Detector[Any], numbers: set[int]
) -> set[int]:
    """Those of some teams or pools in which an input of a detector changes."""
    others = detector.inputs - {HEADS, ENTRIES}  # these two are followed for all at once
    if not others:
        return set()
    return {
        number
        for number in numbers
        if any(one.changes(context.place(scope, number)) for one in others)
    }
