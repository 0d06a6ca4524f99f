"""The one list of all metrics: what dashboards, rules and docs may refer to.

Names, labels and units are those of the project's contract. A configured ratio adds one metric,
made by `ratio_metric`, whose help text is the ratio's definition.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stream.events.language import State
from stream.spec import RatioSpec

PREFIX: Final = "floorwatch_"
TEAM: Final = ("floor", "pool", "team")
POOL: Final = ("floor", "pool")


class MetricKind(StrEnum):
    """The types of Prometheus that are in use."""

    gauge = "gauge"
    counter = "counter"
    histogram = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, before any of its series exists."""

    name: str
    """Whole, with prefix, and with `_total` where it is a counter."""
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()


def _gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Metric:
    return Metric(PREFIX + name, MetricKind.gauge, text, labels)


def _counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Metric:
    return Metric(PREFIX + name, MetricKind.counter, text, labels)


def _histogram(name: str, text: str) -> Metric:
    return Metric(PREFIX + name, MetricKind.histogram, text)


TEAM_AGENTS = _gauge("team_agents", "Heads now, by state.", (*TEAM, "state"))
TEAM_STATE_SECONDS = _gauge(
    "team_state_seconds",
    "Time in state within the window, summed over members.",
    (*TEAM, "state", "window"),
)
TEAM_DISPERSION_CV = _gauge(
    "team_dispersion_cv",
    "Raw coefficient of variation of a ratio between eligible members (3 at least).",
    (*TEAM, "figure", "window"),
)
TEAM_MEMBERS = _gauge(
    "team_members",
    "Members eligible for a ratio: its denominator fills a quarter of the window or more.",
    (*TEAM, "figure", "window"),
)
TEAM_MEMBER_MEAN = _gauge(
    "team_member_mean_ratio",
    "Plain mean of a ratio over eligible members.",
    (*TEAM, "figure", "window"),
)
TEAM_MEMBER_SD = _gauge(
    "team_member_sd_ratio",
    "Sample standard deviation (ddof 1) of a ratio over eligible members.",
    (*TEAM, "figure", "window"),
)
TEAM_HANDLE_TIME = _gauge(
    "team_handle_time_seconds",
    "Talk, hold and after-call work of the calls that ended in the window; "
    "divided by handled calls: AHT.",
    (*TEAM, "part", "window"),
)
TEAM_HANDLED = _gauge("team_handled_calls", "Calls that ended in the window.", (*TEAM, "window"))
TEAM_SHORT = _gauge(
    "team_short_calls", "Handled calls with hardly any talk (short_call).", (*TEAM, "window")
)
TEAM_WINDOW = _gauge("team_window_seconds", "True length of the window.", (*TEAM, "window"))
TEAM_WATERMARK = _gauge(
    "team_watermark_timestamp_seconds",
    "Event time reached by the slowest feed of the team's floor.",
    TEAM,
)
TEAM_AS_OF = _gauge(
    "team_as_of_timestamp_seconds", "Instant for which the team's figures hold.", TEAM
)
TEAM_CONTROL_STATE = _gauge(
    "team_control_state",
    "State of a detector; exactly one series of a detector is 1; detector verdict is the team's.",
    (*TEAM, "detector", "state"),
)
TEAM_ALERT = _gauge("team_alert", "1: raised now.", (*TEAM, "detector", "severity"))
TEAM_STATISTIC = _gauge(
    "team_control_statistic", "What the detector looks at.", (*TEAM, "detector")
)
TEAM_LIMIT = _gauge("team_control_limit", "The detector's page limit.", (*TEAM, "detector"))

POOL_CONTROL_STATE = _gauge(
    "pool_control_state",
    "State of a detector that judges the pool; exactly one series of a detector is 1.",
    (*POOL, "detector", "state"),
)
POOL_ALERT = _gauge("pool_alert", "1: raised now.", (*POOL, "detector", "severity"))
POOL_PEAK = _gauge("pool_peak", "1: a peak now, by reason.", (*POOL, "reason"))
POOL_WAITING = _gauge("pool_waiting_calls", "Calls that wait now.", POOL)
POOL_OLDEST = _gauge(
    "pool_oldest_wait_seconds", "How long the oldest of them has waited; 0 if none waits.", POOL
)
POOL_ESTIMATED = _gauge(
    "pool_estimated_wait_seconds", "Estimated wait of the next call: (waiting + 1) AHT / c.", POOL
)
POOL_OFFERED = _gauge("pool_offered_calls", "Calls offered in the window.", (*POOL, "window"))
POOL_ANSWERED = _gauge("pool_answered_calls", "Calls answered in the window.", (*POOL, "window"))
POOL_ABANDONED = _gauge("pool_abandoned_calls", "Callers who gave up.", (*POOL, "window"))
POOL_SERVICE_LEVEL = _gauge(
    "pool_service_level_ratio",
    "Calls answered in time / (answered + abandoned) of the window.",
    (*POOL, "window"),
)

SOURCE_WATERMARK = _gauge(
    "source_watermark_timestamp_seconds", "Event time reached by a feed.", ("floor", "source")
)

EVENTS = _counter("events_total", "Events read, by what became of them.", ("result",))
EVENTS_LATE = _counter("events_late_total", "Events too late to correct the figures.")
EVENTS_REJECTED = _counter(
    "events_rejected_total", "Events that could not be taken in, by reason.", ("reason",)
)
EVENTS_MOSTLY_BAD = _gauge(
    "events_mostly_bad", "1: most events of the last minute were rejected or late; an alarm."
)
CONSUMER_LAG = _gauge("consumer_lag_events", "Records of this worker's partitions not yet read.")
COMMIT_SECONDS = _histogram("commit_seconds", "Time that one commit took.")
RESTORE_SECONDS = _histogram("restore_seconds", "Time from assignment to caught-up state.")
TICK_SECONDS = _histogram("tick_seconds", "Time that one refresh of all figures took.")
REDIS_UP = _gauge("redis_up", "1: the last write to Redis succeeded.")
ALERT_DELIVERIES = _counter(
    "alert_deliveries_total", "Tries to hand a notice to a sink.", ("sink", "result")
)
ALERTS_PENDING = _gauge("alerts_pending", "Notices that a sink has not taken yet.", ("sink",))

METRICS: Final[tuple[Metric, ...]] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)
"""All metrics but those of the configured ratios, in the order in which they are exported."""


def ratio_metric(ratio: RatioSpec) -> Metric:
    """The metric of a configured ratio; the help text is its definition."""
    text = f"({_sum_of(ratio.numerator)}) / ({_sum_of(ratio.denominator)}), time over time."
    return _gauge(f"team_{ratio.name}_ratio", text, (*TEAM, "window"))


def _sum_of(states: Iterable[State]) -> str:
    return " + ".join(state.name for state in sorted(states))
