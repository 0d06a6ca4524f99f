"""Sums of all windows at an instant: panes, shift sums, and the open intervals until then."""

from dataclasses import dataclass

import numpy as np

from stream.events.language import I64, STATE_COUNT, State
from stream.units import MINUTE_MS, NEVER_MS
from stream.windows.closed_sums import WINDOW_COUNT, WINDOW_MINUTES
from stream.windows.engine import Engine
from stream.windows.rendering import render
from stream.windows.source_gaps import gaps_at
from stream.windows.state_intervals import OpenStates, closed_after, open_states


@dataclass(frozen=True, slots=True)
class WindowSums:
    """Milliseconds by seat, window and state at one instant."""

    as_of_ms: int
    state_ms: I64
    """(seats, WINDOW_COUNT, STATE_COUNT)"""
    start_ms: I64
    """(teams, WINDOW_COUNT): where each window starts; it ends at as_of_ms."""
    open: OpenStates


def window_starts(engine: Engine, as_of_ms: int) -> I64:
    """Where each team's windows start: (teams, WINDOW_COUNT)."""
    calendar = engine.calendars.of_team
    starts = np.empty((len(calendar), WINDOW_COUNT), np.int64)
    minute_ms = as_of_ms // MINUTE_MS * MINUTE_MS
    for window, minutes in enumerate(WINDOW_MINUTES):
        starts[:, window] = minute_ms - minutes * MINUTE_MS
    starts[:, -1] = engine.calendars.shift_start(calendar, np.full(len(calendar), as_of_ms))
    return starts


def read_windows(engine: Engine, as_of_ms: int) -> WindowSums:
    """All windows of all seats at an instant; opens minutes up to it."""
    minute = as_of_ms // MINUTE_MS
    render(engine, gaps_at(engine.sources, as_of_ms))
    engine.open_minutes(np.full(len(engine.names.floors), minute))
    starts = window_starts(engine, as_of_ms)
    start_of_seat = starts[engine.names.seat_team.data]
    sums = engine.closed.read(minute, start_of_seat[:, -1])
    _subtract_ahead(engine, sums, start_of_seat, as_of_ms)
    now = open_states(engine, as_of_ms)
    _add_open(engine, sums, start_of_seat, now, as_of_ms)
    _add_before_first(engine, sums, start_of_seat, as_of_ms)
    return WindowSums(as_of_ms, sums, starts, now)


def _add_open(
    engine: Engine, sums: I64, start_of_seat: I64, now: OpenStates, as_of_ms: int
) -> None:
    """Add the open intervals."""
    alone = engine.agents.last_ms[now.agent] <= as_of_ms
    parts = now.until(engine, alone, as_of_ms)
    length_ms = parts.end_ms[:, None] - np.maximum(
        parts.start_ms[:, None], start_of_seat[parts.seat]
    )
    place = (parts.seat[:, None] * WINDOW_COUNT + np.arange(WINDOW_COUNT)) * STATE_COUNT
    place += parts.state[:, None]
    np.add.at(sums.reshape(-1), place.reshape(-1), np.maximum(0, length_ms).reshape(-1))


def _add_before_first(engine: Engine, sums: I64, start_of_seat: I64, as_of_ms: int) -> None:
    """In the windows that contain an agent's first row the time before it is unknown."""
    first_ms = engine.agents.first_ms[: len(engine.names.agents)]
    earliest_ms = int(start_of_seat.min(initial=NEVER_MS))
    agent = np.flatnonzero((first_ms > earliest_ms) & (first_ms < as_of_ms))
    seat = engine.agents.first_seat[agent]  # an agent's own, so no place occurs twice
    missing = np.maximum(0, first_ms[agent, None] - start_of_seat[seat])
    sums[seat, :, State.unknown] += missing


def _subtract_ahead(engine: Engine, sums: I64, start_of_seat: I64, as_of_ms: int) -> None:
    """Subtract closed intervals beyond the instant: rows of clocks that run fast closed them."""
    last_ms = engine.agents.last_ms[: len(engine.names.agents)]
    ahead = np.flatnonzero((last_ms > as_of_ms) & (last_ms < NEVER_MS))
    if not len(ahead):
        return
    beyond = closed_after(engine, ahead, as_of_ms)
    minute_end_ms = (as_of_ms // MINUTE_MS + 1) * MINUTE_MS
    at, start_ms, end_ms, shift_ms = engine.calendars.split_by_shift(
        beyond.seat, beyond.start_ms, beyond.end_ms
    )
    running = shift_ms == start_of_seat[beyond.seat[at], -1]
    seat, state = beyond.seat[at], beyond.state[at]
    np.subtract.at(sums[:, -1], (seat[running], state[running]), (end_ms - start_ms)[running])
    length = np.maximum(0, np.minimum(beyond.end_ms, minute_end_ms) - beyond.start_ms)
    for window in range(WINDOW_COUNT - 1):
        np.subtract.at(sums[:, window], (beyond.seat, beyond.state), length)


def read_interval(engine: Engine, start_ms: int, end_ms: int, as_of_ms: int) -> I64:
    """Milliseconds in [start_ms, end_ms) by seat: (seats, STATE_COUNT).

    Without the time before an agent's first row. Edges are whole minutes within the horizon, or
    the end is as_of_ms.
    """
    seats = len(engine.names.seats)
    render(engine, gaps_at(engine.sources, as_of_ms))
    engine.open_minutes(np.full(len(engine.names.floors), as_of_ms // MINUTE_MS))
    last = (end_ms - 1) // MINUTE_MS
    sums = engine.panes.sum_minutes(slice(0, seats), start_ms // MINUTE_MS, last)
    now = open_states(engine, as_of_ms)
    parts = now.until(engine, np.ones(len(now), np.bool_), end_ms)
    length_ms = np.maximum(0, parts.end_ms - np.maximum(parts.start_ms, start_ms))
    np.add.at(sums, (parts.seat, parts.state), length_ms)
    return sums


def read_calls(engine: Engine, as_of_ms: int) -> tuple[I64, I64]:
    """Calls in all windows: (teams, WINDOW_COUNT, len(TEAM_COUNTS)) and the same of the pools.

    The last window is the team's shift, and the pool's local day.
    """
    engine.open_minutes(np.full(len(engine.names.floors), as_of_ms // MINUTE_MS))
    calls, calendars = engine.counting.calls, engine.calendars
    what = calls.counting_from(as_of_ms)
    ahead = engine.counting.entries(what, np.ones(len(what), np.int64))
    team_ms = calendars.shift_start(calendars.of_team, np.full(len(calendars.of_team), as_of_ms))
    day_ms = calendars.shift_start(calendars.of_pool, np.full(len(calendars.of_pool), as_of_ms))
    return (
        engine.counting.teams.windows(team_ms, WINDOW_MINUTES, as_of_ms, ahead[0]),
        engine.counting.pools.windows(day_ms, WINDOW_MINUTES, as_of_ms, ahead[1]),
    )
