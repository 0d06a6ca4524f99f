"""The listed detectors of pools and teams over one feed: where they may act, and judging there."""

from functools import partial

import numpy as np

from stream.control.alerts.alert_group import Course
from stream.control.alerts.lifecycle import alert_id
from stream.control.alerts.transitions import of_detector
from stream.control.detectors import registry
from stream.control.detectors.protocol import Detector, S, Watched
from stream.control.evaluation.context import Scene
from stream.control.model import TeamKey, Transition
from stream.units import NEVER_MS


def judge_own(scene: Scene, number: int, *, is_pool: bool) -> tuple[list[Transition], int]:
    """Judge a pool or team by its listed detectors; also when that is due again without events."""
    pool, key = _place(scene, number, is_pool=is_pool)
    states, due_ms = scene.carry.states(is_pool=is_pool), NEVER_MS
    transitions: list[Transition] = []
    for detector in registry.of(is_pool=is_pool):
        watched = _watched(scene, detector, number, is_pool=is_pool)
        state, found, next_ms = detector.judge(watched, states.get(detector, number))
        states.put(detector, number, state)
        transitions += of_detector(scene, pool, key, found)
        due_ms = min(due_ms, next_ms)
    return transitions, due_ms


def restless(scene: Scene, *, is_pool: bool) -> set[int]:
    """The pools or teams in which a listed detector may act, due ones aside, and a few others."""
    hot: set[int] = set()
    watched = scene.carry.states(is_pool=is_pool).raised()
    for detector in registry.of(is_pool=is_pool):
        heads = scene.counted(detector.counts, is_pool=is_pool)
        hot |= set(heads.steps.group[detector.may_act(heads.steps.packed)].tolist())
        watched |= set(np.flatnonzero(detector.may_act(heads.base)).tolist())
    return hot | stirred(scene, watched, is_pool=is_pool)


def stirred(scene: Scene, watched: set[int], *, is_pool: bool) -> set[int]:
    """Those of the watched pools or teams of which anything changes, or of their queue."""
    if not watched:
        return set()
    carry, feed = scene.carry, scene.feed
    before = feed.changes.team_before
    teams = np.unique(
        np.concatenate([feed.changes.team_after, before[before >= 0], feed.stale_changes.team])
    )
    found = watched & set((feed.pool_of_team[teams] if is_pool else teams).tolist())
    for number in watched - found:
        pool, _key = _place(scene, number, is_pool=is_pool)
        queue = scene.queue(pool)
        moved = len(queue.at_ms) > 1 or queue.oldest_since_ms[0] != carry.oldest_ms[pool]
        if moved or feed.from_ms <= carry.known_ms[pool] < feed.until_ms:
            found.add(number)
    return found


def _place(scene: Scene, number: int, *, is_pool: bool) -> tuple[int, TeamKey]:
    """The pool and the names of a pool or team."""
    feed = scene.feed
    if is_pool:
        return number, TeamKey(*feed.pools[number], "")
    return int(feed.pool_of_team[number]), feed.teams[number]


def _watched(scene: Scene, detector: Detector[S], number: int, *, is_pool: bool) -> Watched:
    feed, hours = scene.feed, scene.rules.hours
    pool, key = _place(scene, number, is_pool=is_pool)
    trace = scene.queue(pool)
    return Watched(
        feed.from_ms,
        feed.until_ms,
        scene.counted(detector.counts, is_pool=is_pool).course(number),
        Course(trace.at_ms.tolist(), trace.oldest_since_ms.tolist()),
        scene.pool_stale(number) if is_pool else scene.team_stale(number),
        int(scene.carry.known_ms[pool]),
        hours.open(feed.pools[pool]),
        hours.peak(feed.pools[pool]),
        partial(alert_id, key.floor, key.pool, key.team),
    )
