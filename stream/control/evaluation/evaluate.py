"""The listed detectors of pools and teams over one feed: where they may act, and judging there."""

from functools import partial

import numpy as np

from stream.control.alerts.lifecycle import alert_id
from stream.control.alerts.transitions import of_detector
from stream.control.detectors import registry
from stream.control.detectors.protocol import Detector, DetectorInput, S
from stream.control.evaluation.context import EvaluationContext
from stream.control.model import Transition
from stream.control.step_function import StepFunction
from stream.ids import TeamKey
from stream.units import NEVER_MS


def evaluate_detectors(
    context: EvaluationContext, number: int, *, is_pool: bool
) -> tuple[list[Transition], int]:
    """Judge a pool or team by its listed detectors; also when that is due again without events."""
    pool, key = _place(context, number, is_pool=is_pool)
    states, next_wakeup_ms = context.carried.states(is_pool=is_pool), NEVER_MS
    transitions: list[Transition] = []
    for detector in registry.of(is_pool=is_pool):
        watched = _detector_input(context, detector, number, is_pool=is_pool)
        state, found, next_ms = detector.judge(watched, states.get(detector, number))
        states.put(detector, number, state)
        transitions += of_detector(context, pool, key, found)
        next_wakeup_ms = min(next_wakeup_ms, next_ms)
    return transitions, next_wakeup_ms


def detector_candidates(context: EvaluationContext, *, is_pool: bool) -> set[int]:
    """The pools or teams in which a listed detector may act, due ones aside, and a few others."""
    candidates: set[int] = set()
    watched = context.carried.states(is_pool=is_pool).raised()
    for detector in registry.of(is_pool=is_pool):
        heads = context.counted(detector.counts, is_pool=is_pool)
        candidates |= set(heads.series.group[detector.is_candidate(heads.series.packed)].tolist())
        watched |= set(np.flatnonzero(detector.is_candidate(heads.base)).tolist())
    return candidates | changed_candidates(context, watched, is_pool=is_pool)


def changed_candidates(context: EvaluationContext, watched: set[int], *, is_pool: bool) -> set[int]:
    """Those of the watched pools or teams of which anything changes, or of their queue."""
    if not watched:
        return set()
    carried, feed = context.carried, context.feed
    before = feed.changes.team_before
    teams = np.unique(
        np.concatenate([feed.changes.team_after, before[before >= 0], feed.stale_changes.team])
    )
    found = watched & set((feed.pool_of_team[teams] if is_pool else teams).tolist())
    for number in watched - found:
        pool, _key = _place(context, number, is_pool=is_pool)
        queue = context.queue(pool)
        moved = len(queue.at_ms) > 1 or queue.oldest_since_ms[0] != carried.oldest_ms[pool]
        if moved or feed.from_ms <= carried.known_ms[pool] < feed.until_ms:
            found.add(number)
    return found


def _place(context: EvaluationContext, number: int, *, is_pool: bool) -> tuple[int, TeamKey]:
    """The pool and the names of a pool or team."""
    feed = context.feed
    if is_pool:
        return number, TeamKey(*feed.pools[number], "")
    return int(feed.pool_of_team[number]), feed.teams[number]


def _detector_input(
    context: EvaluationContext, detector: Detector[S], number: int, *, is_pool: bool
) -> DetectorInput:
    feed, hours = context.feed, context.rules.hours
    pool, key = _place(context, number, is_pool=is_pool)
    trace = context.queue(pool)
    return DetectorInput(
        feed.from_ms,
        feed.until_ms,
        context.counted(detector.counts, is_pool=is_pool).step_function(number),
        StepFunction(trace.at_ms.tolist(), trace.oldest_since_ms.tolist()),
        context.pool_stale(number) if is_pool else context.team_stale(number),
        int(context.carried.known_ms[pool]),
        hours.open(feed.pools[pool]),
        hours.peak(feed.pools[pool]),
        partial(alert_id, key.floor, key.pool, key.team),
    )
