"""Teams over one feed: which are not calm, what they are judged by, and what is carried on."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from stream.control.alerts import alert_group
from stream.control.alerts.alert_group import GroupInput
from stream.control.alerts.lifecycle import alert_id
from stream.control.alerts.transitions import of_people
from stream.control.control_state import intervals_of
from stream.control.detectors.share import JUMP_HOLD_MS, Jumps
from stream.control.episode import NO_EPISODE, Episode
from stream.control.evaluation.context import EvaluationContext
from stream.control.evaluation.evaluate import detector_candidates, evaluate_detectors
from stream.control.head_counts import first, second
from stream.control.model import Severity, Transition
from stream.units import NEVER_MS

Spans = Sequence[tuple[int, int]]


def judge_teams(
    context: EvaluationContext, *, everyone: bool
) -> tuple[dict[int, Spans], list[Transition]]:
    """Judge the teams that are not calm, or everyone.

    Returns, by team, when people alerts of it were raised, and the transitions in any order.
    """
    carried, feed = context.carried, context.feed
    jumps = _jumps(context)
    raised: dict[int, Spans] = {t: tuple(intervals_of(e)) for t, e in carried.episodes.items()}
    transitions: list[Transition] = []
    for team in range(len(feed.teams)) if everyone else sorted(_candidates(context)):
        group = _group(context, team, jumps.get(team, ()))
        before = carried.episodes.get(team, NO_EPISODE)
        outcome = alert_group.judge(group, before, context.rules.limits)
        raised[team] = outcome.raised
        if outcome.episode is not NO_EPISODE:
            carried.episodes[team] = outcome.episode
        key, pool = feed.teams[team], int(feed.pool_of_team[team])
        transitions += of_people(context, pool, key, group, outcome.found)
        found, next_wakeup_ms = evaluate_detectors(context, team, is_pool=False)
        transitions += found
        carried.team_wakeup_ms[team] = min(outcome.next_wakeup_ms, next_wakeup_ms)
    _update_amber(context)
    return raised, transitions


def awaits_gate(episode: Episode) -> bool:
    """Whether an alert is raised that pages as soon as the gate opens."""
    return episode.raised and any(
        alert.raised and alert.page_limit and alert.severity != Severity.page
        for alert in episode.alerts.values()
    )


def _candidates(context: EvaluationContext) -> set[int]:
    """The teams in which anything may happen, and a few others.

    They are due without events, have a run of entries that is too short, reach the nudge limit
    by a change, or are past it, raised or waiting for the gate while anything of theirs changes;
    or a listed detector may act.
    """
    carried, feed, heads = context.carried, context.feed, context.team
    nudge = context.rules.limits.nudge
    candidates = set(np.flatnonzero(carried.team_wakeup_ms < feed.until_ms).tolist())
    candidates |= context.team_run_candidates() | detector_candidates(context, is_pool=False)
    candidates |= {team for team, episode in carried.episodes.items() if awaits_gate(episode)}
    over = second(heads.series.packed) >= nudge[first(heads.series.packed)]
    candidates |= set(heads.series.group[over].tolist())
    past = set(np.flatnonzero(second(heads.base) >= nudge[first(heads.base)]).tolist())
    past |= {team for team, episode in carried.episodes.items() if episode.raised}
    if not past:
        return candidates
    changed = set(heads.series.groups.tolist()) | set(feed.stale_changes.team.tolist())
    if not context.rules.counts_only_aux:
        changed |= set(feed.changes.team_after.tolist()) | set(feed.changes.team_before.tolist())
    return candidates | (past & changed)


def _group(context: EvaluationContext, team: int, jumps: Sequence[int]) -> GroupInput:
    feed = context.feed
    key, pool = feed.teams[team], int(feed.pool_of_team[team])
    heads = context.team.step_function(team)
    own = context.entries.take(context.entries.team == team)
    return GroupInput(
        feed.from_ms,
        feed.until_ms,
        heads,
        context.away(team, is_pool=False, heads=heads),
        context.team_stale(team),
        context.rules.hours.shift_edges(key),
        jumps,
        has_share=True,
        entries=context.carried.named(own, feed.agent_names),
        counts=lambda _entry, _t_ms: True,
        resolution_ms=int(feed.resolution_ms[team]),
        gate=context.gate(pool),
        name=partial(alert_id, key.floor, key.pool, key.team),
    )


def _jumps(context: EvaluationContext) -> Mapping[int, Sequence[int]]:
    """By team the instants at which n jumped, the last one before this feed too."""
    carried, series = context.carried, context.team.series
    found = {team: [j.until_ms - JUMP_HOLD_MS] for team, j in carried.jumps.items() if j.until_ms}
    if not len(series.group):
        return found
    before, after = first(series.before(context.team.base)), first(series.packed)
    changed = np.flatnonzero(before != after)
    rows = zip(
        series.group[changed].tolist(),
        series.at_ms[changed].tolist(),
        before[changed].tolist(),
        after[changed].tolist(),
        strict=True,
    )
    for team, at_ms, old, new in rows:
        known = carried.jumps.get(team)
        if known is None:
            known = carried.jumps[team] = Jumps()
        if known.push(at_ms, old, new):
            found.setdefault(team, []).append(at_ms)
    return found


def _update_amber(context: EvaluationContext) -> None:
    """Since when a sixth is in aux, by team, up to the end of this feed."""
    carried, heads, amber = context.carried, context.team, context.rules.limits.amber
    new = (carried.amber_ms == NEVER_MS) & (second(heads.base) >= amber[first(heads.base)])
    carried.amber_ms[new] = context.feed.from_ms
    if not len(heads.series.group):
        return
    is_amber = second(heads.series.packed) >= amber[first(heads.series.packed)]
    # The first step after the last one that is not amber, if the group ends with amber ones.
    places = np.where(is_amber, -1, np.arange(len(is_amber)))
    last_other = np.maximum.reduceat(places, heads.series.start)
    end = heads.series.end
    since = np.where(
        last_other < 0, heads.series.at_ms[heads.series.start],
        heads.series.at_ms[np.minimum(last_other + 1, len(is_amber) - 1)],
    )  # fmt: skip
    groups = heads.series.groups
    since = np.where(last_other < 0, np.minimum(carried.amber_ms[groups], since), since)
    carried.amber_ms[groups] = np.where(last_other == end - 1, NEVER_MS, since)
