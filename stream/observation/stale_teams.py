"""Stale teams: at least half of their agents, not counting `offline`, depend on silent sources."""

import numpy as np

from stream.events.language import I64, Bool, State
from stream.observation.feed import Changes, StaleChanges
from stream.observation.seen_states import SILENT
from stream.units import NEVER_MS


def stale_teams(heads: I64, changes: Changes) -> tuple[Bool, StaleChanges]:
    """(teams,): which are stale before some changes, and which turn with them.

    heads: (teams, SEEN_COUNT) before the changes.
    """
    silent, there = heads[:, SILENT], heads.sum(axis=1) - heads[:, State.offline]
    stale = _is_stale(silent, there)
    team = np.concatenate([changes.team_before, changes.team_after])
    seen = np.concatenate([changes.state_before, changes.state_after])
    concerned = silent > 0
    concerned[team[(seen == SILENT) & (team >= 0)]] = True
    teams = np.flatnonzero(concerned)
    if not len(teams):
        return stale, StaleChanges.none()
    at = np.flatnonzero((team >= 0) & concerned[team] & (seen != State.offline))
    sign = np.repeat([-1, 1], len(changes.at_ms))[at]
    team = np.concatenate([teams, team[at]])
    at_ms = np.concatenate([np.full(len(teams), -NEVER_MS), changes.at_ms[at % len(changes.at_ms)]])
    silent = np.concatenate([silent[teams], sign * (seen[at] == SILENT)])
    there = np.concatenate([there[teams], sign])
    order = np.lexsort((at_ms, team))
    team, at_ms = team[order], at_ms[order]
    start = np.searchsorted(team, team)
    is_stale = _is_stale(_running(silent[order], start), _running(there[order], start))
    last = np.append((team[1:] != team[:-1]) | (at_ms[1:] != at_ms[:-1]), True)
    team, at_ms, is_stale = team[last], at_ms[last], is_stale[last]
    turned = np.append(False, (team[1:] == team[:-1]) & (is_stale[1:] != is_stale[:-1]))
    turned = np.flatnonzero(turned)
    turned = turned[np.lexsort((team[turned], at_ms[turned]))]
    return stale, StaleChanges(at_ms[turned], team[turned], is_stale[turned])


def _is_stale(silent: I64, there: I64) -> Bool:
    found: Bool = (silent > 0) & (2 * silent >= there)
    return found


def _running(counts: I64, start: I64) -> I64:
    """(N,): sums of the counts up to each one, from where its group starts."""
    total = np.cumsum(counts)
    out: I64 = total - (total - counts)[start]
    return out
