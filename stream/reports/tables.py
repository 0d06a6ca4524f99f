"""agents.csv and teams.csv: finished windows as rows, in the columns that others rely on."""

import csv
from collections.abc import Iterable, Sequence
from math import exp, isnan
from typing import TextIO

import numpy as np

from stream.calendar.schedules import rfc3339_local
from stream.cells import text_cell
from stream.events.language import I64, State
from stream.reports.window_accumulator import FinishedWindow
from stream.spec import RatioSpec
from stream.stats.descriptive import F64, spread
from stream.windows.calls.minute_sums import LN_UNIT, TEAM_COUNTS

_OFF = frozenset({State.offline, State.unknown})
_CALLS = [TEAM_COUNTS.index(name) for name in ("started", "handled", "short")]
_TIMES = [TEAM_COUNTS.index(name) for name in ("talk_ms", "hold_ms", "acw_ms")]
_STATE_COLUMNS = tuple(f"{state.name}_s" for state in State)

WINDOW_COLUMNS = ("window_start", "window_end", "floor", "pool", "team")
AGENT_COLUMNS = (
    *WINDOW_COLUMNS,
    "agent",
    *_STATE_COLUMNS,
    "calls_started",
    "calls_handled",
    "short_calls",
)


class Tables:
    """Writes both tables, window by window."""

    def __init__(
        self, agents: TextIO, teams: TextIO, ratios: Sequence[RatioSpec], zone: str
    ) -> None:
        self._agents = csv.writer(agents, lineterminator="\n")
        self._teams = csv.writer(teams, lineterminator="\n")
        self._ratios = ratios
        self._zone = zone
        self._numerators = _columns(ratio.numerator for ratio in ratios)
        self._denominators = _columns(ratio.denominator for ratio in ratios)
        self._agents.writerow(AGENT_COLUMNS)
        self._teams.writerow(team_columns(ratios))

    def write(self, window: FinishedWindow) -> None:
        """Append the rows of a window."""
        edges = [rfc3339_local(at, self._zone) for at in (window.start_ms, window.end_ms)]
        self._agents.writerows(
            [*edges, *map(text_cell, seat), *map(seconds, states), *calls]
            for seat, states, calls in zip(
                window.seats,
                window.state_ms.tolist(),
                window.calls[:, _CALLS].tolist(),
                strict=True,
            )
        )
        self._teams.writerows([*edges, *row] for row in self._team_rows(window))

    def _team_rows(self, window: FinishedWindow) -> Iterable[list[object]]:
        teams = window.teams()
        if not teams:
            return
        group = np.repeat(np.arange(len(teams)), [part.stop - part.start for _, part in teams])
        numerator = window.state_ms @ self._numerators
        denominator = window.state_ms @ self._denominators
        own = _quotient(numerator, denominator)
        eligible = (denominator > 0) & (4 * denominator >= window.length_ms)
        members = spread(own, eligible, group, len(teams))
        starts = [part.start for _, part in teams]
        total = _quotient(np.add.reduceat(numerator, starts), np.add.reduceat(denominator, starts))
        staffed = np.delete(window.state_ms, list(_OFF), axis=1).any(axis=1)
        heads = np.add.reduceat(staffed.astype(np.int64), starts)
        calls = np.add.reduceat(window.calls, starts)
        state_ms = np.add.reduceat(window.state_ms, starts).tolist()
        for number, (key, _) in enumerate(teams):
            dispersion = [
                cell(figures[number, ratio])
                for ratio in range(len(self._ratios))
                for figures in (members.mean, members.sd, members.cv)
            ]
            yield [
                *map(text_cell, key),
                int(heads[number]),
                *map(cell, total[number]),
                *dispersion,
                *handle_times(calls[number]),
                *_call_cells(calls[number]),
                *map(seconds, state_ms[number]),
            ]


def team_columns(ratios: Sequence[RatioSpec]) -> list[str]:
    """The head of teams.csv.

    `hold_s` and `acw_s` occur twice: of calls that ended, then as time in those states. A reader
    that knows columns by name takes the latter.
    """
    names = [ratio.name for ratio in ratios]
    spreads = [f"{name}_{what}" for name in names for what in ("mean", "sd", "cv")]
    calls = "calls_handled", "talk_s", "hold_s", "acw_s", "short_calls"
    times = "aht_s", "aht_geometric_s"
    return [*WINDOW_COLUMNS, "members", *names, *spreads, *times, *calls, *_STATE_COLUMNS]


def handle_times(calls: I64) -> tuple[str, str]:
    """Arithmetic and geometric mean handle time of summed calls, in seconds; "" without any."""
    held = dict(zip(TEAM_COUNTS, calls.tolist(), strict=True))
    mean_s = geometric_s = float("nan")
    if held["talk_known"]:
        handle_ms = held["talk_ms"] + held["hold_ms"] + held["acw_ms"]
        mean_s = handle_ms / held["talk_known"] / 1000
    if held["ln_known"]:
        geometric_s = exp(held["ln_handle"] / held["ln_known"] / LN_UNIT) / 1000
    return _three(mean_s), _three(geometric_s)


def _call_cells(calls: I64) -> list[object]:
    """Calls handled, their talk, hold and after-call work, and how many were short."""
    _, handled, short = calls[_CALLS].tolist()
    return [handled, *map(seconds, calls[_TIMES].tolist()), short]


def seconds(t_ms: int) -> str:
    """Milliseconds as seconds with three decimals."""
    return f"{t_ms // 1000}.{t_ms % 1000:03d}"


def cell(value: float) -> str:
    """A ratio with six decimals; empty where it is not defined."""
    return "" if isnan(value) else f"{value:.6f}"


def _three(value: float) -> str:
    return "" if isnan(value) else f"{value:.3f}"


def _columns(sets: Iterable[frozenset[State]]) -> I64:
    """(STATE_COUNT, sets): 1 where a state is in a set."""
    return np.array([[state in held for state in State] for held in sets], np.int64).T


def _quotient(numerator: I64, denominator: I64) -> F64:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)
