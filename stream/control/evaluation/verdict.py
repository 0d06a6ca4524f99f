"""The status of detectors, teams and pools where the last feed ended.

A raised alert is its detector's state, whatever else is known. A team's or pool's verdict goes by
the order of DESIGN.md, section 6: `stale` if half of the agents depend on silent sources,
`out_of_control` if cover (or another listed detector that overrules) is raised and no mere line of
the digest, `facts_only` if small, `insufficient_data` if more than a tenth are unknown and nothing
is raised, else the worst state among the detectors that have data. On the line of a verdict
`statistic` is how many checks are active and `limit` how many there are ("2 of 3 checks active").
"""

from collections.abc import Sequence
from math import nan
from typing import Final, NamedTuple

import numpy as np

from stream.control.control_state import ControlState
from stream.control.detectors import registry
from stream.control.detectors.inputs import Known
from stream.control.detectors.movement import is_blind
from stream.control.detectors.protocol import CurrentCounts, DetectorStatus
from stream.control.detectors.share import AMBER_DWELL_MS
from stream.control.episode import Episode, is_more_severe
from stream.control.evaluation.context import EvaluationContext
from stream.control.head_counts import TEAM, HeadCounts, first, second, unpack
from stream.control.limits import SMALLEST, SPAN_MAX_MS, Limits
from stream.control.model import DetectorView, Scope, Severity, Verdict
from stream.events.language import I64, Bool
from stream.ids import TeamKey
from stream.units import NEVER_MS

VERDICT: Final = "verdict"
_WORST_FIRST: Final = {verdict: place for place, verdict in enumerate(Verdict)}
_NO_DATA: Final = frozenset({Verdict.facts_only, Verdict.insufficient_data, Verdict.stale})


class StatusLine(NamedTuple):
    """A line of a view without its team or pool: the other fields of `DetectorView`."""

    detector: str
    state: Verdict
    severity: Severity | None
    alert_id: str
    since_ms: int
    statistic: float
    limit: float


class _DetectorLines(NamedTuple):
    """Lines of the detectors of a pool or team."""

    overruling: list[StatusLine]
    others: list[StatusLine]


def views_of(context: EvaluationContext) -> tuple[DetectorView, ...]:
    """All lines of all teams, then of all pools."""
    feed = context.feed
    teams, pools = _current(context)
    team_lines = _lines(context, Scope.team, teams)
    pool_lines = _lines(context, Scope.pool, pools)
    views: list[DetectorView] = []
    pool_of_team = feed.pool_of_team.tolist()
    for team, (key, now) in enumerate(zip(feed.teams, teams, strict=True)):
        overruling, others = team_lines[team]
        above = pool_lines[pool_of_team[team]].overruling
        verdict = verdict_of(others, (*above, *overruling), now)
        views += [DetectorView._make((*key, *line)) for line in (verdict, *overruling, *others)]
    for pool, (pool_key, now) in enumerate(zip(feed.pools, pools, strict=True)):
        overruling, others = pool_lines[pool]
        verdict = verdict_of(others, overruling, now)
        key = TeamKey(*pool_key, "")
        views += [DetectorView._make((*key, *line)) for line in (verdict, *overruling, *others)]
    return tuple(views)


def verdict_of(
    lines: Sequence[StatusLine], overruling: Sequence[StatusLine], now: CurrentCounts
) -> StatusLine:
    """The verdict over a team's or pool's detectors and those of its pool that overrule them."""
    every = (*overruling, *lines)
    active = [line.state for line in every if line.state not in _NO_DATA]
    if now.stale:
        state = Verdict.stale
    elif any(line.alert_id and line.severity != Severity.digest for line in overruling):
        state = Verdict.out_of_control
    elif now.staffed < SMALLEST:
        state = Verdict.facts_only
    elif is_blind(now.staffed, now.unknown) and not any(line.alert_id for line in lines):
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


def _lines(
    context: EvaluationContext, scope: Scope, every: Sequence[CurrentCounts]
) -> list[_DetectorLines]:
    """Lines of the detectors, by team or pool."""
    state = context.carried.scopes[scope]
    found = [_DetectorLines([], []) for _ in every]
    for detector in registry.of(scope):
        ends: Sequence[int] | None = None
        if detector.counts is not TEAM:  # the current counts have these already
            ends = context.counted.end(detector.counts, scope).tolist()
        episodes = state.episodes(detector.group)
        for number, now in enumerate(every):
            own = now if ends is None else now._replace(counts=unpack(ends[number]))
            standing = detector.standing(own, state.state(detector, number))
            line = _line(episodes.get(number), detector.name, standing)
            lines = found[number]
            if line is not None:
                (lines.overruling if detector.overrules else lines.others).append(line)
    return found


def _is_known(context: EvaluationContext, pool: int) -> tuple[bool, bool]:
    """Whether a pool is evaluated, and whether anybody may call it."""
    has_hours = context.rules.hours.open(context.feed.pools[pool]) is not None
    asked = context.queue_known[pool] or has_hours
    return context.known(pool).at(context.feed.until_ms - 1) == Known.yes, asked


def _line(
    episode: Episode | None, detector: str, standing: DetectorStatus | None
) -> StatusLine | None:
    """A detector's line: its alert if that is raised, else how it stands; None: it is off."""
    alert = None if episode is None else episode.alerts.get(detector)
    if standing is None:
        if alert is None or not alert.raised:
            return None
        standing = DetectorStatus(alert.state, nan, nan)
    state, statistic, limit, since_ms = standing
    if alert is not None and alert.raised:
        return StatusLine(
            detector, alert.state, alert.severity, alert.id, alert.since_ms, statistic, limit
        )
    if alert is not None and state == Verdict.in_control:
        since_ms = alert.since_ms
    return StatusLine(detector, state, None, "", since_ms, statistic, limit)


def _amber_since(context: EvaluationContext, team: int) -> int:
    """Since when a sixth has been in aux for two minutes of a peak; 0 if it has not.

    Asked only where a sixth has been in aux for so long.
    """
    now_ms = context.feed.until_ms
    reached_ms = int(context.carried.amber_ms[team])
    peak = context.rules.hours.peak(context.feed.pools[int(context.feed.pool_of_team[team])])
    first_ms = now_ms - AMBER_DWELL_MS
    if not peak.contains(first_ms) or peak.next_edge(first_ms) <= now_ms:
        return 0
    jumps = context.carried.jumps.get(team)
    held = context.rules.hours.shift_edges(context.feed.teams[team]).holds(now_ms)
    if held or (jumps is not None and now_ms < jumps.until_ms):
        return 0
    return max(reached_ms, peak.start_of(first_ms)) + AMBER_DWELL_MS


def _current(context: EvaluationContext) -> tuple[list[CurrentCounts], list[CurrentCounts]]:
    """Of all teams, and of all pools, with the counts `TEAM`."""
    feed = context.feed
    stale = feed.stale.copy()
    stale[feed.stale_changes.team] = feed.stale_changes.stale  # the last of a team stays
    team_movers, pool_movers = _movers(context)
    packed = context.team.end()
    known = [_is_known(context, pool) for pool in range(len(feed.pools))]
    amber = [0] * len(feed.teams)
    reached = context.carried.amber_ms <= feed.until_ms - AMBER_DWELL_MS
    for team in np.flatnonzero(reached & ~stale).tolist():
        amber[team] = _amber_since(context, team)
    known_of_team = [known[pool] for pool in feed.pool_of_team.tolist()]
    teams = _rows(context, packed, stale, team_movers, amber, known_of_team)
    pool_stale = np.zeros(len(feed.pools), np.bool_)
    pool_stale[feed.pool_of_team[stale]] = True
    if feed.pool_knowledge is not None:
        for pool in feed.pool_knowledge.turning_in(feed.until_ms, feed.until_ms + 1):
            pool_stale[pool] = bool(context.stale(Scope.pool, pool).at(feed.until_ms - 1))
    none = [0] * len(known)
    return teams, _rows(
        context, context.counted.by_pool(packed), pool_stale, pool_movers, none, known
    )


def _rows(
    context: EvaluationContext,
    packed: I64,
    stale: Bool,
    movers: I64,
    amber_ms: Sequence[int],
    known: Sequence[tuple[bool, bool]],
) -> list[CurrentCounts]:
    limits = context.rules.limits
    rows = zip(packed.tolist(), stale.tolist(), movers.tolist(), amber_ms, known, strict=True)
    found: list[CurrentCounts] = []
    for heads, silent, count, amber, (is_known, asked) in rows:
        counts = n, _k, unknown = unpack(heads)
        found.append(
            CurrentCounts(counts, n, unknown, silent, limits, count, amber, is_known, asked)
        )
    return found


def _movers(context: EvaluationContext) -> tuple[I64, I64]:
    """Distinct agents who entered within the last five minutes, by team and by pool."""
    feed, entries = context.feed, context.entries
    recent = np.flatnonzero(entries.entry_ms >= feed.until_ms - SPAN_MAX_MS)
    agent = entries.agent[recent]
    if (agent < 0).any():  # restored ones are known by name alone, each by a number of its own
        agent = np.unique(context.carried.names_of(agent, feed.agent_names), return_inverse=True)[1]
    names = int(agent.max(initial=0)) + 1
    team = np.unique(entries.team[recent] * names + agent) // names
    return (
        np.bincount(team, minlength=len(feed.teams)),
        np.bincount(feed.pool_of_team[team], minlength=len(feed.pools)),
    )


def update_amber(carried: ControlState, heads: HeadCounts, limits: Limits, from_ms: int) -> None:
    """Since when a sixth is in aux, by team, up to the end of this feed, which began at from_ms."""
    amber = limits.amber
    new = (carried.amber_ms == NEVER_MS) & (second(heads.base) >= amber[first(heads.base)])
    carried.amber_ms[new] = from_ms
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
