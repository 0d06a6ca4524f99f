"""The tables of the edges: where events come from, where state, notices and pages go."""

from typing import Final, Literal, Self

from pydantic import model_validator

from stream.config import values as v
from stream.config.values import ConfigTable, setting
from stream.control.model import Severity
from stream.figures.model import WINDOWS
from stream.render.selection import ROWS_MAX, MetricSelection
from stream.spec import ANY
from stream.units import DAY_MS, MINUTE_MS, SECOND_MS

CHATS: Final = ("slack", "teams", "wecom", "dingtalk", "feishu")
A_LINK: Final = r"^$|^https?://\S+$"


class KafkaTable(ConfigTable):
    """Where events come from and transitions go to."""

    brokers: str = setting(
        "127.0.0.1:9092",
        "Addresses to begin with.",
        "host:port, several with commas between",
        pattern=r"^[^\s,:]+:\d{1,5}(\s*,\s*[^\s,:]+:\d{1,5})*$",
    )
    group: v.Name = setting("floorwatch", "Consumer group of the workers.", v.A_NAME)
    events_topic: v.Topic = setting("floor-events", "Events come in here.", v.A_TOPIC)
    dead_letters_topic: v.Topic = setting(
        "floor-events-dlq", "What cannot be read or came too late goes here.", v.A_TOPIC
    )
    control_topic: v.Topic = setting("control-events", "Every transition goes here.", v.A_TOPIC)
    session_timeout_ms: v.DurationMs = setting(
        10 * SECOND_MS,
        "A worker that died is missed after this.",
        "1s to 5m, and what the brokers allow (6s unless set there)",
        alias="session_timeout",
        ge=SECOND_MS,
        le=5 * MINUTE_MS,
    )


class RedisTable(ConfigTable):
    """Where state and views are."""

    url: v.RedisUrl = setting(
        v.SecretUrl("redis://127.0.0.1:6379/0"),
        "Address of the Redis: of one server; of the Sentinels that watch it, with the name under "
        "which they do and the number of the database; or of some nodes of a cluster. A user and "
        "a password stand once, before the first address, as user:password@, and are never "
        "printed; those of the Sentinels behind all as ?sentinel_username=…&sentinel_password=….",
        "redis://host:port/DB, unix://path, redis+sentinel://host:port,host:port/SERVICE/DB, "
        "redis+cluster://host:port,host:port; rediss instead of redis for TLS",
    )
    on_loss: Literal["refuse", "rebuild"] = setting(
        "refuse",
        "What to do when it holds no state though the group has read: refuse to go on, or compute "
        "the state anew from what KafkaTable retains.",
        "refuse, rebuild",
    )


class ArchiveTable(ConfigTable):
    """What reports and calibration read: hours that are sealed."""

    keep_ms: v.DurationMs = setting(
        35 * DAY_MS,
        "Redis keeps a sealed hour for so long; about 10 KB an agent for 35 days.",
        "1d to 400d",
        alias="keep",
        ge=DAY_MS,
        le=400 * DAY_MS,
    )


class RosterTable(ConfigTable):
    """Who belongs where."""

    file: str = setting(
        "", "CSV file, relative to the configuration file; empty: none.", "a path", max_length=4096
    )


class AlertsTable(ConfigTable):
    """What people read."""

    language: Literal["zh", "en"] = setting("zh", "Language of notices.", "zh, en")
    grafana_url: str = setting(
        "", "Where Grafana is; alerts link to its boards.", "http:// or https://", pattern=A_LINK
    )
    runbook_url: str = setting(
        "",
        "Where docs/runbook.md is to be read; alerts link to its sections.",
        "http:// or https://",
        pattern=A_LINK,
    )


class SinkTable(ConfigTable):
    """Where notices are sent; none: nothing is sent."""

    kind: Literal[
        "webhook", "alertmanager", "slack", "teams", "wecom", "dingtalk", "feishu", "grafana"
    ] = setting(
        ...,
        "How they are sent; grafana: as annotations on its boards.",
        "webhook, alertmanager, slack, teams, wecom, dingtalk, feishu, grafana",
    )
    url: v.WebUrl = setting(..., "Where to; only its host is ever printed.", "http:// or https://")
    peers: tuple[v.WebUrl, ...] = setting(
        (), "The other members of a cluster of Alertmanagers.", "list of http:// or https://"
    )
    resend_ms: v.DurationMs = setting(
        MINUTE_MS,
        "How often an Alertmanager is told what stands; what it is not told for four times as long "
        "is over for it.",
        "10s to 3m",
        alias="resend",
        ge=10 * SECOND_MS,
        le=3 * MINUTE_MS,
    )
    secret: v.Secret = setting(
        v.SecretText(""),
        "With which messages are signed, where the robot was made so; of grafana the token of a "
        "service account. Never printed.",
        "text; dingtalk, feishu and grafana alone",
    )
    language: Literal["", "zh", "en"] = setting(
        "", "Language of a chat or of annotations; empty: that of [alerts].", "zh, en"
    )
    name: str = setting(
        "", "Stands in metrics and logs; empty: sink-0, sink-1, …", "up to 64", max_length=64
    )
    severity: v.Severities = setting(
        (Severity.page,), "Which severities.", "page, nudge, digest", min_length=1
    )
    teams: v.Names = setting((ANY,), "Which teams; '*': all.", v.A_NAME, min_length=1)
    timeout_ms: v.DurationMs = setting(
        5 * SECOND_MS,
        "How long one try may take; tries are repeated until it is taken.",
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
                raise ValueError(f"{key} is for kind = {' or '.join(kinds)} alone")
        if self.kind == "grafana" and not self.secret.reveal():
            raise ValueError("kind = grafana needs a secret: the token of a service account")
        return self


class MetricsTable(ConfigTable):
    """What Prometheus gets: about 220 series a team; views in Redis always hold all figures."""

    windows: v.WindowNames = setting(
        WINDOWS, "Windows that are exported.", v.THE_WINDOWS, min_length=1
    )
    without: v.Names = setting(
        (),
        "Metrics of teams, pools and feeds that are left out; panels and rules on them stay empty.",
        "names such as floorwatch_team_member_sd_ratio (docs/metrics.md has all)",
    )
    rows_max: int = setting(
        ROWS_MAX,
        "More teams than these have no series, and likewise pools and feeds; "
        "floorwatch_metrics_left_out counts them.",
        "1 to 100000",
        ge=1,
        le=100_000,
    )

    def selection(self) -> MetricSelection:
        """As the exporter takes it."""
        return MetricSelection(frozenset(self.windows), frozenset(self.without), self.rows_max)


class WebTable(ConfigTable):
    """Where the worker's pages are."""

    bind: str = setting("127.0.0.1", "Address to listen on.", "an address of this machine")
    port: int = setting(6066, "Port to listen on.", "1 to 65535", ge=1, le=65535)
