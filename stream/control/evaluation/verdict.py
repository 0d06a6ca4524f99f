"""How detectors, teams and pools stand where the last feed ended.

A raised alert is its detector's state, whatever else is known. A team's or pool's verdict goes by
the order of DESIGN.md, section 6: `stale` if a source is silent, `out_of_control` if cover (or
another listed detector that overrules) is raised, `facts_only` if small, `insufficient_data` if
more than a tenth are unknown and nothing is raised, else the worst state among the detectors that
have data. On the line of a verdict `statistic` is how many checks are active and `limit` how many
there are ("2 of 3 checks active").
"""

from collections.abc import Sequence
from math import nan
from typing import Final, NamedTuple

import numpy as np

from stream.control.alerts.alert_group import COLLECTIVE, SHARE
from stream.control.alerts.lifecycle import is_more_severe
from stream.control.detectors import registry
from stream.control.detectors.protocol import CurrentCounts, DetectorStatus
from stream.control.detectors.share import AMBER_DWELL_MS, is_blind
from stream.control.episode import NO_EPISODE, Episode
from stream.control.evaluation.context import EvaluationContext
from stream.control.head_counts import unpack
from stream.control.limits import NO_LIMIT, SMALLEST, SPAN_MAX_MS, Limits
from stream.control.model import DetectorView, Severity, Verdict
from stream.events.language import I64, Bool
from stream.ids import TeamKey
from stream.units import NEVER_MS

VERDICT: Final = "verdict"
_WORST_FIRST: Final = {verdict: place for place, verdict in enumerate(Verdict)}
_NO_DATA: Final = frozenset({Verdict.facts_only, Verdict.insufficient_data, Verdict.stale})


class StatusLine(NamedTuple):
    """A line of a view, before it is put to a team or pool."""

    detector: str
    state: Verdict
    severity: Severity | None
    alert_id: str
    since_ms: int
    statistic: float
    limit: float


class GroupFacts(NamedTuple):
    """What the lines of one team or pool depend on."""

    n: int
    k: int
    unknown: int
    stale: bool
    movers: int
    """Distinct agents who entered within the last five minutes."""


class _DetectorLines(NamedTuple):
    """Lines of the listed detectors of a pool or team."""

    overruling: list[StatusLine]
    others: list[StatusLine]


def views_of(context: EvaluationContext) -> tuple[DetectorView, ...]:
    """All lines of all teams, then of all pools."""
    feed, carried, limits = context.feed, context.carried, context.rules.limits
    teams, pools = _facts(context)
    own_teams, own_pools = _own(context, teams, is_pool=False), _own(context, pools, is_pool=True)
    views: list[DetectorView] = []
    pool_of_team = feed.pool_of_team.tolist()
    for team, (key, facts) in enumerate(zip(feed.teams, teams, strict=True)):
        episode = carried.episodes.get(team, NO_EPISODE)
        overruling, others = own_teams[team]
        rest = (
            *others,
            _share(episode, facts, limits, _amber_since(context, team, facts)),
            _collective(episode, facts, limits),
        )
        above = own_pools[pool_of_team[team]].overruling
        verdict = verdict_of(rest, (*above, *overruling), facts)
        views += [_view(key, line) for line in (verdict, *overruling, *rest)]
    for pool, (pool_key, facts) in enumerate(zip(feed.pools, pools, strict=True)):
        episode = carried.pool_episodes.get(pool, NO_EPISODE)
        overruling, others = own_pools[pool]
        rest = (*others, _collective(episode, facts, limits))
        verdict = verdict_of(rest, overruling, facts)
        key = TeamKey(*pool_key, "")
        views += [_view(key, line) for line in (verdict, *overruling, *rest)]
    return tuple(views)


def _view(key: TeamKey, line: StatusLine) -> DetectorView:
    return DetectorView(
        key.floor,
        key.pool,
        key.team,
        line.detector,
        line.state,
        line.severity,
        line.alert_id,
        line.since_ms,
        line.statistic,
        line.limit,
    )


def verdict_of(
    lines: Sequence[StatusLine], overruling: Sequence[StatusLine], facts: GroupFacts
) -> StatusLine:
    """The verdict over a team's or pool's detectors and those of its pool that overrule them."""
    every = (*overruling, *lines)
    active = [line.state for line in every if line.state not in _NO_DATA]
    if facts.stale:
        state = Verdict.stale
    elif any(line.alert_id for line in overruling):
        state = Verdict.out_of_control
    elif facts.n < SMALLEST:
        state = Verdict.facts_only
    elif is_blind(facts.n, facts.unknown) and not any(line.alert_id for line in lines):
        state = Verdict.insufficient_data
    else:
        state = min(active, key=_WORST_FIRST.__getitem__, default=Verdict.insufficient_data)
    severity, alert_id, since_ms = None, "", 0
    for line in every:
        if line.severity is not None and is_more_severe(line.severity, severity):
            severity, alert_id = line.severity, line.alert_id
        if line.state == state:
            since_ms = max(since_ms, line.since_ms)
    return StatusLine(
        VERDICT, state, severity, alert_id, since_ms, float(len(active)), float(len(every))
    )


def _share(episode: Episode, facts: GroupFacts, limits: Limits, amber_ms: int) -> StatusLine:
    state = _without_data(facts)
    if state is None and is_blind(facts.n, facts.unknown):
        state = Verdict.insufficient_data
    if state is None:
        state = Verdict.watch if amber_ms else Verdict.in_control
    page = int(limits.page[facts.n])
    limit = float(page) if page < NO_LIMIT else nan
    return _line(episode, SHARE, DetectorStatus(state, float(facts.k), limit), amber_ms)


def _collective(episode: Episode, facts: GroupFacts, limits: Limits) -> StatusLine:
    """`limit` is how many movers within five minutes alarm, however they are spaced."""
    state = _without_data(facts) or Verdict.in_control
    busiest = limits.busiest(facts.n)
    limit = float(busiest) if busiest else nan
    return _line(episode, COLLECTIVE, DetectorStatus(state, float(facts.movers), limit))


def _own(
    context: EvaluationContext, every: Sequence[GroupFacts], *, is_pool: bool
) -> list[_DetectorLines]:
    """Lines of the listed detectors, by pool or team."""
    listed = registry.of(is_pool=is_pool)
    if not listed:
        return [_DetectorLines([], [])] * len(every)
    ends = [context.counted(one.counts, is_pool=is_pool).end().tolist() for one in listed]
    states, pool_of_team = context.carried.states(is_pool=is_pool), context.feed.pool_of_team
    found: list[_DetectorLines] = []
    for number, facts in enumerate(every):
        known, asked = _is_known(context, number if is_pool else int(pool_of_team[number]))
        own = _DetectorLines([], [])
        for detector, end in zip(listed, ends, strict=True):
            counts = unpack(end[number])
            now = CurrentCounts(
                counts, facts.n, facts.unknown, facts.stale, known=known, asked=asked
            )
            episode = states.get(detector, number).episode
            line = _line(episode, detector.name, detector.standing(now))
            (own.overruling if detector.overrules else own.others).append(line)
        found.append(own)
    return found


def _is_known(context: EvaluationContext, pool: int) -> tuple[bool, bool]:
    """Whether any agent of a pool was ever seen, and whether anybody may call it."""
    asked = context.has_data[pool] or context.rules.hours.open(context.feed.pools[pool]) is not None
    return bool(context.carried.known_ms[pool] < NEVER_MS), asked


def _without_data(facts: GroupFacts) -> Verdict | None:
    if facts.stale:
        return Verdict.stale
    return Verdict.facts_only if facts.n < SMALLEST else None


def _line(
    episode: Episode, detector: str, standing: DetectorStatus, since_ms: int = 0
) -> StatusLine:
    """A detector's line: its alert if that is raised, else how it stands."""
    state, *figures = standing
    alert = episode.alerts.get(detector)
    if alert is not None and alert.raised:
        return StatusLine(detector, alert.state, alert.severity, alert.id, alert.since_ms, *figures)
    if alert is not None and state == Verdict.in_control:
        since_ms = alert.since_ms
    return StatusLine(detector, state, None, "", since_ms, *figures)


def _amber_since(context: EvaluationContext, team: int, facts: GroupFacts) -> int:
    """Since when a sixth has been in aux for two minutes of a peak; 0 if it has not."""
    now_ms = context.feed.until_ms
    reached_ms = int(context.carried.amber_ms[team])
    if reached_ms == NEVER_MS or facts.stale or reached_ms > now_ms - AMBER_DWELL_MS:
        return 0
    peak = context.rules.hours.peak(context.feed.pools[int(context.feed.pool_of_team[team])])
    first_ms = now_ms - AMBER_DWELL_MS
    if not peak.contains(first_ms) or peak.next_edge(first_ms) <= now_ms:
        return 0
    jumps = context.carried.jumps.get(team)
    held = context.rules.hours.shift_edges(context.feed.teams[team]).held(now_ms)
    if held or (jumps is not None and now_ms < jumps.until_ms):
        return 0
    return max(reached_ms, peak.start_of(first_ms)) + AMBER_DWELL_MS


def _facts(context: EvaluationContext) -> tuple[list[GroupFacts], list[GroupFacts]]:
    """Of all teams, and of all pools."""
    feed = context.feed
    stale = feed.stale.copy()
    stale[feed.stale_changes.team] = feed.stale_changes.stale  # the last of a team stays
    team_movers, pool_movers = _movers(context)
    packed = context.team.end()
    teams = _rows(packed, stale, team_movers)
    pool_stale = np.zeros(len(feed.pools), np.bool_)
    pool_stale[feed.pool_of_team[stale]] = True
    return teams, _rows(context.by_pool(packed), pool_stale, pool_movers)


def _rows(packed: I64, stale: Bool, movers: I64) -> list[GroupFacts]:
    rows = zip(packed.tolist(), stale.tolist(), movers.tolist(), strict=True)
    return [GroupFacts(*unpack(heads), silent, count) for heads, silent, count in rows]


def _movers(context: EvaluationContext) -> tuple[I64, I64]:
    """Distinct agents who entered within the last five minutes, by team and by pool."""
    feed, entries = context.feed, context.entries
    recent = np.flatnonzero(entries.entry_ms >= feed.until_ms - SPAN_MAX_MS)
    agent = entries.agent[recent]
    if (agent < 0).any():  # restored ones are known by name alone, each by a number of its own
        names = context.carried.names_of(agent, feed.agent_names)
        agent = np.unique(names, return_inverse=True)[1]
    pairs = np.unique(np.stack([entries.team[recent], agent], axis=1), axis=0)
    team = pairs[:, 0]
    return (
        np.bincount(team, minlength=len(feed.teams)),
        np.bincount(feed.pool_of_team[team], minlength=len(feed.pools)),
    )
