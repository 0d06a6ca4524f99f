"""The catalogue of all metrics: what dashboards, rules and docs may refer to.

Names, labels and units are fixed by the project's contract. Each configured ratio adds a metric,
made by `ratio_metric`, whose help text is the ratio's definition. `docs/metrics.md` is generated
from this catalogue.
"""

from collections.abc import Iterable
from typing import Final

from stream.events.language import State
from stream.render.metric import Metric, Unit, counter, gauge, histogram
from stream.spec import RatioSpec

TEAM: Final = ("floor", "pool", "team")
POOL: Final = ("floor", "pool")

# ------------------------------------------------------------------------------------ teams

TEAM_AGENTS = gauge("team_agents", Unit.agents, "Heads now, by state.", (*TEAM, "state"))
TEAM_STATE_SECONDS = gauge(
    "team_state_seconds",
    Unit.seconds,
    "Time in state within the window, summed over members.",
    (*TEAM, "state", "window"),
)
TEAM_DISPERSION_CV = gauge(
    "team_dispersion_cv",
    Unit.ratio,
    "Raw coefficient of variation of a ratio between eligible members (3 at least).",
    (*TEAM, "figure", "window"),
)
TEAM_MEMBERS = gauge(
    "team_members",
    Unit.agents,
    "Members eligible for a ratio: its denominator fills a quarter of the window or more.",
    (*TEAM, "figure", "window"),
)
TEAM_MEMBER_MEAN = gauge(
    "team_member_mean_ratio",
    Unit.ratio,
    "Plain mean of a ratio over eligible members.",
    (*TEAM, "figure", "window"),
)
TEAM_MEMBER_SD = gauge(
    "team_member_sd_ratio",
    Unit.ratio,
    "Sample standard deviation (ddof 1) of a ratio over eligible members.",
    (*TEAM, "figure", "window"),
)
TEAM_HANDLE_TIME = gauge(
    "team_handle_time_seconds",
    Unit.seconds,
    "Talk, hold and after-call work of the calls that ended in the window; "
    "divided by handled calls: AHT.",
    (*TEAM, "part", "window"),
)
TEAM_HANDLED = gauge(
    "team_handled_calls", Unit.calls, "Calls that ended in the window.", (*TEAM, "window")
)
TEAM_SHORT = gauge(
    "team_short_calls",
    Unit.calls,
    "Handled calls with hardly any talk (short_call).",
    (*TEAM, "window"),
)
TEAM_WINDOW = gauge(
    "team_window_seconds", Unit.seconds, "True length of the window.", (*TEAM, "window")
)
TEAM_WATERMARK = gauge(
    "team_watermark_timestamp_seconds",
    Unit.timestamp,
    "Event time reached by the slowest feed of the team's floor.",
    TEAM,
)
TEAM_AS_OF = gauge(
    "team_as_of_timestamp_seconds",
    Unit.timestamp,
    "Instant for which the team's figures hold.",
    TEAM,
)
TEAM_CONTROL_STATE = gauge(
    "team_control_state",
    Unit.flag,
    "State of a detector; exactly one series of a detector is 1; detector verdict is the team's.",
    (*TEAM, "detector", "state"),
)
TEAM_ALERT = gauge("team_alert", Unit.flag, "1: raised now.", (*TEAM, "detector", "severity"))
TEAM_STATISTIC = gauge(
    "team_control_statistic",
    Unit.of_detector,
    "The statistic that the detector evaluates.",
    (*TEAM, "detector"),
)
TEAM_LIMIT = gauge(
    "team_control_limit", Unit.of_detector, "The detector's page limit.", (*TEAM, "detector")
)

# ------------------------------------------------------------------------------------ pools

POOL_CONTROL_STATE = gauge(
    "pool_control_state",
    Unit.flag,
    "State of a detector of the pool; exactly one series of a detector is 1.",
    (*POOL, "detector", "state"),
)
POOL_ALERT = gauge("pool_alert", Unit.flag, "1: raised now.", (*POOL, "detector", "severity"))
POOL_OPEN = gauge(
    "pool_open", Unit.flag, "1: within its opening hours; no series without such hours.", POOL
)
POOL_PEAK = gauge("pool_peak", Unit.flag, "1: a peak now, by reason.", (*POOL, "reason"))
POOL_WAITING = gauge("pool_waiting_calls", Unit.calls, "Calls that wait now.", POOL)
POOL_OLDEST = gauge(
    "pool_oldest_wait_seconds",
    Unit.seconds,
    "How long the oldest waiting call has waited; 0 if none waits.",
    POOL,
)
POOL_ESTIMATED = gauge(
    "pool_estimated_wait_seconds",
    Unit.seconds,
    "Estimated wait of the next call: (waiting + 1) AHT / c.",
    POOL,
)
POOL_OFFERED = gauge(
    "pool_offered_calls", Unit.calls, "Calls offered in the window.", (*POOL, "window")
)
POOL_ANSWERED = gauge(
    "pool_answered_calls", Unit.calls, "Calls answered in the window.", (*POOL, "window")
)
POOL_ABANDONED = gauge(
    "pool_abandoned_calls", Unit.calls, "Callers who gave up.", (*POOL, "window")
)
POOL_CALL_BACKS_PROMISED = gauge(
    "pool_call_backs_promised", Unit.calls, "Call-backs promised in the window.", (*POOL, "window")
)
POOL_CALL_BACKS_DONE = gauge(
    "pool_call_backs_done", Unit.calls, "Call-backs made in the window.", (*POOL, "window")
)
POOL_CALL_BACKS_OPEN = gauge(
    "pool_call_backs_open", Unit.calls, "Call-backs that were promised and not made yet.", POOL
)
POOL_CALL_BACKS_OVERDUE = gauge(
    "pool_call_backs_overdue", Unit.calls, "Of these, those open for too long.", POOL
)
POOL_SERVICE_LEVEL = gauge(
    "pool_service_level_ratio",
    Unit.ratio,
    "Calls answered in time / (answered + abandoned) of the window.",
    (*POOL, "window"),
)

# ------------------------------------------------------------------------------------ feeds

SOURCE_WATERMARK = gauge(
    "source_watermark_timestamp_seconds",
    Unit.timestamp,
    "Event time reached by a feed.",
    ("floor", "source"),
)
SOURCE_SILENT = gauge(
    "source_silent",
    Unit.flag,
    "1: a feed has missed three heartbeats, so its agents are unknown.",
    ("floor", "source"),
)

# ------------------------------------------------------------------------------------ the worker

EVENTS = counter("events_total", Unit.events, "Events read, by result.", ("result",))
EVENTS_LATE = counter("events_late_total", Unit.events, "Events too late to correct the figures.")
EVENTS_REJECTED = counter(
    "events_rejected_total",
    Unit.events,
    "Rejected events, by reason.",
    ("reason",),
)
EVENTS_HELD = gauge(
    "events_held",
    Unit.events,
    "Events far ahead of their floor that wait for something to confirm them.",
)
CALL_FACTS = counter(
    "call_facts_total",
    Unit.events,
    "Call events that are odd beside others of their call, by kind.",
    ("kind",),
)
EVENTS_MOSTLY_BAD = gauge(
    "events_mostly_bad",
    Unit.flag,
    "1: most events of the last minute were rejected or late; an alarm.",
)
CONSUMER_LAG = gauge(
    "consumer_lag_events", Unit.records, "Records of this worker's partitions not yet read."
)
RECORDS_LOST = counter(
    "records_lost_total",
    Unit.records,
    "Records that retention removed before they were read.",
    ("partition",),
)
PARTITIONS = gauge("partitions", Unit.partitions, "Partitions whose floors this worker computes.")
COMMITS = counter(
    "commits_total",
    Unit.commits,
    "Commits of state and offset, by result.",
    ("result",),
)
COMMIT_SECONDS = histogram("commit_seconds", "Time that one commit took.")
RESTORE_SECONDS = histogram("restore_seconds", "Time from assignment to caught-up state.")
TICK_SECONDS = histogram("tick_seconds", "Time that one refresh of all figures took.")
EXPOSITION_SECONDS = histogram("exposition_seconds", "Time that rendering the figures took.")
TOPIC_UP = gauge("topic_up", Unit.flag, "1: a topic exists, and accepts records.", ("topic",))
REDIS_UP = gauge("redis_up", Unit.flag, "1: the last write to Redis succeeded.")
REDIS_DAMAGED = gauge(
    "redis_damaged_partitions",
    Unit.partitions,
    "Partitions that are not stored, or wait, because a key of theirs in Redis is damaged.",
)
REDIS_UNFIT = gauge(
    "redis_unfit", Unit.flag, "1: a Redis server may evict keys, or must not hold state otherwise."
)
REDIS_MEMORY = gauge(
    "redis_memory_used_bytes", Unit.bytes, "Memory that a Redis server uses.", ("server",)
)
REDIS_MEMORY_MAX = gauge(
    "redis_memory_max_bytes",
    Unit.bytes,
    "Memory limit of a Redis server; no series without a limit.",
    ("server",),
)
ALERT_DELIVERIES = counter(
    "alert_deliveries_total",
    Unit.notices,
    "Notices that a sink accepted, and attempts that failed.",
    ("sink", "result"),
)
ALERTS_PENDING = gauge(
    "alerts_pending", Unit.notices, "Notices that a sink has not accepted yet.", ("sink",)
)
LEFT_OUT = gauge(
    "metrics_left_out",
    Unit.rows,
    "Teams, pools and feeds without series, because there are more than rows_max.",
    ("kind",),
)
RULES_DIFFER = gauge(
    "rules_differ",
    Unit.flag,
    "1: another worker of the group has other rules or another roster; an alarm.",
)
BUILD_INFO = gauge(
    "build_info",
    Unit.flag,
    "Always 1: the version, and the hash of the configuration that decides figures and verdicts.",
    ("version", "config"),
)

METRICS: Final[tuple[Metric, ...]] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)
"""All metrics but those of the configured ratios, in export order."""
FIGURES: Final = tuple(metric for metric in METRICS if "floor" in metric.labels)
"""The metrics of teams, pools and feeds."""


def ratio_metric(ratio: RatioSpec) -> Metric:
    """The metric of a configured ratio; the help text is its definition."""
    text = f"({_sum_of(ratio.numerator)}) / ({_sum_of(ratio.denominator)}), time over time."
    return gauge(f"team_{ratio.name}_ratio", Unit.ratio, text, (*TEAM, "window"))


def _sum_of(states: Iterable[State]) -> str:
    return " + ".join(state.name for state in sorted(states))
