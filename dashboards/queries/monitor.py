"""How the monitor itself fares."""

from dashboards.model import Query, Unit
from dashboards.queries.scope import JOB

FIRING = Query(
    "alerts about the monitor",
    'max by (alertname, severity, floor, instance) (ALERTS{alertname=~"Floorwatch.+",'
    ' severity!="none", alertstate="firing", detector=""})',
    Unit.number,
    ("alertname", "severity"),
    sparse=True,
)
UP = Query("workers", f"up{{{JOB}}}", Unit.number, ("instance",))
PARTITIONS = Query("partitions", "floorwatch_partitions", Unit.number, ("instance",))
LAG = Query("lag", "floorwatch_consumer_lag_events", Unit.number, ("instance",))
EVENTS = Query(
    "events by result",
    "sum by (result) (rate(floorwatch_events_total[$__rate_interval]))",
    Unit.per_second,
    ("result",),
    sparse=True,
)
REJECTED = Query(
    "rejected by reason",
    "sum by (reason) (rate(floorwatch_events_rejected_total[$__rate_interval]))",
    Unit.per_second,
    ("reason",),
    sparse=True,
)
LATE = Query("late", "sum(rate(floorwatch_events_late_total[$__rate_interval]))", Unit.per_second)
ODD_CALL_EVENTS = Query(
    "odd call events",
    "sum by (kind) (rate(floorwatch_call_facts_total[$__rate_interval]))",
    Unit.per_second,
    ("kind",),
)
HELD = Query(
    "events on hold", "sum by (instance) (floorwatch_events_held)", Unit.number, ("instance",)
)
RECORDS_LOST = Query(
    "records lost",
    # As in the alert: increase() misses what was counted in the moment in which a series began.
    "sum by (partition) (clamp_min(floorwatch_records_lost_total"
    " - (floorwatch_records_lost_total offset 1h or 0 * floorwatch_records_lost_total), 0))",
    Unit.number,
    ("partition",),
    sparse=True,
)
MOSTLY_BAD = Query(
    "mostly bad", "max by (instance) (floorwatch_events_mostly_bad)", Unit.number, ("instance",)
)
FLOOR_AGE = Query(
    "age of the figures by floor",
    'time() - max by (floor) (floorwatch_team_as_of_timestamp_seconds{floor=~"$floor"})',
    Unit.seconds,
    ("floor",),
)
SOURCE_AGE = Query(
    "age of each feed",
    "time() - max by (floor, source)"
    ' (floorwatch_source_watermark_timestamp_seconds{floor=~"$floor"})',
    Unit.seconds,
    ("floor", "source"),
)
SOURCE_SILENT = Query(
    "silent feeds",
    'max by (floor, source) (floorwatch_source_silent{floor=~"$floor"})',
    Unit.number,
    ("floor", "source"),
)
UNKNOWN = Query(
    "unknown by floor",
    'sum by (floor) (max by (floor, pool, team) (floorwatch_team_agents{floor=~"$floor",'
    ' state="unknown"})) / (sum by (floor) (max by (floor, pool, team, state)'
    ' (floorwatch_team_agents{floor=~"$floor", state!="offline"})) > 0)',
    Unit.share,
    ("floor",),
    sparse=True,
)
COMMITS = Query(
    "commits by result",
    "sum by (result) (rate(floorwatch_commits_total[$__rate_interval]))",
    Unit.per_second,
    ("result",),
)


def _mean(name: str, histogram: str, *, sparse: bool) -> Query:
    return Query(
        name,
        f"sum by (instance) (rate({histogram}_sum[$__rate_interval]))"
        f" / (sum by (instance) (rate({histogram}_count[$__rate_interval])) > 0)",
        Unit.seconds,
        ("instance",),
        sparse=sparse,
    )


COMMIT_TIME = _mean("time of a commit", "floorwatch_commit_seconds", sparse=True)
TICK_TIME = _mean("time of a refresh", "floorwatch_tick_seconds", sparse=True)
RENDER_TIME = _mean("time of a rendering", "floorwatch_exposition_seconds", sparse=True)


def _since_birth(counter: str) -> str:
    """What was counted within the hour: all of it, where the process is younger than that.

    `increase` sees nothing of what a process did before it was scraped for the first time.
    """
    young = "(time() - process_start_time_seconds < 3600)"
    return f"(({counter} and on (job, instance) {young}) or increase({counter}[1h]))"


RESTORE_TIME = Query(
    "mean restore of an hour",
    f"sum by (instance) ({_since_birth('floorwatch_restore_seconds_sum')})"
    f" / (sum by (instance) ({_since_birth('floorwatch_restore_seconds_count')}) > 0)",
    Unit.seconds,
    ("instance",),
    sparse=True,
)
TOPICS = Query("topics", "min by (topic) (floorwatch_topic_up)", Unit.number, ("topic",))
REDIS = Query("redis", "floorwatch_redis_up", Unit.number, ("instance",))
REDIS_MEMORY = Query(
    "memory of redis",
    "max by (server) (floorwatch_redis_memory_used_bytes)",
    Unit.bytes,
    ("server",),
)
REDIS_PART = Query(
    "part of maxmemory",
    "max by (server) (floorwatch_redis_memory_used_bytes)"
    " / max by (server) (floorwatch_redis_memory_max_bytes)",
    Unit.share,
    ("server",),
    sparse=True,
)
PENDING = Query(
    "waiting notices",
    "sum by (sink) (floorwatch_alerts_pending)",
    Unit.number,
    ("sink",),
    sparse=True,
)
DELIVERIES = Query(
    "deliveries",
    "sum by (sink, result) (rate(floorwatch_alert_deliveries_total[$__rate_interval]))",
    Unit.per_second,
    ("sink", "result"),
    sparse=True,
)
PROCESS_MEMORY = Query(
    "memory of workers",
    f"process_resident_memory_bytes{{{JOB}}}",
    Unit.bytes,
    ("instance",),
)
PROCESS_CPU = Query(
    "CPU of workers",
    f"rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval])",
    Unit.share,
    ("instance",),
)
SERIES = Query(
    "samples of a scrape",
    f"scrape_samples_scraped{{{JOB}}}",
    Unit.number,
    ("instance",),
)
LEFT_OUT = Query(
    "rows left out", "sum by (kind) (floorwatch_metrics_left_out)", Unit.number, ("kind",)
)
BUILD = Query(
    "build",
    "max by (instance, version, config) (floorwatch_build_info)",
    Unit.number,
    ("instance", "version", "config"),
)
