"""Which teams and pools are shown: those of which something counts, or which somebody has named.

A team that was misspelt once, or is gone, is shown until its windows are empty. So its views and
series end by themselves.
"""

from dataclasses import fields, replace
from itertools import compress
from typing import TypeVar

import numpy as np

from stream.events.language import I64, Bool, State
from stream.figures.model import Figures, PoolFigures, TeamFigures
from stream.windows.engine import Engine

Rows = TypeVar("Rows", TeamFigures, PoolFigures)


def only_shown(engine: Engine, figures: Figures, calls: I64) -> Figures:
    """The figures without teams and pools of which nothing counts and no alert is active.

    calls: (all teams, W, ...) calls in each window.
    """
    alarmed = {one[:3] for one in figures.detectors if one.severity is not None}
    teams = _shown_teams(engine, figures.teams, calls, alarmed)
    brought = {(key.floor, key.pool) for key in compress(figures.teams.keys, teams)}
    pools = _shown_pools(engine, figures, brought, alarmed)
    if teams.all() and pools.all():
        return figures
    gone = {tuple(key) for key in compress(figures.teams.keys, ~teams)}
    gone |= {(*key, "") for key in compress(figures.pools.keys, ~pools)}
    return replace(
        figures,
        teams=_take(figures.teams, teams),
        pools=_take(figures.pools, pools),
        detectors=tuple(one for one in figures.detectors if one[:3] not in gone),
    )


def _shown_teams(
    engine: Engine, teams: TeamFigures, calls: I64, alarmed: set[tuple[str, str, str]]
) -> Bool:
    there = np.arange(len(State)) != State.offline
    names = engine.names.teams.number_of
    at = np.array([names[key.floor, key.team] for key in teams.keys], np.int64)
    spent = np.asarray(teams.state_ms[:, :, there].any(axis=(1, 2)))
    counts: Bool = spent | teams.heads[:, there].any(axis=1) | calls[at].any(axis=(1, 2))
    for row in np.flatnonzero(~counts).tolist():
        key = teams.keys[row]
        counts[row] = tuple(key) in alarmed or engine.named.has_team(key.floor, key.team)
    return counts


def _shown_pools(
    engine: Engine,
    figures: Figures,
    brought: set[tuple[str, str]],
    alarmed: set[tuple[str, str, str]],
) -> Bool:
    """brought: the pools of teams that are shown."""
    pools = figures.pools
    calls = pools.offered + pools.answered + pools.abandoned
    call_backs = pools.call_backs_promised + pools.call_backs_done
    counts: Bool = (calls + call_backs).any(axis=1) | (pools.call_backs_open > 0)
    counts |= (pools.waiting > 0) | (pools.ringing > 0)
    for row in np.flatnonzero(~counts).tolist():
        key = pools.keys[row]
        number, as_of_ms = engine.names.pools.number_of[key], figures.as_of_ms
        counts[row] = (
            tuple(key) in brought
            or (*key, "") in alarmed
            or bool(engine.gauges.spans(number, as_of_ms, as_of_ms + 1))
            or engine.named.has_pool(*key)
        )
    return counts


def _take(rows: Rows, shown: Bool) -> Rows:
    keys, *columns = (getattr(rows, field.name) for field in fields(rows))
    return type(rows)(tuple(compress(keys, shown)), *(column[shown] for column in columns))
