"""Figures as series: the metric, labels and view field of each figure, declared once.

Prometheus text and views are both made from these series, so a view's field and its metric cannot
differ. Times are in seconds, ratios from 0 to 1; a value that is not finite does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

import numpy as np

from stream.control.model import DetectorView, Severity, Verdict
from stream.events.language import I64, State
from stream.figures.model import F64, WINDOWS, Figures
from stream.render import catalogue as c
from stream.render import view_fields as f
from stream.render.catalogue import ratio_metric
from stream.render.metric import Metric
from stream.render.view_fields import PoolView, TeamView, qualified
from stream.spec import RatioSpec

VERDICT: Final = "verdict"
"""The detector's name under which the verdict of a team or pool is exported."""
SCHEDULED: Final = "scheduled"
_STATES: Final = tuple(state.name for state in State)
_BY_WINDOW: Final = tuple((window,) for window in WINDOWS)
_BY_STATE: Final = tuple((state,) for state in _STATES)
_BY_STATE_AND_WINDOW: Final = tuple((state, window) for window in WINDOWS for state in _STATES)


class Form(Enum):
    """How a number is formatted in a view."""

    count = "count"
    seconds = "seconds"
    ratio = "ratio"
    instant = "instant"


@dataclass(frozen=True, slots=True)
class Series:
    """One metric over R rows (teams, pools, …) and C columns (state, window, …)."""

    metric: Metric
    rows: Sequence[tuple[str, ...]]
    """Values of the first labels of the metric, by row."""
    columns: tuple[tuple[str, ...], ...]
    """Values of the other labels, by column."""
    values: I64 | F64
    """(R, C)"""
    form: Form
    fields: tuple[str, ...] = ()
    """Names in the view, by column; empty: not a number of the view."""


def series_of(figures: Figures) -> list[Series]:
    """All series of one shard, in a fixed order."""
    return [
        *team_series(figures),
        *pool_series(figures),
        *control_series(figures.detectors),
        *_source_series(figures),
    ]


def team_series(figures: Figures) -> list[Series]:
    """The numbers of team views; rows are the teams in their order."""
    return [
        *_state_series(figures),
        *_ratio_series(figures),
        *_member_series(figures),
        *_handling_series(figures),
        *_time_series(figures),
    ]


def _state_series(figures: Figures) -> list[Series]:
    teams = figures.teams
    return [
        Series(
            c.TEAM_AGENTS,
            teams.keys,
            _BY_STATE,
            teams.heads,
            Form.count,
            _qualified(f.AGENTS, _BY_STATE),
        ),
        Series(
            c.TEAM_STATE_SECONDS,
            teams.keys,
            _BY_STATE_AND_WINDOW,
            _flat(teams.state_ms) / 1_000,
            Form.seconds,
            _qualified(f.SECONDS, _BY_STATE_AND_WINDOW),
        ),
    ]


def _ratio_series(figures: Figures) -> list[Series]:
    teams = figures.teams
    return [
        Series(
            ratio_metric(ratio),
            teams.keys,
            _BY_WINDOW,
            teams.ratio[:, :, at],
            Form.ratio,
            _by_window(ratio.name),
        )
        for at, ratio in enumerate(figures.ratios)
    ]


def _member_series(figures: Figures) -> list[Series]:
    teams = figures.teams

    def series(metric: Metric, values: I64 | F64, form: Form, suffix: str) -> Series:
        columns, fields = _by_ratio_and_window(figures.ratios, suffix)
        return Series(metric, teams.keys, columns, _flat(values), form, fields)

    return [
        series(c.TEAM_DISPERSION_CV, teams.cv, Form.ratio, f.CV),
        series(c.TEAM_MEMBERS, teams.members, Form.count, f.MEMBERS),
        series(c.TEAM_MEMBER_MEAN, teams.mean, Form.ratio, f.MEAN),
        series(c.TEAM_MEMBER_SD, teams.sd, Form.ratio, f.SD),
    ]


def _handling_series(figures: Figures) -> list[Series]:
    teams = figures.teams
    parts = {"talk": teams.talk_ms, "hold": teams.hold_ms, "acw": teams.acw_ms}
    return [
        Series(
            c.TEAM_HANDLE_TIME,
            teams.keys,
            tuple((part, window) for part in parts for window in WINDOWS),
            np.concatenate(list(parts.values()), axis=1) / 1_000,
            Form.seconds,
            tuple(field for part in parts for field in _by_window(f.handling_s(part))),
        ),
        Series(
            c.TEAM_HANDLED, teams.keys, _BY_WINDOW, teams.handled, Form.count, _by_window(f.HANDLED)
        ),
        Series(c.TEAM_SHORT, teams.keys, _BY_WINDOW, teams.short, Form.count, _by_window(f.SHORT)),
    ]


def _time_series(figures: Figures) -> list[Series]:
    teams = figures.teams
    # A floor without any event has no watermark: a series of 1970 would only raise false alarms.
    watermark = np.where(teams.watermark_ms > 0, teams.watermark_ms / 1_000, np.nan)
    as_of = np.full(len(teams.keys), figures.as_of_ms / 1_000)
    return [
        Series(
            c.TEAM_WINDOW,
            teams.keys,
            _BY_WINDOW,
            teams.window_ms / 1_000,
            Form.seconds,
            _by_window(f.WINDOW_S),
        ),
        Series(
            c.TEAM_WATERMARK,
            teams.keys,
            ((),),
            watermark[:, None],
            Form.instant,
            (TeamView.watermark,),
        ),
        Series(c.TEAM_AS_OF, teams.keys, ((),), as_of[:, None], Form.instant, (TeamView.as_of,)),
    ]


def pool_series(figures: Figures) -> list[Series]:
    """The numbers of pool views; rows are the pools in their order."""
    pools = figures.pools

    def now(metric: Metric, values: I64 | F64, form: Form, field: str) -> Series:
        return Series(metric, pools.keys, ((),), values[:, None], form, (field,))

    def windowed(metric: Metric, values: I64 | F64, form: Form, field: str) -> Series:
        return Series(metric, pools.keys, _BY_WINDOW, values, form, _by_window(field))

    peak = pools.in_peak[:, None].astype(np.int64)
    return [
        now(c.POOL_WAITING, pools.waiting, Form.count, PoolView.waiting),
        now(c.POOL_OLDEST, pools.oldest_wait_ms / 1_000, Form.seconds, PoolView.oldest_wait_s),
        now(
            c.POOL_ESTIMATED,
            pools.estimated_wait_ms / 1_000,
            Form.seconds,
            PoolView.estimated_wait_s,
        ),
        windowed(c.POOL_OFFERED, pools.offered, Form.count, f.OFFERED),
        windowed(c.POOL_ANSWERED, pools.answered, Form.count, f.ANSWERED),
        windowed(c.POOL_ABANDONED, pools.abandoned, Form.count, f.ABANDONED),
        windowed(
            c.POOL_CALL_BACKS_PROMISED, pools.call_backs_promised, Form.count, f.CALL_BACKS_PROMISED
        ),
        windowed(c.POOL_CALL_BACKS_DONE, pools.call_backs_done, Form.count, f.CALL_BACKS_DONE),
        now(c.POOL_CALL_BACKS_OPEN, pools.call_backs_open, Form.count, PoolView.call_backs_open),
        now(
            c.POOL_CALL_BACKS_OVERDUE,
            pools.call_backs_overdue,
            Form.count,
            PoolView.call_backs_overdue,
        ),
        windowed(c.POOL_SERVICE_LEVEL, pools.service_level, Form.ratio, PoolView.service_level),
        now(c.POOL_OPEN, pools.is_open, Form.count, PoolView.open),
        Series(c.POOL_PEAK, pools.keys, ((SCHEDULED,),), peak, Form.count),
    ]


def control_series(detectors: Sequence[DetectorView]) -> list[Series]:
    """States, alerts, statistics and limits; rows are (floor, pool[, team], detector)."""
    of_teams = [view for view in detectors if view.team]
    of_pools = [view for view in detectors if not view.team]
    own = [view for view in of_teams if view.detector != VERDICT]
    rows = [_row(view) for view in own]
    statistic = np.array([[view.statistic] for view in own], np.float64).reshape(-1, 1)
    limit = np.array([[view.limit] for view in own], np.float64).reshape(-1, 1)
    return [
        _control_state_series(c.TEAM_CONTROL_STATE, of_teams),
        _alert_series(c.TEAM_ALERT, of_teams),
        Series(c.TEAM_STATISTIC, rows, ((),), statistic, Form.ratio),
        Series(c.TEAM_LIMIT, rows, ((),), limit, Form.ratio),
        _control_state_series(c.POOL_CONTROL_STATE, of_pools),
        _alert_series(c.POOL_ALERT, of_pools),
    ]


def _row(view: DetectorView) -> tuple[str, ...]:
    place = (view.floor, view.pool, view.team) if view.team else (view.floor, view.pool)
    return (*place, view.detector)


def _control_state_series(metric: Metric, views: Sequence[DetectorView]) -> Series:
    states = tuple((state.value,) for state in Verdict)
    number = {state: at for at, state in enumerate(Verdict)}
    now = np.array([number[view.state] for view in views], np.int64)
    return Series(metric, [_row(v) for v in views], states, _one_of(now, len(states)), Form.count)


def _alert_series(metric: Metric, views: Sequence[DetectorView]) -> Series:
    own = [view for view in views if view.detector != VERDICT]
    severities = tuple((severity.value,) for severity in Severity)
    number = {severity: at for at, severity in enumerate(Severity)}
    now = [-1 if view.severity is None else number[view.severity] for view in own]
    raised = _one_of(np.array(now, np.int64), len(severities))
    return Series(metric, [_row(view) for view in own], severities, raised, Form.count)


def _one_of(column: I64, columns: int) -> I64:
    hit: I64 = (column[:, None] == np.arange(columns)).astype(np.int64)
    return hit


def _source_series(figures: Figures) -> list[Series]:
    seen = [source for source in figures.sources if source.watermark_ms > 0]
    watermark = np.array([[source.watermark_ms / 1_000] for source in seen]).reshape(-1, 1)
    rows = [(source.floor, source.source) for source in seen]
    silent = np.array([[source.silent] for source in seen], np.int64).reshape(-1, 1)
    return [
        Series(c.SOURCE_WATERMARK, rows, ((),), watermark, Form.instant),
        Series(c.SOURCE_SILENT, rows, ((),), silent, Form.count),
    ]


def _by_window(name: str) -> tuple[str, ...]:
    return _qualified(name, _BY_WINDOW)


@cache
def _qualified(name: str, columns: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The fields of a figure, by column."""
    return tuple(qualified(name, *column) for column in columns)


@cache
def _by_ratio_and_window(
    ratios: tuple[RatioSpec, ...], suffix: str
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The columns and fields of a figure between members."""
    pairs = tuple((ratio.name, window) for window in WINDOWS for ratio in ratios)
    return pairs, tuple(qualified(figure + suffix, window) for figure, window in pairs)


def _flat(values: I64 | F64) -> I64 | F64:
    """(rows, W, X) as (rows, W * X); also for no rows at all."""
    return values.reshape(values.shape[0], values.shape[1] * values.shape[2])
