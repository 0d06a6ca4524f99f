"""Teams over one feed: which are not calm, what they are judged by, and what is carried on."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from stream.control.alerts import alert_group
from stream.control.alerts.alert_group import Group
from stream.control.alerts.lifecycle import NO_EPISODE, Episode, alert_id
from stream.control.alerts.transitions import of_people
from stream.control.control_state import intervals_of
from stream.control.detectors.share import JUMP_HOLD_MS, Jumps
from stream.control.evaluation.context import Scene
from stream.control.evaluation.evaluate import judge_own, restless
from stream.control.evaluation.head_counts import first, second
from stream.control.model import Severity, Transition
from stream.units import NEVER_MS

Spans = Sequence[tuple[int, int]]


def judge_teams(scene: Scene, *, everyone: bool) -> tuple[dict[int, Spans], list[Transition]]:
    """Judge the teams that are not calm, or everyone.

    Returns, by team, when people alerts of it were raised, and the transitions in any order.
    """
    carry, feed = scene.carry, scene.feed
    jumps = _jumps(scene)
    raised: dict[int, Spans] = {t: tuple(intervals_of(e)) for t, e in carry.episodes.items()}
    transitions: list[Transition] = []
    for team in range(len(feed.teams)) if everyone else sorted(_hot(scene)):
        group = _group(scene, team, jumps.get(team, ()))
        before = carry.episodes.get(team, NO_EPISODE)
        outcome = alert_group.judge(group, before, scene.rules.limits)
        raised[team] = outcome.raised
        if outcome.episode is not NO_EPISODE:
            carry.episodes[team] = outcome.episode
        key, pool = feed.teams[team], int(feed.pool_of_team[team])
        transitions += of_people(scene, pool, key, group, outcome.found)
        found, due_ms = judge_own(scene, team, is_pool=False)
        transitions += found
        carry.team_due_ms[team] = min(outcome.due_ms, due_ms)
    _carry_amber(scene)
    return raised, transitions


def awaits_gate(episode: Episode) -> bool:
    """Whether an alert is raised that pages as soon as the gate opens."""
    return episode.raised and any(
        alert.raised and alert.page_limit and alert.severity != Severity.page
        for alert in episode.alerts.values()
    )


def _hot(scene: Scene) -> set[int]:
    """The teams in which anything may happen, and a few others.

    They are due without events, have a run of entries that is too short, reach the nudge limit
    by a change, or are past it, raised or waiting for the gate while anything of theirs changes;
    or a listed detector may act.
    """
    carry, feed, heads = scene.carry, scene.feed, scene.team
    nudge = scene.rules.limits.nudge
    hot = set(np.flatnonzero(carry.team_due_ms < feed.until_ms).tolist())
    hot |= scene.team_suspects() | restless(scene, is_pool=False)
    hot |= {team for team, episode in carry.episodes.items() if awaits_gate(episode)}
    over = second(heads.steps.packed) >= nudge[first(heads.steps.packed)]
    hot |= set(heads.steps.group[over].tolist())
    past = set(np.flatnonzero(second(heads.base) >= nudge[first(heads.base)]).tolist())
    past |= {team for team, episode in carry.episodes.items() if episode.raised}
    if not past:
        return hot
    stirred = set(heads.steps.groups.tolist()) | set(feed.stale_changes.team.tolist())
    if not scene.rules.only_aux:
        stirred |= set(feed.changes.team_after.tolist()) | set(feed.changes.team_before.tolist())
    return hot | (past & stirred)


def _group(scene: Scene, team: int, jumps: Sequence[int]) -> Group:
    feed = scene.feed
    key, pool = feed.teams[team], int(feed.pool_of_team[team])
    heads = scene.team.course(team)
    own = scene.entries.take(scene.entries.team == team)
    return Group(
        feed.from_ms,
        feed.until_ms,
        heads,
        scene.away(team, is_pool=False, heads=heads),
        scene.team_stale(team),
        scene.rules.hours.shift_edges(key),
        jumps,
        has_share=True,
        entries=scene.carry.named(own, feed.agent_names),
        counts=lambda _entry, _t_ms: True,
        resolution_ms=int(feed.resolution_ms[team]),
        gate=scene.gate(pool),
        name=partial(alert_id, key.floor, key.pool, key.team),
    )


def _jumps(scene: Scene) -> Mapping[int, Sequence[int]]:
    """By team the instants at which n jumped, the last one before this feed too."""
    carry, steps = scene.carry, scene.team.steps
    found = {team: [j.until_ms - JUMP_HOLD_MS] for team, j in carry.jumps.items() if j.until_ms}
    if not len(steps.group):
        return found
    before, after = first(steps.before(scene.team.base)), first(steps.packed)
    changed = np.flatnonzero(before != after)
    rows = zip(
        steps.group[changed].tolist(),
        steps.at_ms[changed].tolist(),
        before[changed].tolist(),
        after[changed].tolist(),
        strict=True,
    )
    for team, at_ms, old, new in rows:
        known = carry.jumps.get(team)
        if known is None:
            known = carry.jumps[team] = Jumps()
        if known.push(at_ms, old, new):
            found.setdefault(team, []).append(at_ms)
    return found


def _carry_amber(scene: Scene) -> None:
    """Since when a sixth is in aux, by team, up to the end of this feed."""
    carry, heads, amber = scene.carry, scene.team, scene.rules.limits.amber
    new = (carry.amber_ms == NEVER_MS) & (second(heads.base) >= amber[first(heads.base)])
    carry.amber_ms[new] = scene.feed.from_ms
    if not len(heads.steps.group):
        return
    is_amber = second(heads.steps.packed) >= amber[first(heads.steps.packed)]
    # The first step after the last one that is not amber, if the group ends with amber ones.
    places = np.where(is_amber, -1, np.arange(len(is_amber)))
    last_other = np.maximum.reduceat(places, heads.steps.start)
    end = heads.steps.end
    since = np.where(
        last_other < 0, heads.steps.at_ms[heads.steps.start],
        heads.steps.at_ms[np.minimum(last_other + 1, len(is_amber) - 1)],
    )  # fmt: skip
    groups = heads.steps.groups
    since = np.where(last_other < 0, np.minimum(carry.amber_ms[groups], since), since)
    carry.amber_ms[groups] = np.where(last_other == end - 1, NEVER_MS, since)
