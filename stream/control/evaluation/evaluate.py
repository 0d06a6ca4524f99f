"""Teams or pools over one feed: evaluates those that are not calm, group by group."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from stream.control.alerts import alert_group
from stream.control.alerts.alert_group import GroupInput, Spans
from stream.control.alerts.suppression import NO_SUPPRESSIONS, JumpHolds, Suppressions
from stream.control.detectors import registry
from stream.control.detectors.entry_runs import Entry
from stream.control.detectors.inputs import DetectorInput, Input
from stream.control.detectors.protocol import AlertGroup, Detector, Hold
from stream.control.detectors.registry import Detectors
from stream.control.episode import Episode, hash_id
from stream.control.evaluation.candidates import candidates, needs_evaluation
from stream.control.evaluation.context import EvaluationContext
from stream.control.evaluation.transitions import transitions_of
from stream.control.model import Scope, Transition
from stream.units import NEVER_MS

RaisedSpans = Mapping[str, dict[int, Spans]]
"""By alert group, then by team: when any of its alerts was raised."""


def evaluate(
    context: EvaluationContext, scope: Scope, teams_raised: RaisedSpans, *, everyone: bool
) -> tuple[RaisedSpans, list[Transition]]:
    """Evaluate the teams or pools that are not calm.

    Args:
        context: the feed.
        scope: teams or pools.
        teams_raised: what this returned for teams: a pool leaves out the entries that an alert of
            their own team explains.
        everyone: without the calm filter.

    Returns:
        When alerts were raised, and the transitions in any order.
    """
    state = context.carried.scopes[scope]
    groups = registry.groups_of(scope)
    raised = {
        group.name: {n: _spans_before(e) for n, e in state.episodes(group).items()}
        for group, _detectors in groups
    }
    transitions: list[Transition] = []
    size = len(state.wakeup_ms)
    for number in range(size) if everyone else sorted(candidates(context, scope)):
        pool, key = context.pool_and_key(scope, number)
        next_wakeup_ms = NEVER_MS
        for group, detectors in groups:
            episode = state.episode(group, number)
            if not (
                everyone
                or episode.raised
                or any(needs_evaluation(context, scope, number, detector) for detector in detectors)
            ):
                continue
            explained = teams_raised.get(group.name, {})
            found = _evaluate_group(context, scope, number, group, detectors, explained)
            raised[group.name][number] = found.raised
            next_wakeup_ms = min(next_wakeup_ms, found.next_wakeup_ms)
            transitions += transitions_of(context, pool, key, found.found)
        state.wakeup_ms[number] = next_wakeup_ms
    return raised, transitions


def _evaluate_group(
    context: EvaluationContext,
    scope: Scope,
    number: int,
    group: AlertGroup,
    detectors: Detectors,
    explained: Mapping[int, Spans],
) -> alert_group.GroupResult:
    """Evaluate a group in one team or pool, and keep its state."""
    state = context.carried.scopes[scope]
    pool, key = context.pool_and_key(scope, number)
    found = alert_group.evaluate(
        GroupInput(
            group,
            detectors,
            [_suppressions(context, scope, number, detector) for detector in detectors],
            _inputs(context, scope, number, detectors, explained),
            context.gate(pool) if group.gated else None,
            partial(hash_id, key.floor, key.pool, key.team),
        ),
        [state.state(detector, number) for detector in detectors],
        state.episode(group, number),
    )
    state.set_episode(group, number, found.episode)
    for detector, own in zip(detectors, found.states, strict=True):
        state.set_state(detector, number, own)
    return found


def _spans_before(episode: Episode) -> Spans:
    """When an episode was raised, as far as it still knows."""
    return [(-NEVER_MS, episode.cleared_ms)] if episode.cleared_ms > -NEVER_MS else []


def _suppressions(
    context: EvaluationContext, scope: Scope, number: int, detector: Detector[Any]
) -> Suppressions:
    """What holds a detector back; never in a pool, which leaves out entries of held teams."""
    if scope is Scope.pool or not detector.holds:
        return NO_SUPPRESSIONS
    of_team = context.rules.suppressions(context.feed.teams[number])
    parts = [part for hold, part in of_team if hold in detector.holds]
    if Hold.jumps in detector.holds and number in context.jumps:
        parts.append(JumpHolds(context.jumps[number]))
    return Suppressions(parts)


def _inputs(
    context: EvaluationContext,
    scope: Scope,
    number: int,
    detectors: Detectors,
    explained: Mapping[int, Spans],
) -> DetectorInput:
    """What the detectors of a group, all together, declare."""
    feed, hours = context.feed, context.rules.hours
    declared = frozenset[Input[Any]]().union(*(detector.inputs for detector in detectors))
    heads = context.counted.step_function(detectors[0].counts, scope, number)
    counts = _unexplained(context, explained) if scope is Scope.pool else _every_entry
    place = context.place(scope, number, heads, counts)
    return DetectorInput(
        feed.from_ms,
        feed.until_ms,
        heads,
        context.stale(scope, number),
        place.known,
        hours.open(feed.pools[place.pool]),
        hours.peak(feed.pools[place.pool]),
        context.rules.limits,
        {one: one.read(place) for one in declared},
    )


def _every_entry(_entry: Entry, _t_ms: int) -> bool:
    return True


def _unexplained(
    context: EvaluationContext, explained: Mapping[int, Spans]
) -> Callable[[Entry, int], bool]:
    """Whether an entry counts for its pool: no alert of its own team explains it.

    It is explained if alerts of the same group of its team were raised at any instant since, and
    does not count while its team hands over. So a pool's alert means movement across teams.
    """
    teams, hours = context.feed.teams, context.rules.hours

    def counts(entry: Entry, t_ms: int) -> bool:
        if hours.shift_edges(teams[entry.team]).holds(t_ms):
            return False
        spans = explained.get(entry.team, ())
        return not any(start <= t_ms and end > entry.at_ms for start, end in spans)

    return counts
