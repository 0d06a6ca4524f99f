"""Recording rules: sums over the teams of a pool or floor, and ratios of those sums."""

from collections.abc import Set as AbstractSet
from textwrap import indent
from typing import Final

from dashboards.prometheus.model import Record
from stream.events.language import State
from stream.spec import RATIOS, RatioSpec


def _time_in(states: AbstractSet[State]) -> str:
    names = "|".join(state.name for state in State if state in states)
    series = f'pool_state_window:floorwatch_team_state_seconds:sum{{state=~"{names}"}}'
    return f"sum by (floor, pool, window) (\n  {series}\n)"


def _ratio(ratio: RatioSpec) -> Record:
    """A ratio of a pool: time in states over time in states, summed over its teams."""
    above, below = _time_in(ratio.numerator), indent(_time_in(ratio.denominator), "  ")
    return Record(
        f"pool_window:floorwatch_team_{ratio.name}:ratio", f"{above}\n/\n(\n{below}\n  > 0\n)"
    )


POOLS: Final = (
    Record(
        "pool_state:floorwatch_team_agents:sum",
        """
sum by (floor, pool, state) (max by (floor, pool, team, state) (floorwatch_team_agents))
""",
    ),
    Record(
        "pool_state_window:floorwatch_team_state_seconds:sum",
        """
sum by (floor, pool, state, window) (
  max by (floor, pool, team, state, window) (floorwatch_team_state_seconds)
)
""",
    ),
    *(_ratio(ratio) for ratio in RATIOS),
    Record(
        "pool_window:floorwatch_team_handle_time_seconds:mean",
        """
sum by (floor, pool, window) (
  max by (floor, pool, team, part, window) (floorwatch_team_handle_time_seconds)
)
/
(
  sum by (floor, pool, window) (
    max by (floor, pool, team, window) (floorwatch_team_handled_calls)
  )
  > 0
)
""",
    ),
)
FLOORS: Final = (
    Record(
        "floor_state:floorwatch_team_agents:sum",
        "sum by (floor, state) (pool_state:floorwatch_team_agents:sum)",
    ),
    # The denominator holds all who are logged in or were when they were last seen.
    Record(
        "floor:floorwatch_team_agents_unknown:ratio",
        """
sum by (floor) (floor_state:floorwatch_team_agents:sum{state="unknown"})
/
(sum by (floor) (floor_state:floorwatch_team_agents:sum{state!="offline"}) > 0)
""",
    ),
    Record(
        "floor:floorwatch_team_as_of_age_seconds:min",
        "time() - max by (floor) (floorwatch_team_as_of_timestamp_seconds)",
    ),
    # 1: a pool is open; 0: all are closed. No value where a pool has no hours: it may be open.
    Record(
        "floor:floorwatch_pool_open:max",
        """
max by (floor) (floorwatch_pool_open)
unless on (floor)
(
  max by (floor, pool) (floorwatch_team_as_of_timestamp_seconds)
  unless on (floor, pool)
  max by (floor, pool) (floorwatch_pool_open)
)
""",
    ),
)
WORKERS: Final = (
    Record(
        "result:floorwatch_events:rate5m",
        "sum by (result) (rate(floorwatch_events_total[5m]))",
    ),
    Record(
        "job:floorwatch_events_late:ratio_rate5m",
        """
sum by (job) (rate(floorwatch_events_total{result="late"}[5m]))
/
(sum by (job) (rate(floorwatch_events_total[5m])) > 0)
""",
    ),
    Record(
        "job:floorwatch_events_rejected:ratio_rate5m",
        """
sum by (job) (rate(floorwatch_events_total{result="rejected"}[5m]))
/
(sum by (job) (rate(floorwatch_events_total[5m])) > 0)
""",
    ),
    Record(
        "instance:floorwatch_commit_seconds:mean5m",
        """
rate(floorwatch_commit_seconds_sum[5m])
/
(rate(floorwatch_commit_seconds_count[5m]) > 0)
""",
    ),
    Record(
        "instance:floorwatch_tick_seconds:mean5m",
        """
rate(floorwatch_tick_seconds_sum[5m])
/
(rate(floorwatch_tick_seconds_count[5m]) > 0)
""",
    ),
)
