"""The tables of the edges: where events come from, where state, notices and pages go."""

from typing import Literal

from stream.config import values as v
from stream.config.values import Table, setting
from stream.control.model import Severity
from stream.spec import ANY
from stream.units import DAY_MS, MINUTE_MS, SECOND_MS


class Kafka(Table):
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


class Redis(Table):
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
        "the state anew from what Kafka retains.",
        "refuse, rebuild",
    )


class Archive(Table):
    """What reports and calibration read: hours that are sealed."""

    keep_ms: v.DurationMs = setting(
        35 * DAY_MS,
        "Redis keeps a sealed hour for so long; about 10 KB an agent for 35 days.",
        "1d to 400d",
        alias="keep",
        ge=DAY_MS,
        le=400 * DAY_MS,
    )


class Roster(Table):
    """Who belongs where."""

    file: str = setting(
        "", "CSV file, relative to the configuration file; empty: none.", "a path", max_length=4096
    )


class Alerts(Table):
    """What people read."""

    language: Literal["zh", "en"] = setting("zh", "Language of notices.", "zh, en")


class Sink(Table):
    """Where notices are sent; none: nothing is sent."""

    kind: Literal["webhook"] = setting(
        ..., "How they are sent.", "webhook ('alertmanager' is not in this version)"
    )
    url: v.WebUrl = setting(..., "Where to; only its host is ever printed.", "http:// or https://")
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


class Web(Table):
    """Where the worker's pages are."""

    bind: str = setting("127.0.0.1", "Address to listen on.", "an address of this machine")
    port: int = setting(6066, "Port to listen on.", "1 to 65535", ge=1, le=65535)
