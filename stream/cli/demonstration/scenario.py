"""The demo's floor: two teams in a busy hour around now, and a walk-out soon."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from stream.simulate.plan import FloorPlan, Habits, Plan, TeamPlan, WalkOut, roster_csv
from stream.units import HOUR_MS, MINUTE_MS, SECOND_MS

FLOOR: Final = "demo"
TEAMS: Final = {"sales": (10, 5), "service": (30, 6)}
"""Agents of each team, and how many of them walk out. Each team has its own queue."""
PAST_MS: Final = 110 * MINUTE_MS
WALK_OUT_AFTER_MS: Final = 40 * SECOND_MS
"""After the past: by then the worker publishes figures."""
WALK_OUT_WITHIN_MS: Final = 5 * SECOND_MS
SEED: Final = 67

_FUTURE_MS: Final = 12 * HOUR_MS
_SHIFT_BEFORE_MIN: Final = 150
_LOAD: Final = 1.3
"""More work than the floor can handle, so that callers wait."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens, starting PAST_MS before `now_ms`."""

    now_ms: int
    plan: Plan
    walk_out: bool

    @property
    def first_mover_ms(self) -> int:
        """When the first agent walks out."""
        return self.now_ms + WALK_OUT_AFTER_MS

    @property
    def last_mover_ms(self) -> int:
        """When the last agent walks out."""
        return self.first_mover_ms + WALK_OUT_WITHIN_MS


def make_scenario(now_ms: int, *, walk_out: bool) -> Scenario:
    """The same scenario for any `now_ms`; without the walk-out nothing must be paged."""
    start_ms = now_ms - PAST_MS
    teams = tuple(
        TeamPlan(team, tuple(f"{team}-{number:02d}" for number in range(1, size + 1)), team)
        for team, (size, _) in TEAMS.items()
    )
    floor = FloorPlan(FLOOR, teams, "pbx", Habits(load=_LOAD))
    outs = tuple(
        WalkOut(FLOOR, team, now_ms + WALK_OUT_AFTER_MS, heads, WALK_OUT_WITHIN_MS)
        for team, (_, heads) in TEAMS.items()
    )
    plan = Plan((floor,), start_ms, now_ms + _FUTURE_MS, SEED, walk_outs=outs if walk_out else ())
    return Scenario(now_ms, plan, walk_out)


def roster_text(scenario: Scenario) -> str:
    """The roster as CSV."""
    return roster_csv(scenario.plan.floors)


def configuration(now_ms: int, brokers: str, redis_url: str, sink_url: str, port: int) -> str:
    """floorwatch.toml: the defaults, with shift and peak around now."""
    shift = _span(now_ms, -_SHIFT_BEFORE_MIN, 12 * 60)
    peak = _span(now_ms, -_SHIFT_BEFORE_MIN + 20, 6 * 60)
    return f"""\
[kafka]
brokers = "{brokers}"

[redis]
url = "{redis_url}"

[web]
port = {port}

[roster]
file = "roster.csv"

[[pool]]
name = "*"
zone = "UTC"
open = "{shift}"

[[shift]]
team = "*"
times = ["{shift}"]

[[peak]]
pool = "*"
time = "{peak}"

[alerts]
language = "en"

[[sink]]
kind = "webhook"
url = "{sink_url}"
severity = ["page"]
"""


def _span(now_ms: int, from_min: int, to_min: int) -> str:
    """HH:MM-HH:MM in UTC, from and to in minutes relative to now."""
    now = datetime.fromtimestamp(now_ms // MINUTE_MS * 60, tz=UTC)
    start, end = (now + timedelta(minutes=minute) for minute in (from_min, to_min))
    return f"{start:%H:%M}-{end:%H:%M}"
