"""Pools over one feed: their own detectors, and movement over teams that no alert explains."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from stream.control import detectors, people
from stream.control.collective import Entry
from stream.control.hours import ShiftEdges
from stream.control.lifecycle import NO_EPISODE, alert_id
from stream.control.model import TeamKey, Transition
from stream.control.people import Course, Group
from stream.control.pool_detector import Pool
from stream.control.scene import Scene
from stream.control.teams import Spans, awaits_gate
from stream.control.transitions import of_people, of_pool
from stream.events.language import I64, Bool
from stream.units import NEVER_MS

_NO_EDGES = ShiftEdges(None)


def judge_pools(scene: Scene, raised: Mapping[int, Spans], *, everyone: bool) -> list[Transition]:
    """Judge the pools that are not calm, or everyone; the transitions in any order.

    Args:
        scene: the feed.
        raised: by team, when people alerts of it were raised.
        everyone: without the calm filter.
    """
    carry, feed = scene.carry, scene.feed
    suspects = scene.pool_suspects()
    transitions: list[Transition] = []
    for pool in range(len(feed.pools)) if everyone else sorted(_hot(scene, suspects)):
        found, due_ms = _judge_own(scene, pool)
        transitions += found
        episode = carry.pool_episodes.get(pool, NO_EPISODE)
        if everyone or pool in suspects or episode.raised:
            group = _group(scene, pool, raised)
            outcome = people.judge(group, episode, scene.rules.limits)
            if outcome.episode is not NO_EPISODE:
                carry.pool_episodes[pool] = outcome.episode
            key = TeamKey(*feed.pools[pool], "")
            transitions += of_people(scene, pool, key, group, outcome.found)
            due_ms = min(due_ms, outcome.due_ms)
        carry.pool_due_ms[pool] = due_ms
    return transitions


def _judge_own(scene: Scene, pool: int) -> tuple[list[Transition], int]:
    """Judge a pool's own detectors; also when that is due again without events."""
    carry, seen, due_ms = scene.carry, _pool(scene, pool), NEVER_MS
    transitions: list[Transition] = []
    for detector in detectors.POOL_DETECTORS:
        state, found, next_ms = detector.judge(seen, carry.pool_state(detector, pool))
        carry.put_pool_state(detector, pool, state)
        transitions += of_pool(scene, pool, found)
        due_ms = min(due_ms, next_ms)
    return transitions, due_ms


def _hot(scene: Scene, suspects: set[int]) -> set[int]:
    """The pools in which anything may happen, and a few others."""
    carry, feed, heads = scene.carry, scene.feed, scene.pool
    hot = set(np.flatnonzero(carry.pool_due_ms < feed.until_ms).tolist()) | suspects
    hot |= set(heads.steps.group[_may_act(heads.steps.packed)].tolist())
    hot |= {pool for pool, episode in carry.pool_episodes.items() if awaits_gate(episode)}
    watched = {pool for pool, episode in carry.pool_episodes.items() if episode.raised}
    for states in carry.pool_states.values():
        watched |= {pool for pool, state in states.items() if state.episode.raised}
    watched |= set(np.flatnonzero(_may_act(heads.base)).tolist())
    return hot | _stirred(scene, watched) if watched else hot


def _may_act(packed: I64) -> Bool:
    """By packed counts: whether any of the pools' own detectors is not calm."""
    out = np.zeros(len(packed), np.bool_)
    for detector in detectors.POOL_DETECTORS:
        out |= detector.may_act(packed)
    return out


def _stirred(scene: Scene, watched: set[int]) -> set[int]:
    """Those of the watched pools of which anything changes."""
    carry, feed = scene.carry, scene.feed
    team_before = feed.changes.team_before
    teams = np.concatenate(
        [feed.changes.team_after, team_before[team_before >= 0], feed.stale_changes.team]
    )
    found = watched & set(feed.pool_of_team[np.unique(teams)].tolist())
    for pool in watched - found:
        queue = scene.queue(pool)
        if len(queue.at_ms) > 1 or queue.oldest_since_ms[0] != carry.oldest_ms[pool]:
            found.add(pool)
    return found


def _pool(scene: Scene, pool: int) -> Pool:
    feed = scene.feed
    key, trace = feed.pools[pool], scene.queue(pool)
    return Pool(
        feed.from_ms,
        feed.until_ms,
        scene.pool.course(pool),
        Course(trace.at_ms.tolist(), trace.oldest_since_ms.tolist()),
        scene.pool_stale(pool),
        int(scene.carry.known_ms[pool]),
        scene.rules.hours.open(key),
        partial(alert_id, key.floor, key.pool, ""),
    )


def _group(scene: Scene, pool: int, raised: Mapping[int, Spans]) -> Group:
    feed = scene.feed
    key = feed.pools[pool]
    heads = scene.pool_people(pool)
    own = scene.entries.take(feed.pool_of_team[scene.entries.team] == pool)
    return Group(
        feed.from_ms,
        feed.until_ms,
        heads,
        scene.away(pool, is_pool=True, heads=heads),
        scene.pool_stale(pool),
        _NO_EDGES,
        (),
        has_share=False,
        entries=scene.carry.named(own, feed.agent_names),
        counts=_counts(scene, raised),
        resolution_ms=int(scene.pool_resolution_ms()[pool]),
        gate=scene.gate(pool),
        name=partial(alert_id, key.floor, key.pool, ""),
    )


def _counts(scene: Scene, raised: Mapping[int, Spans]) -> Callable[[Entry, int], bool]:
    """Whether an entry counts for its pool: no alert of its own team explains it.

    It is explained if people alerts of its team were raised at any instant since, and does not
    count while its team hands over. So a pool's alert means movement across teams.
    """
    teams: Sequence[TeamKey] = scene.feed.teams

    def counts(entry: Entry, t_ms: int) -> bool:
        if scene.rules.hours.shift_edges(teams[entry.team]).held(t_ms):
            return False
        spans = raised.get(entry.team, ())
        return not any(start <= t_ms and end > entry.at_ms for start, end in spans)

    return counts
