"""Pools over one feed: their listed detectors, and movement over teams that no alert explains."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from stream.calendar.hours import ShiftEdges
from stream.control.alerts import alert_group
from stream.control.alerts.alert_group import Group
from stream.control.alerts.lifecycle import NO_EPISODE, alert_id
from stream.control.alerts.transitions import of_people
from stream.control.detectors.collective import Entry
from stream.control.evaluation.context import Scene
from stream.control.evaluation.evaluate import judge_own, restless, stirred
from stream.control.evaluation.teams import Spans, awaits_gate
from stream.control.model import TeamKey, Transition

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
        found, due_ms = judge_own(scene, pool, is_pool=True)
        transitions += found
        episode = carry.pool_episodes.get(pool, NO_EPISODE)
        if everyone or pool in suspects or episode.raised:
            group = _group(scene, pool, raised)
            outcome = alert_group.judge(group, episode, scene.rules.limits)
            if outcome.episode is not NO_EPISODE:
                carry.pool_episodes[pool] = outcome.episode
            key = TeamKey(*feed.pools[pool], "")
            transitions += of_people(scene, pool, key, group, outcome.found)
            due_ms = min(due_ms, outcome.due_ms)
        carry.pool_due_ms[pool] = due_ms
    return transitions


def _hot(scene: Scene, suspects: set[int]) -> set[int]:
    """The pools in which anything may happen, and a few others."""
    carry, feed = scene.carry, scene.feed
    hot = set(np.flatnonzero(carry.pool_due_ms < feed.until_ms).tolist()) | suspects
    hot |= {pool for pool, episode in carry.pool_episodes.items() if awaits_gate(episode)}
    raised = {pool for pool, episode in carry.pool_episodes.items() if episode.raised}
    return hot | stirred(scene, raised, is_pool=True) | restless(scene, is_pool=True)


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
