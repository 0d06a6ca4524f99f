"""What is known of teams and pools as time goes: which are evaluated, and which are stale."""

from collections.abc import Sequence

import numpy as np

from stream.control.detectors.inputs import Known
from stream.control.head_counts import StepFunction
from stream.observation.feed import Feed
from stream.units import NEVER_MS


def known(feed: Feed, pool: int, seen_ms: int) -> StepFunction:
    """Whether a pool is evaluated (`Known`): once an agent of it was seen, or while it is named.

    seen_ms: since when any agent is known; NEVER_MS: none was ever seen.
    """
    spans = [(seen_ms, NEVER_MS, Known.yes)]
    if feed.pool_knowledge is not None and seen_ms > feed.from_ms:
        named = feed.pool_knowledge.named.of(pool)
        columns = (named.start_ms, named.end_ms, named.sure_ms)
        for start, end, sure in zip(*(column.tolist() for column in columns), strict=True):
            spans += [(start, min(end, sure), Known.yes), (start, end, Known.while_asked)]
    at_ms = sorted({-NEVER_MS, *(edge for start, end, _ in spans for edge in (start, end))})
    value = [
        max((known for start, end, known in spans if start <= t < end), default=Known.no)
        for t in at_ms
    ]
    return StepFunction(at_ms, value)


def stale_team(feed: Feed, team: int) -> StepFunction:
    """Whether a team is stale."""
    changes = feed.stale_changes
    place = np.flatnonzero(changes.team == team)
    return StepFunction.of(int(feed.stale[team]), changes.at_ms[place], changes.stale[place])


def stale_pool(feed: Feed, pool: int, count: int, seen_ms: int) -> StepFunction:
    """How many teams of a pool are stale; one more while no source reports who is there.

    That is while a source of its floor is silent and no agent was ever seen in it, and while all
    sources of its floor are.

    Args:
        feed: the feed.
        pool: its number.
        count: the stale teams before any change.
        seen_ms: since when any agent of the pool is known.
    """
    of_teams, knowledge = _stale_teams(feed, pool, count), feed.pool_knowledge
    if knowledge is None:
        return of_teams
    floor = int(knowledge.floor[pool])
    unseen = [(start, min(end, seen_ms)) for start, end in knowledge.silences.some.of(floor)]
    return _with_spans(of_teams, [*unseen, *knowledge.silences.all.of(floor)])


def _stale_teams(feed: Feed, pool: int, count: int) -> StepFunction:
    changes = feed.stale_changes
    place = np.flatnonzero(feed.pool_of_team[changes.team] == pool)
    now = {int(team): bool(feed.stale[team]) for team in np.unique(changes.team[place])}
    at_ms, value = [-NEVER_MS], [count]
    for i in place.tolist():
        team, stale = int(changes.team[i]), bool(changes.stale[i])
        count += stale - now[team]
        now[team] = stale
        at_ms.append(int(changes.at_ms[i]))
        value.append(count)
    return StepFunction(at_ms, value)


def _with_spans(count: StepFunction, spans: Sequence[tuple[int, int]]) -> StepFunction:
    """A count that is greater by one for each span [start, end) that contains the instant."""
    real = [span for span in spans if span[0] < span[1]]
    if not real:
        return count
    at_ms = sorted({*count.at_ms, *(edge for span in real for edge in span)})
    return StepFunction(
        at_ms, [count.at(t) + sum(start <= t < end for start, end in real) for t in at_ms]
    )
