"""The plan of a simulation: floors, teams, habits, disturbances, and walk-outs."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from stream.cells import text_cell
from stream.units import MINUTE_MS, SECOND_MS


@dataclass(frozen=True, slots=True)
class Habits:
    """How agents and callers behave. Times are means; talk and after-call work are lognormal."""

    talk_ms: int = 180 * SECOND_MS
    acw_ms: int = 30 * SECOND_MS
    ring_ms: int = 4 * SECOND_MS
    handle_spread: float = 0.8
    """Standard deviation of ln talk time and ln after-call work."""
    hold_share: float = 0.1
    """Share of calls with one hold."""
    hold_ms: int = 25 * SECOND_MS
    patience_ms: int = 150 * SECOND_MS
    aux_rate: float = 0.085
    aux_spell_ms: int = 5 * MINUTE_MS
    """Breaks and work alternate: spells are exponential, `aux_rate` is their share of time."""
    meal_ms: int = 30 * MINUTE_MS
    """One meal in the middle third of a shift; none in shifts of less than four hours."""
    load: float = 0.8
    """Offered work over the capacity of those logged in and not on a break."""


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """A team, its agents and its shifts."""

    name: str
    agents: tuple[str, ...]
    pool: str = "main"
    shifts: tuple[tuple[int, int], ...] = ()
    """Instants [start_ms, end_ms) in order; none: logged in all the time."""


@dataclass(frozen=True, slots=True)
class WalkOut:
    """People of a team who go on a break together, leaving their callers."""

    floor: str
    team: str
    at_ms: int
    heads: int
    within_ms: int = 5 * SECOND_MS
    """From the first to the last person who walks out."""
    lasts_ms: int = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """A floor with one source."""

    name: str
    teams: tuple[TeamPlan, ...]
    source: str = "pbx"
    habits: Habits = Habits()
    heartbeat_ms: int | None = 10 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What happens to events on the way to the reader; shares of events, 0 to 1."""

    late: float = 0.0
    late_ms_most: int = 2 * MINUTE_MS
    repeated: float = 0.0
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole simulation of [start_ms, end_ms)."""

    floors: tuple[FloorPlan, ...]
    start_ms: int
    end_ms: int
    seed: int = 1
    disturbance: Disturbance = Disturbance()
    walk_outs: tuple[WalkOut, ...] = ()


def even_floors(
    floors: int,
    teams: int,
    agents: int,
    *,
    shifts: Sequence[tuple[int, int]] = (),
    habits: Habits = Habits(),
    heartbeat_ms: int | None = 10 * SECOND_MS,
) -> tuple[FloorPlan, ...]:
    """Floors with teams and agents distributed evenly; names are numbered.

    Raises:
        ValueError: there are fewer teams than floors, or fewer agents than teams.
    """
    if not 1 <= floors <= teams <= agents:
        msg = f"{floors} floors, {teams} teams, {agents} agents; allowed: 1 to as many as the next"
        raise ValueError(msg)
    dealt: list[list[TeamPlan]] = [[] for _ in range(floors)]
    for number in range(teams):
        floor = number % floors
        size = agents // teams + (number < agents % teams)
        team = f"team-{len(dealt[floor]) + 1:02d}"
        members = tuple(f"{team}-{seat:03d}@{floor + 1:02d}" for seat in range(1, size + 1))
        dealt[floor].append(TeamPlan(team, members, shifts=tuple(shifts)))
    return tuple(
        FloorPlan(f"floor-{number:02d}", tuple(held), f"pbx-{number:02d}", habits, heartbeat_ms)
        for number, held in enumerate(dealt, 1)
    )


def roster_csv(floors: Sequence[FloorPlan]) -> str:
    """The roster of all floors, as `floorwatch` reads it."""
    rows = [
        (agent, team.name, team.pool)
        for floor in floors
        for team in floor.teams
        for agent in team.agents
    ]
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("agent", "team", "pool"))
    lines.writerows(map(text_cell, row) for row in dict.fromkeys(rows))
    return text.getvalue()
