"""Alerts about notifications, clocks and series that are left out."""

from typing import Final

from dashboards.model import Text
from dashboards.prometheus.model import Alert, Severity

DELIVERY: Final = (
    Alert(
        "FloorwatchDeliveryFailing",
        """
sum by (instance, sink) (increase(floorwatch_alert_deliveries_total{result="failed"}[5m])) > 0
and
sum by (instance, sink) (floorwatch_alerts_pending) > 0
""",
        hold="1m",
        keep="2m",
        severity=Severity.critical,
        summary=Text(
            "Alerts do not arrive.",
            "告警送不出去。",
        ),
        description=Text(
            "{{ $labels.sink }} does not take what {{ $labels.instance }} sends. The "
            "alerts wait and are sent again, but nobody reads them now: tell the leaders "
            "to watch the wallboard.",
            "{{ $labels.sink }} 不接收 {{ $labels.instance }} 发出的告警。告警在等待重发,但"
            "此刻无人看到:请通知组长盯住大屏。",
        ),
    ),
    Alert(
        "FloorwatchDeliveryPartly",
        """
sum by (instance, sink) (increase(floorwatch_alert_deliveries_total{result="failed"}[5m])) > 0
unless
sum by (instance, sink) (floorwatch_alerts_pending) > 0
""",
        hold="10m",
        keep="5m",
        severity=Severity.warning,
        summary=Text(
            "Some tries to hand alerts over fail.",
            "部分告警发送尝试失败。",
        ),
        description=Text(
            "{{ $labels.sink }} refuses or misses tries of {{ $labels.instance }}: all "
            "alerts arrive so far, by another try or another member of the cluster. One "
            "member may be down.",
            "{{ $labels.instance }} 发往 {{ $labels.sink }} 的部分尝试失败:目前告警经重试或"
            "集群其他成员仍能送达,可能有一个成员中断。",
        ),
    ),
    Alert(
        "FloorwatchNotificationsFailing",
        ("sum by (integration) (increase(alertmanager_notifications_failed_total[5m])) > 0"),
        hold="1m",
        keep="5m",
        severity=Severity.critical,
        summary=Text(
            "Alertmanager cannot send notifications.",
            "Alertmanager 无法把告警送达人员。",
        ),
        description=Text(
            "Notifications by {{ $labels.integration }} fail: Alertmanager has the alerts, "
            "and leaders may not get them. It retries while they are active.",
            "Alertmanager 经 {{ $labels.integration }} 的通知失败:告警已在 Alertmanager 中,"
            "但组长可能收不到;告警未结束时会持续重试。",
        ),
    ),
    Alert(
        "FloorwatchClockSkew",
        """
floor:floorwatch_team_as_of_age_seconds:min < -$clock_ahead_s
or
sum by (job) (increase(floorwatch_events_rejected_total{reason="ahead"}[5m])) > $events_ahead
""",
        hold="1m",
        keep="5m",
        severity=Severity.warning,
        summary=Text(
            "Clocks differ.",
            "时钟不一致。",
        ),
        description=Text(
            "{{ if $labels.floor }}The figures of floor {{ $labels.floor }} hold for an "
            "instant ahead of Prometheus' own clock: the brokers' clocks are fast.{{ else "
            "}}Events are refused because they lie ahead of Kafka's time stamps: a feed's "
            "clock is fast.{{ end }}",
            "{{ if $labels.floor }}现场 {{ $labels.floor }} 的数据时刻超前于 Prometheus 的"
            "时钟:Kafka 服务器的时钟偏快。{{ else }}有事件因时间超前于 Kafka 时间戳而被拒收"
            ":某数据源的时钟偏快。{{ end }}",
        ),
    ),
    Alert(
        "FloorwatchSeriesLeftOut",
        "sum by (kind) (floorwatch_metrics_left_out) > 0",
        hold="10m",
        keep="5m",
        severity=Severity.info,
        summary=Text(
            "Some teams have no series.",
            "有些组没有指标序列。",
        ),
        description=Text(
            "{{ $value }} rows ({{ $labels.kind }}) are beyond `[metrics] rows_max` and "
            "missing in Prometheus and Grafana. They are watched, stored and paged all the "
            "same.",
            "有 {{ $value }} 行({{ $labels.kind }})超出 `[metrics] rows_max`,Prometheus 与 "
            "Grafana 中没有它们;监看、存盘与告警不受影响。",
        ),
    ),
)
