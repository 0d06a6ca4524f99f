"""The tables of external services: Kafka, Redis, sinks, metrics, HTTP."""

from typing import Final, Literal, Self

from pydantic import model_validator

from stream.config import values as v
from stream.config.values import ConfigTable, setting
from stream.control.model import Severity
from stream.figures.model import WINDOWS
from stream.render.selection import ROWS_MAX, MetricSelection
from stream.spec import ANY
from stream.store.keys import PREFIX_PATTERN
from stream.units import DAY_MS, MINUTE_MS, SECOND_MS

CHATS: Final = ("slack", "teams", "wecom", "dingtalk", "feishu")
A_LINK: Final = r"^$|^https?://\S+$"


class KafkaTable(ConfigTable):
    """Where events come from, and where dead letters and transitions go."""

    brokers: str = setting(
        "127.0.0.1:9092",
        "Bootstrap addresses.",
        "host:port, separated by commas",
        pattern=r"^[^\s,:]+:\d{1,5}(\s*,\s*[^\s,:]+:\d{1,5})*$",
    )
    group: v.Name = setting("floorwatch", "Consumer group of the workers.", v.A_NAME)
    events_topic: v.Topic = setting("floor-events", "Topic of events.", v.A_TOPIC)
    dead_letters_topic: v.Topic = setting(
        "floor-events-dlq", "Dead-letter topic: rejected and late events.", v.A_TOPIC
    )
    control_topic: v.Topic = setting("control-events", "Audit topic: every transition.", v.A_TOPIC)
    session_timeout_ms: v.DurationMs = setting(
        10 * SECOND_MS,
        "A worker that does not answer loses its partitions after this.",
        "1s to 5m, and what the brokers allow (6s unless set there)",
        alias="session_timeout",
        ge=SECOND_MS,
        le=5 * MINUTE_MS,
    )


class RedisTable(ConfigTable):
    """Where state and views are stored."""

    url: v.RedisUrl = setting(
        v.SecretUrl("redis://127.0.0.1:6379/0"),
        "Address of Redis: one server; its Sentinels, with the service name and the database "
        "number; or some nodes of a cluster. User and password come once, before the first "
        "address, as user:password@, and are never printed; those of the Sentinels come last, as "
        "?sentinel_username=…&sentinel_password=…. In all of them %, /, ?, # and @ are written as "
        "%25, %2F, %3F, %23 and %40.",
        "redis://host:port/DB, unix://path, redis+sentinel://host:port,host:port/SERVICE/DB, "
        "redis+cluster://host:port,host:port; rediss instead of redis for TLS",
    )
    prefix: str = setting(
        "floorwatch",
        "Beginning of all keys. Installations that share a Redis need different ones: each has "
        "state and views of its own.",
        "1 to 64 of A-Z, a-z, 0-9, '.', '_', '-'",
        pattern=PREFIX_PATTERN,
    )
    on_loss: Literal["refuse", "rebuild"] = setting(
        "refuse",
        "What to do when Redis holds no state although the group has read events, or state of "
        "another log than the topic's: exit, or rebuild the state from what Kafka retains.",
        "refuse, rebuild",
    )


class ArchiveTable(ConfigTable):
    """Sealed hours, for reports and calibration."""

    keep_ms: v.DurationMs = setting(
        35 * DAY_MS,
        "How long Redis keeps a sealed hour; 35 days take about 10 KB an agent.",
        "1d to 400d",
        alias="keep",
        ge=DAY_MS,
        le=400 * DAY_MS,
    )


class RosterTable(ConfigTable):
    """Who belongs to which team and pool."""

    file: str = setting(
        "", "CSV file, relative to the configuration file; empty: none.", "a path", max_length=4096
    )


class AlertsTable(ConfigTable):
    """Texts and links of notices."""

    language: Literal["zh", "en"] = setting("zh", "Language of notices.", "zh, en")
    grafana_url: str = setting(
        "", "Address of Grafana; alerts link to its boards.", "http:// or https://", pattern=A_LINK
    )
    runbook_url: str = setting(
        "",
        "Address of docs/runbook.md; alerts link to its sections.",
        "http:// or https://",
        pattern=A_LINK,
    )


class SinkTable(ConfigTable):
    """Where notices are sent; without a sink nothing is sent."""

    kind: Literal[
        "webhook", "alertmanager", "slack", "teams", "wecom", "dingtalk", "feishu", "grafana"
    ] = setting(
        ...,
        "How notices are sent; grafana: as annotations on its boards.",
        "webhook, alertmanager, slack, teams, wecom, dingtalk, feishu, grafana",
    )
    url: v.WebUrl = setting(..., "Address; only its host is ever printed.", "http:// or https://")
    peers: tuple[v.WebUrl, ...] = setting(
        (), "The other members of an Alertmanager cluster.", "list of http:// or https://"
    )
    resend_ms: v.DurationMs = setting(
        MINUTE_MS,
        "How often active alerts are sent to Alertmanager, which ends alerts that it does not get "
        "for four times as long.",
        "10s to 3m",
        alias="resend",
        ge=10 * SECOND_MS,
        le=3 * MINUTE_MS,
    )
    secret: v.Secret = setting(
        v.SecretText(""),
        "Key that signs messages, where the bot requires it; for grafana the token of a service "
        "account. Never printed.",
        "text; only for dingtalk, feishu and grafana",
    )
    language: Literal["", "zh", "en"] = setting(
        "", "Language of a chat or of annotations; empty: that of [alerts].", "zh, en"
    )
    name: str = setting(
        "", "Name in metrics and logs; empty: sink-0, sink-1, …", "up to 64", max_length=64
    )
    severity: v.Severities = setting(
        (Severity.page,), "Severities that are sent.", "page, nudge, digest", min_length=1
    )
    teams: v.Names = setting(
        (ANY,), "Teams whose notices are sent; '*': all.", v.A_NAME, min_length=1
    )
    timeout_ms: v.DurationMs = setting(
        5 * SECOND_MS,
        "Timeout of one attempt; attempts are repeated until the sink accepts.",
        "100ms to 60s",
        alias="timeout",
        ge=100,
        le=MINUTE_MS,
    )

    @model_validator(mode="after")
    def _has_only_what_its_kind_has(self) -> Self:
        for field, key, kinds in (
            ("peers", "peers", ("alertmanager",)),
            ("resend_ms", "resend", ("alertmanager",)),
            ("secret", "secret", ("dingtalk", "feishu", "grafana")),
            ("language", "language", (*CHATS, "grafana")),
        ):
            default = type(self).model_fields[field].default
            if getattr(self, field) != default and self.kind not in kinds:
                raise ValueError(f"{key} is only for kind = {' or '.join(kinds)}")
        if self.kind == "grafana" and not self.secret.reveal():
            raise ValueError("kind = grafana needs a secret: the token of a service account")
        return self


class MetricsTable(ConfigTable):
    """What Prometheus gets: about 220 series a team. Views in Redis always have all figures."""

    windows: v.WindowNames = setting(WINDOWS, "Exported windows.", v.THE_WINDOWS, min_length=1)
    without: v.Names = setting(
        (),
        "Omitted metrics of teams, pools and sources; panels and rules on them stay empty.",
        "names such as floorwatch_team_member_sd_ratio (docs/metrics.md lists all)",
    )
    rows_max: int = setting(
        ROWS_MAX,
        "Limit of exported teams, and likewise of pools and of sources; "
        "floorwatch_metrics_left_out counts the rest.",
        "1 to 100000",
        ge=1,
        le=100_000,
    )

    def selection(self) -> MetricSelection:
        """The same for the exporter."""
        return MetricSelection(frozenset(self.windows), frozenset(self.without), self.rows_max)


class WebTable(ConfigTable):
    """HTTP server of the worker."""

    bind: str = setting("127.0.0.1", "Address to listen on.", "an address of this machine")
    port: int = setting(6066, "Port to listen on.", "1 to 65535", ge=1, le=65535)
