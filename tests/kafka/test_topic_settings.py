"""What is said of a topic, by its settings."""

from typing import Any

import pytest

from stream.kafka.topic_settings import (
    Role,
    Topic,
    TopicDescription,
    TopicFinding,
    findings,
    settings_for,
)
from stream.units import DAY_MS

BROKERS = "kafka-1:9092"
KAFKAS_OWN = {
    "message.timestamp.type": "CreateTime",
    "cleanup.policy": "delete",
    "retention.ms": str(7 * DAY_MS),
    "retention.bytes": "-1",
    "min.insync.replicas": "1",
}


def found(
    role: Role, *, partitions: int = 8, replicas: int = 3, brokers: int = 3, **settings: str
) -> list[TopicFinding]:
    """What is said of a topic that is right but for what is given."""
    named = {name.replace("_", "."): value for name, value in settings.items()}
    effective = {**KAFKAS_OWN, **settings_for(role, replicas), **named}
    described = TopicDescription(partitions, replicas, effective)
    return findings(Topic("a-topic", role), described, BROKERS, brokers)


@pytest.mark.parametrize("role", Role)
def test_a_topic_that_was_created_with_our_settings_is_right(role: Role) -> None:
    assert found(role) == []


@pytest.mark.parametrize(
    ("setting", "value", "change"),
    [
        ("message_timestamp_type", "CreateTime", "message.timestamp.type=LogAppendTime"),
        ("cleanup_policy", "compact", "cleanup.policy=delete"),
        ("cleanup_policy", "compact,delete", "cleanup.policy=delete"),
        ("retention_ms", str(DAY_MS), f"retention.ms={7 * DAY_MS}"),
        ("retention_ms", "0", f"retention.ms={7 * DAY_MS}"),
        ("retention_bytes", "1000000", "retention.bytes=-1"),
        ("min_insync_replicas", "1", "min.insync.replicas=2"),
        ("min_insync_replicas", "3", "min.insync.replicas=2"),
    ],
)
def test_a_wrong_setting_is_named_with_the_command_that_changes_it(
    setting: str, value: str, change: str
) -> None:
    options: dict[str, Any] = {setting: value}
    (finding,) = found(Role.events, **options)

    assert finding.is_wrong
    assert finding.what.startswith(setting.replace("_", "."))
    assert value in finding.what
    assert finding.remedy == (
        "kafka-configs.sh --bootstrap-server kafka-1:9092 --entity-type topics --entity-name "
        f"a-topic --alter --add-config {change}"
    )


def test_time_stamps_matter_for_events_alone_and_retention_for_ever_is_fine() -> None:
    for role in (Role.dead_letters, Role.control):
        assert found(role, message_timestamp_type="CreateTime", partitions=1) == []
    assert found(Role.events, retention_ms="-1") == []


def test_fewer_replicas_than_three_are_wrong_where_there_are_brokers_for_them() -> None:
    (wrong,) = found(Role.events, replicas=1)
    (note,) = found(Role.events, replicas=1, brokers=1)

    assert wrong.what == note.what == "1 replica, not 3"
    assert (wrong.is_wrong, note.is_wrong) == (True, False)
    two = [finding.what for finding in found(Role.events, replicas=2, min_insync_replicas="2")]
    assert two == ["2 replicas, not 3", "min.insync.replicas is 2, with 2 replicas"]


def test_one_partition_of_events_is_worth_a_note() -> None:
    (finding,) = found(Role.events, partitions=1)
    assert not finding.is_wrong


def test_settings_that_may_not_be_read_are_said_to_be_unknown() -> None:
    unknown = TopicDescription(8, 3, {})
    (finding,) = findings(Topic("a-topic", Role.events), unknown, BROKERS, 3)
    assert finding.what == "its settings cannot be read"
