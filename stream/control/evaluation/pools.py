"""Pools over one feed: their listed detectors, and movement over teams that no alert explains."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from stream.calendar.hours import ShiftEdges
from stream.control.alerts import alert_group
from stream.control.alerts.alert_group import GroupInput
from stream.control.alerts.lifecycle import alert_id
from stream.control.alerts.transitions import of_people
from stream.control.detectors.collective import Entry
from stream.control.episode import NO_EPISODE
from stream.control.evaluation.context import EvaluationContext
from stream.control.evaluation.evaluate import (
    changed_candidates,
    detector_candidates,
    evaluate_detectors,
)
from stream.control.evaluation.teams import Spans, awaits_gate
from stream.control.model import Transition
from stream.ids import TeamKey

_NO_EDGES = ShiftEdges(None)


def judge_pools(
    context: EvaluationContext, raised: Mapping[int, Spans], *, everyone: bool
) -> list[Transition]:
    """Judge the pools that are not calm, or everyone; the transitions in any order.

    Args:
        context: the feed.
        raised: by team, when people alerts of it were raised.
        everyone: without the calm filter.
    """
    carried, feed = context.carried, context.feed
    run_candidates = context.pool_run_candidates()
    transitions: list[Transition] = []
    for pool in (
        range(len(feed.pools)) if everyone else sorted(_candidates(context, run_candidates))
    ):
        found, next_wakeup_ms = evaluate_detectors(context, pool, is_pool=True)
        transitions += found
        episode = carried.pool_episodes.get(pool, NO_EPISODE)
        if everyone or pool in run_candidates or episode.raised:
            group = _group(context, pool, raised)
            outcome = alert_group.judge(group, episode, context.rules.limits)
            if outcome.episode is not NO_EPISODE:
                carried.pool_episodes[pool] = outcome.episode
            key = TeamKey(*feed.pools[pool], "")
            transitions += of_people(context, pool, key, group, outcome.found)
            next_wakeup_ms = min(next_wakeup_ms, outcome.next_wakeup_ms)
        carried.pool_wakeup_ms[pool] = next_wakeup_ms
    return transitions


def _candidates(context: EvaluationContext, run_candidates: set[int]) -> set[int]:
    """The pools in which anything may happen, and a few others."""
    carried, feed = context.carried, context.feed
    candidates = (
        set(np.flatnonzero(carried.pool_wakeup_ms < feed.until_ms).tolist()) | run_candidates
    )
    candidates |= {pool for pool, episode in carried.pool_episodes.items() if awaits_gate(episode)}
    raised = {pool for pool, episode in carried.pool_episodes.items() if episode.raised}
    return (
        candidates
        | changed_candidates(context, raised, is_pool=True)
        | detector_candidates(context, is_pool=True)
    )


def _group(context: EvaluationContext, pool: int, raised: Mapping[int, Spans]) -> GroupInput:
    feed = context.feed
    key = feed.pools[pool]
    heads = context.pool_people(pool)
    own = context.entries.take(feed.pool_of_team[context.entries.team] == pool)
    return GroupInput(
        feed.from_ms,
        feed.until_ms,
        heads,
        context.away(pool, is_pool=True, heads=heads),
        context.pool_stale(pool),
        _NO_EDGES,
        (),
        has_share=False,
        entries=context.carried.named(own, feed.agent_names),
        counts=_counts(context, raised),
        resolution_ms=int(context.pool_resolution_ms()[pool]),
        gate=context.gate(pool),
        name=partial(alert_id, key.floor, key.pool, ""),
    )


def _counts(
    context: EvaluationContext, raised: Mapping[int, Spans]
) -> Callable[[Entry, int], bool]:
    """Whether an entry counts for its pool: no alert of its own team explains it.

    It is explained if people alerts of its team were raised at any instant since, and does not
    count while its team hands over. So a pool's alert means movement across teams.
    """
    teams: Sequence[TeamKey] = context.feed.teams

    def counts(entry: Entry, t_ms: int) -> bool:
        if context.rules.hours.shift_edges(teams[entry.team]).held(t_ms):
            return False
        spans = raised.get(entry.team, ())
        return not any(start <= t_ms and end > entry.at_ms for start, end in spans)

    return counts
