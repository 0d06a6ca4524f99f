"""From windows to figures: all ratios of all teams in all windows at once."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from stream.arrays import Runs
from stream.control.control import Control
from stream.events.language import I64, SERVING, STATE_COUNT, Bool, State
from stream.figures.model import (
    F64,
    Figures,
    Member,
    PoolFigures,
    SourceFigures,
    TeamFigures,
)
from stream.figures.shown import only_shown
from stream.ids import PoolKey, TeamKey
from stream.spec import RatioSpec
from stream.stats.descriptive import spread
from stream.stats.queueing import expected_wait
from stream.windows.calls.minute_sums import POOL_COUNTS, TEAM_COUNTS
from stream.windows.engine import Engine
from stream.windows.phones import Phones
from stream.windows.queues import Queues
from stream.windows.source_gaps import are_replaced
from stream.windows.state_intervals import OpenStates
from stream.windows.window_sums import WindowSums, read_calls, read_windows

ELIGIBLE_PART = 4
"""A member counts for a ratio if the denominator is at least this part (1/4) of the window."""
_TEAM = {name: index for index, name in enumerate(TEAM_COUNTS)}
_POOL = {name: index for index, name in enumerate(POOL_COUNTS)}
_SIXTY = 2
"""The index of the window 60m."""


def compute(
    engine: Engine,
    control: Control,
    as_of_ms: int,
    team_keys: Sequence[TeamKey],
    pool_keys: Sequence[PoolKey],
) -> Figures:
    """All figures at an instant, for the teams and pools of which something counts."""
    engine.follow_names()
    sums = read_windows(engine, as_of_ms)
    teams = _by_name(engine.teams_with_data(), team_keys)
    pools = _by_name(engine.pools_with_data(), pool_keys)
    heads = _heads(engine, sums)
    calls, counts = read_calls(engine, as_of_ms)
    figures = Figures(
        as_of_ms,
        engine.spec.ratios,
        _team_figures(engine, sums, heads, calls, teams, team_keys),
        _pool_figures(
            engine,
            control,
            heads,
            calls,
            counts[pools],
            phones_at(engine, sums.open, as_of_ms),
            pools,
            pool_keys,
            as_of_ms,
        ),
        control.views(),
        _source_figures(engine, as_of_ms),
    )
    return only_shown(engine, figures, calls)


def _by_name(chosen: Bool, keys: Sequence[TeamKey] | Sequence[PoolKey]) -> I64:
    """The numbers of the chosen teams or pools, in the order of their names."""
    return np.array(sorted(np.flatnonzero(chosen).tolist(), key=keys.__getitem__), np.int64)


def _heads(engine: Engine, sums: WindowSums) -> I64:
    """Heads now: (all teams, STATE_COUNT)."""
    now = sums.open
    team = engine.names.seat_team.data[now.seat]
    place = team * STATE_COUNT + now.now
    teams = len(engine.names.teams)
    return np.bincount(place, minlength=teams * STATE_COUNT).reshape(teams, STATE_COUNT)


@cache
def masks(ratios: tuple[RatioSpec, ...]) -> tuple[I64, I64]:
    """(STATE_COUNT, ratios) each: which states count in the numerators and denominators."""
    states = np.arange(STATE_COUNT)[:, None]
    above = [np.isin(states, [int(state) for state in one.numerator]) for one in ratios]
    below = [np.isin(states, [int(state) for state in one.denominator]) for one in ratios]
    return (
        np.concatenate(above, axis=1).astype(np.int64),
        np.concatenate(below, axis=1).astype(np.int64),
    )


def times(state_ms: I64, mask: I64) -> I64:
    """The sums of the states in each column of a mask, as the matrix product: (..., ratios).

    state_ms: (..., STATE_COUNT); mask: (STATE_COUNT, ratios). NumPy's product of integers is slow,
    and that of floats starts threads. In memory each ratio is one piece.
    """
    by_state = np.ascontiguousarray(np.moveaxis(state_ms, -1, 0))
    by_ratio = np.zeros((mask.shape[1], *state_ms.shape[:-1]), np.int64)
    for state, ratio in zip(*(place.tolist() for place in mask.nonzero()), strict=True):
        by_ratio[ratio] += by_state[state]
    return np.moveaxis(by_ratio, 0, -1)


def divided(above: I64, below: I64) -> F64:
    """Above / below; NaN where below is 0, since an undefined ratio is not 0."""
    out: F64 = np.full(above.shape, np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def _team_figures(
    engine: Engine, sums: WindowSums, heads: I64, calls: I64, teams: I64, keys: Sequence[TeamKey]
) -> TeamFigures:
    above, below = masks(engine.spec.ratios)
    team_of_seat = engine.names.seat_team.data
    seats = Runs.of(team_of_seat, len(keys))
    state_ms = seats.by_group(seats.sums(seats.in_order(sums.state_ms)), 0)
    window_ms = sums.as_of_ms - sums.start_ms
    both = times(sums.state_ms, np.concatenate([above, below], axis=1))
    member_above, member_below = np.split(both, 2, axis=-1)
    eligible: Bool = (member_below > 0) & (
        member_below * ELIGIBLE_PART >= window_ms[team_of_seat][:, :, None]
    )
    members = spread(divided(member_above, member_below), eligible, team_of_seat, len(keys))
    numerator, denominator = (state_ms @ above)[teams], (state_ms @ below)[teams]
    slowest = engine.sources.slowest_ms()[engine.names.team_floor.data]
    return TeamFigures(
        tuple(keys[team] for team in teams.tolist()),
        heads[teams],
        state_ms[teams],
        window_ms[teams],
        divided(numerator, denominator),
        numerator,
        denominator,
        members.n[teams],
        members.mean[teams],
        members.sd[teams],
        members.cv[teams],
        calls[teams, :, _TEAM["handled"]],
        calls[teams, :, _TEAM["short"]],
        calls[teams, :, _TEAM["talk_ms"]],
        calls[teams, :, _TEAM["hold_ms"]],
        calls[teams, :, _TEAM["acw_ms"]],
        slowest[teams],
    )


def _pool_figures(
    engine: Engine,
    control: Control,
    heads: I64,
    calls: I64,
    counts: I64,
    phones: Phones,
    pools: I64,
    keys: Sequence[PoolKey],
    as_of_ms: int,
) -> PoolFigures:
    now = Queues(engine, phones, as_of_ms, as_of_ms + 1).at_first()
    known = now.known[pools]
    waiting = np.where(known, now.waiting[pools], np.nan)
    waited_ms = np.maximum(0, as_of_ms - now.oldest_since_ms[pools])
    call_backs, overdue = engine.counting.calls.promises().count_open(
        as_of_ms, engine.spec.windows.callback_ms, len(keys)
    )
    in_time = counts[:, :, _POOL["in_time"]]
    answered, abandoned = counts[:, :, _POOL["answered"]], counts[:, :, _POOL["abandoned"]]
    return PoolFigures(
        tuple(keys[pool] for pool in pools.tolist()),
        waiting,
        np.where(known, waited_ms, np.nan),
        now.ringing[pools],
        _estimated_wait_ms(engine, heads, calls, waiting, pools),
        counts[:, :, _POOL["offered"]],
        answered,
        abandoned,
        counts[:, :, _POOL["callback_requested"]],
        counts[:, :, _POOL["callback_done"]],
        call_backs[pools],
        overdue[pools],
        divided(in_time, answered + abandoned),
        np.array([control.in_peak(keys[pool], as_of_ms) for pool in pools.tolist()], np.bool_),
        np.array([control.is_open(keys[pool], as_of_ms) for pool in pools.tolist()], np.float64),
    )


def phones_at(engine: Engine, now: OpenStates, as_of_ms: int) -> Phones:
    """The phones that ring at an instant."""
    at = np.flatnonzero(now.now == State.ringing)
    since_ms = np.full(len(at), as_of_ms)
    return Phones.of_seats(engine.names, now.seat[at], now.call[at], since_ms, since_ms + 1)


def _estimated_wait_ms(engine: Engine, heads: I64, calls: I64, waiting: F64, pools: I64) -> F64:
    """(Q + 1) AHT / serving while all are busy, 0 while somebody is free (pools,)."""
    pool, count = engine.names.team_pool.data, len(engine.names.pools)
    sixty = calls[:, _SIXTY]
    work = sixty[:, _TEAM["talk_ms"]] + sixty[:, _TEAM["hold_ms"]] + sixty[:, _TEAM["acw_ms"]]

    def of_pools(of_teams: I64) -> I64:
        total = np.zeros(count, np.int64)
        np.add.at(total, pool, of_teams)
        return total[pools]

    handle_ms = divided(of_pools(work), of_pools(sixty[:, _TEAM["talk_known"]]))
    serving = of_pools(heads[:, [int(state) for state in sorted(SERVING)]].sum(axis=1))
    wait_ms = expected_wait(waiting, handle_ms, serving)
    return np.where(of_pools(heads[:, State.available]) > 0, 0.0, wait_ms)


def _source_figures(engine: Engine, as_of_ms: int) -> tuple[SourceFigures, ...]:
    """Of all sources but those that were replaced: nobody can do anything about these."""
    silent = engine.sources.silent_from_ms() <= as_of_ms
    shown = engine.sources.known[: len(silent)] & ~are_replaced(engine.sources, as_of_ms)
    return tuple(
        SourceFigures(*key, int(engine.sources.watermark_ms[number]), bool(silent[number]))
        for key, number in sorted(engine.names.sources.number_of.items())
        if shown[number]
    )


def members(engine: Engine, as_of_ms: int, teams: Sequence[int]) -> list[list[Member]]:
    """The member tables of teams, by agent: members who have time in one of the windows."""
    engine.follow_names()
    sums = read_windows(engine, as_of_ms)
    now = {
        int(seat): (State(int(state)).name, int(since))
        for seat, state, since in zip(
            sums.open.seat, sums.open.now, sums.open.since_ms, strict=True
        )
    }
    return [_table(engine, sums, now, team) for team in teams]


def _table(
    engine: Engine, sums: WindowSums, now: Mapping[int, tuple[str, int]], team: int
) -> list[Member]:
    rows = []
    for seat in np.flatnonzero(engine.names.seat_team.data == team).tolist():
        state, since_ms = now.get(seat, ("", 0))
        if state or sums.state_ms[seat].any():
            agent = engine.names.seats.keys[seat][1]
            rows.append(Member(agent, state, since_ms, sums.state_ms[seat]))
    return sorted(rows, key=lambda row: row.agent.encode())
