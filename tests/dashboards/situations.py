"""For each alert a situation on either side of its threshold, in the notation of promtool.

`bad` raises it, `good` is as close to that as can be and does not. Both hold from the start on.
"""

from dataclasses import dataclass, field

Series = dict[str, str]

FLOOR = 'floor="main",pool="sales",team="a"'
WORKER = 'job="floorwatch",instance="w1:6066"'


@dataclass(frozen=True)
class Situation:
    """One alert's two sides; `after` when it must fire in the bad one."""

    alert: str
    bad: Series
    good: Series
    after: str = "30m"
    fires: int = 1
    """Alerts that fire."""
    with_good: Series = field(default_factory=dict)
    """Stands there on both sides."""


def steady(value: float) -> str:
    return f"{value}+0x240"


def per_minute(events: float) -> str:
    """A counter, by samples 15 s apart."""
    return f"0+{events / 4}x240"


def up(value: int) -> Series:
    return {f"up{{{WORKER}}}": steady(value)}


def heads(state: str, count: int, team: str = "a") -> Series:
    at = f'floor="main",pool="sales",team="{team}"'
    return {f'floorwatch_team_agents{{{at},state="{state}",{WORKER}}}': steady(count)}


def events(result: str, a_minute: float) -> Series:
    return {f'floorwatch_events_total{{result="{result}",{WORKER}}}': per_minute(a_minute)}


def own(name: str, value: str, labels: str = "") -> Series:
    between = "," if labels else ""
    return {f"floorwatch_{name}{{{labels}{between}{WORKER}}}": value}


def of_floor(name: str, value: str) -> Series:
    return own(name, value, FLOOR)


def mean_of(histogram: str, seconds: float) -> Series:
    return {
        **own(f"{histogram}_sum", per_minute(60 * seconds)),
        **own(f"{histogram}_count", per_minute(60)),
    }


def newborn(seconds: float) -> Series:
    """A process that restored once, before it was scraped for the first time."""
    return {
        **own("restore_seconds_sum", steady(seconds)),
        **own("restore_seconds_count", steady(1)),
        f"process_start_time_seconds{{{WORKER}}}": steady(0),
    }


def memory(used: int) -> Series:
    return own("redis_memory_used_bytes", steady(used), 'server="r:6379"')


def silent(value: int) -> Series:
    return own("source_silent", steady(value), 'floor="main",source="pbx"')


def verdict(state: str, value: int, team: str = "a") -> Series:
    at = f'floor="main",pool="sales",team="{team}",detector="verdict",state="{state}"'
    return own("team_control_state", steady(value), at)


def unheard(notifications: str) -> Series:
    labels = 'integration="webhook",instance="a:9093"'
    return {f"alertmanager_notifications_failed_total{{{labels}}}": notifications}


def is_open(value: int) -> Series:
    return own("pool_open", steady(value), 'floor="main",pool="sales"')


def present(floor: str, pool: str) -> Series:
    """A pool with a team that is shown, at the time of the test."""
    at = f'floor="{floor}",pool="{pool}",team="a"'
    return own("team_as_of_timestamp_seconds", "0+15x240", at)


def alert(level: str, detector: str, severity: str, value: int = 1) -> Series:
    place = FLOOR if level == "team" else 'floor="main",pool="sales"'
    labels = f'{place},detector="{detector}",severity="{severity}"'
    return own(f"{level}_alert", steady(value), labels)


def failing(a_minute: float, waiting: int) -> Series:
    return {
        **own("alert_deliveries_total", per_minute(a_minute), 'sink="chat",result="failed"'),
        **own("alerts_pending", steady(waiting), 'sink="chat"'),
    }


SITUATIONS = (
    Situation("FloorwatchWatchdog", {}, {}),
    Situation("FloorwatchAbsent", {}, {f"up{{{WORKER}}}": steady(0)}),
    Situation(
        "FloorwatchTargetDown", {f"up{{{WORKER}}}": steady(0)}, {f"up{{{WORKER}}}": steady(1)}
    ),
    Situation(
        "FloorwatchFloorGone",
        of_floor("team_as_of_timestamp_seconds", "0+15x8 stale"),
        of_floor("team_as_of_timestamp_seconds", "0+15x240"),
        after="10m",
    ),
    # Hours later it is still gone.
    Situation(
        "FloorwatchFloorGone",
        of_floor("team_as_of_timestamp_seconds", "0+15x8 stale"),
        of_floor("team_as_of_timestamp_seconds", "0+15x2000"),
        after="8h",
    ),
    Situation(
        "FloorwatchFiguresOld",
        of_floor("team_as_of_timestamp_seconds", "-31+15x240"),
        of_floor("team_as_of_timestamp_seconds", "-30+15x240"),
    ),
    Situation("FloorwatchSourceSilent", silent(1), silent(0)),
    Situation(
        "FloorwatchSourceSilent",
        {**silent(1), **is_open(1)},
        {**silent(1), **is_open(0), **present("main", "sales")},
    ),
    # A second pool, which has no hours, may be open.
    Situation(
        "FloorwatchSourceSilent",
        # The pool that has hours is another than the one that has a team.
        {**silent(1), **is_open(0), **present("main", "care")},
        {**silent(1), **is_open(0), **present("main", "sales")},
    ),
    Situation(
        "FloorwatchSourceSilent",
        {**silent(1), **is_open(0), **present("main", "sales"), **present("main", "care")},
        {**silent(1), **is_open(0), **present("main", "sales")},
    ),
    Situation(
        "FloorwatchUnknownShareHigh",
        {**heads("unknown", 3), **heads("available", 17), **heads("offline", 99)},
        {**heads("unknown", 2), **heads("available", 18)},
    ),
    # At night a silent feed makes unknown of all that had gone home.
    Situation(
        "FloorwatchUnknownShareHigh",
        {**heads("unknown", 20), **present("main", "sales"), **is_open(1)},
        {**heads("unknown", 20), **present("main", "sales"), **is_open(0)},
    ),
    Situation(
        "FloorwatchAgentsUnassigned",
        heads("available", 1, "unassigned"),
        {
            **heads("available", 9),
            **heads("offline", 1, "unassigned"),
            **heads("unknown", 1, "unassigned"),
        },
    ),
    Situation(
        "FloorwatchEventsMostlyBad",
        own("events_mostly_bad", steady(1)),
        own("events_mostly_bad", steady(0)),
    ),
    Situation(
        "FloorwatchEventsRejected",
        {**events("accepted", 9_880), **events("rejected", 120)},
        {**events("accepted", 9_910), **events("rejected", 90)},
    ),
    Situation(
        "FloorwatchEventsLate",
        {**events("accepted", 9_880), **events("late", 120)},
        {**events("accepted", 9_910), **events("late", 90)},
    ),
    Situation(
        "FloorwatchTopicDown",
        own("topic_up", steady(0), 'topic="control-events"'),
        own("topic_up", steady(1), 'topic="control-events"'),
    ),
    Situation(
        "FloorwatchTeamStale",
        {**verdict("stale", 1), **verdict("stale", 0, "b")},
        {**verdict("stale", 0), **verdict("unknown", 1)},
    ),
    Situation(
        "FloorwatchLagHigh",
        own("consumer_lag_events", steady(10_001)),
        own("consumer_lag_events", steady(10_000)),
    ),
    Situation(
        "FloorwatchRecordsLost",
        own("records_lost_total", steady(60), 'partition="3"'),
        own("records_lost_total", steady(0), 'partition="3"'),
        after="10m",
    ),
    # Two hours later it is over, unless more is lost.
    Situation(
        "FloorwatchRecordsLost",
        own("records_lost_total", "60+0x479 61+0x20", 'partition="3"'),
        own("records_lost_total", steady(60), 'partition="3"'),
        after="2h",
    ),
    Situation(
        "FloorwatchCommitFailing",
        own("commits_total", per_minute(1), 'result="store_away"'),
        {
            **own("commits_total", per_minute(0.5), 'result="store_away"'),
            **own("commits_total", per_minute(60), 'result="stored"'),
        },
    ),
    Situation("FloorwatchRedisAway", own("redis_up", steady(0)), own("redis_up", steady(1))),
    Situation(
        "FloorwatchRedisDamaged",
        own("redis_damaged_partitions", steady(1)),
        own("redis_damaged_partitions", steady(0)),
    ),
    Situation("FloorwatchRedisUnfit", own("redis_unfit", steady(1)), own("redis_unfit", steady(0))),
    Situation(
        "FloorwatchRedisMemoryHigh",
        memory(81),
        memory(80),
        with_good=own("redis_memory_max_bytes", steady(100), 'server="r:6379"'),
    ),
    Situation(
        "FloorwatchRestoreSlow", mean_of("restore_seconds", 16), mean_of("restore_seconds", 14)
    ),
    Situation("FloorwatchRestoreSlow", newborn(16), newborn(14), after="5m"),
    Situation("FloorwatchRestoreSlow", newborn(16), newborn(14), after="10m"),
    Situation(
        "FloorwatchRefreshSlow", mean_of("tick_seconds", 0.51), mean_of("tick_seconds", 0.49)
    ),
    Situation(
        "FloorwatchRulesDiffer", own("rules_differ", steady(1)), own("rules_differ", steady(0))
    ),
    Situation(
        "FloorwatchLimitReached",
        own("events_rejected_total", per_minute(1), 'reason="over_limit"'),
        {
            **own("events_rejected_total", steady(7), 'reason="over_limit"'),
            **own("events_rejected_total", per_minute(9), 'reason="bad_id"'),
        },
    ),
    Situation("FloorwatchDeliveryFailing", failing(2, 1), failing(2, 0)),
    Situation("FloorwatchDeliveryFailing", failing(2, 1), failing(0, 1)),
    Situation("FloorwatchDeliveryPartly", failing(2, 0), failing(2, 1)),
    Situation("FloorwatchDeliveryPartly", failing(2, 0), failing(0, 0)),
    Situation(
        "FloorwatchNotificationsFailing",
        unheard("0+1x240"),
        unheard("7+0x240"),
    ),
    Situation(
        "FloorwatchClockSkew",
        of_floor("team_as_of_timestamp_seconds", "6+15x240"),
        of_floor("team_as_of_timestamp_seconds", "5+15x240"),
    ),
    Situation(
        "FloorwatchClockSkew",
        own("events_rejected_total", per_minute(2), 'reason="ahead"'),
        {
            **own("events_rejected_total", per_minute(2), 'reason="bad_time"'),
            **own("events_rejected_total", per_minute(0.5), 'reason="ahead"'),
        },
    ),
    Situation(
        "FloorwatchSeriesLeftOut",
        own("metrics_left_out", steady(1), 'kind="team"'),
        own("metrics_left_out", steady(0), 'kind="team"'),
    ),
    Situation("FloorwatchCover", alert("pool", "cover", "page"), alert("pool", "cover", "page", 0)),
    Situation("FloorwatchShare", alert("team", "share", "nudge"), alert("team", "share", "digest")),
    Situation(
        "FloorwatchCollective",
        {**alert("team", "collective", "page"), **alert("pool", "collective", "page")},
        {**alert("team", "collective", "page", 0), **alert("team", "share", "page")},
        fires=2,
    ),
)
