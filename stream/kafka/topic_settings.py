"""What the topics of Floorwatch should be like: settings, and what is wrong with a topic.

Pure: `topic_admin` asks Kafka.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from stream.units import DAY_MS

FOR_EVER: Final = -1
REPLICAS: Final = 3
DAYS_MIN: Final = 3
"""What a rebuild reads (five shifts), and an outage of a day."""


class Role(Enum):
    """What a topic is for; the value: the days of retention that it is created with."""

    events = 7
    dead_letters = 30
    control = 400


class Topic(NamedTuple):
    """A topic of the configuration."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """A topic as it is."""

    partitions: int
    replicas: int
    """The fewest of any partition."""
    settings: Mapping[str, str]
    """The effective value of each setting, by its name; empty if they may not be read."""


@dataclass(frozen=True, slots=True)
class TopicFinding:
    """What is wrong with a topic, why it matters, and how to change it."""

    what: str
    why: str
    remedy: str
    """A command, or what to do."""
    is_wrong: bool = True
    """False: worth knowing, and fine for some."""


def settings_for(role: Role, replicas: int) -> dict[str, str]:
    """The settings that a topic is created with."""
    settings = {
        "cleanup.policy": "delete",
        "retention.ms": str(role.value * DAY_MS),
        "min.insync.replicas": str(2 if replicas >= REPLICAS else 1),
    }
    if role is Role.events:
        settings["message.timestamp.type"] = "LogAppendTime"
    return settings


def findings(
    topic: Topic, found: TopicDescription, brokers: str, broker_count: int
) -> list[TopicFinding]:
    """What is wrong with a topic that exists, in order of weight.

    Args:
        topic: name and role.
        found: as Kafka describes it.
        brokers: addresses, for the commands.
        broker_count: how many the cluster has: replicas cannot be more.
    """
    alter = (
        f"kafka-configs.sh --bootstrap-server {brokers.replace(' ', '')} --entity-type topics "
        f"--entity-name {topic.name} --alter --add-config "
    )
    if not found.settings:
        what = "its settings cannot be read"
        remedy = f"grant this user DescribeConfigs on topic {topic.name}"
        return [TopicFinding(what, "so they cannot be checked", remedy)]
    return [
        *_of_time_stamps(topic, found.settings, alter),
        *_of_cleanup(topic, found.settings, alter),
        *_of_retention(topic, found.settings, alter),
        *_of_replicas(topic, found, alter, broker_count),
        *_of_partitions(topic, found),
    ]


def _of_time_stamps(
    topic: Topic, settings: Mapping[str, str], alter: str
) -> Iterator[TopicFinding]:
    stamps = settings.get("message.timestamp.type", "")
    if topic.role is Role.events and stamps != "LogAppendTime":
        yield TopicFinding(
            f"message.timestamp.type is {stamps}, not LogAppendTime",
            "the clocks of producers decide what time it is on a floor, and whether an event is "
            "ahead of it",
            f"{alter}message.timestamp.type=LogAppendTime",
        )


CLEANUP_WHY: Final = {
    Role.events: "compaction removes events, so that state which is computed again is another",
    Role.dead_letters: "compaction removes dead letters that were sent again or written twice",
    Role.control: "compaction may remove transitions from the audit trail",
}


def _of_cleanup(topic: Topic, settings: Mapping[str, str], alter: str) -> Iterator[TopicFinding]:
    policy = settings.get("cleanup.policy", "")
    if policy != "delete":
        yield TopicFinding(
            f"cleanup.policy is {policy}, not delete",
            CLEANUP_WHY[topic.role],
            f"{alter}cleanup.policy=delete",
        )


def _of_retention(topic: Topic, settings: Mapping[str, str], alter: str) -> Iterator[TopicFinding]:
    role = topic.role
    why = (
        "events must outlive the longest outage, and a rebuild reads those of five shifts"
        if role is Role.events
        else "records must be there until somebody has looked at them"
    )
    ms = int(settings.get("retention.ms", FOR_EVER))
    if 0 <= ms < DAYS_MIN * DAY_MS:
        yield TopicFinding(
            f"retention.ms is {ms} ({ms / DAY_MS:.3g} days), less than {DAYS_MIN} days",
            why,
            f"{alter}retention.ms={role.value * DAY_MS}",
        )
    size = int(settings.get("retention.bytes", FOR_EVER))
    if size >= 0:
        yield TopicFinding(
            f"retention.bytes is {size}: Kafka deletes by size too, however young records are",
            why,
            f"{alter}retention.bytes={FOR_EVER}",
        )


def _of_replicas(
    topic: Topic, found: TopicDescription, alter: str, broker_count: int
) -> Iterator[TopicFinding]:
    replicas, possible = found.replicas, min(REPLICAS, broker_count)
    insync = int(found.settings.get("min.insync.replicas", 1))
    if replicas < REPLICAS:
        yield TopicFinding(
            f"{_count(replicas, 'replica')}, not {REPLICAS}",
            "records may be lost with a broker, or cannot be written while one is down",
            f"kafka-reassign-partitions.sh, on a cluster of {REPLICAS} brokers or more"
            if possible < REPLICAS
            else f"kafka-reassign-partitions.sh with {REPLICAS} replicas of topic {topic.name}",
            is_wrong=replicas < possible,
        )
    elif insync < 2:
        yield TopicFinding(
            f"min.insync.replicas is {insync}, not 2",
            "a record counts as written when one broker has it, and is lost with that one",
            f"{alter}min.insync.replicas=2",
        )
    if insync > max(1, replicas - 1):
        yield TopicFinding(
            f"min.insync.replicas is {insync}, with {_count(replicas, 'replica')}",
            "nothing can be written while a broker is down",
            f"{alter}min.insync.replicas={max(1, replicas - 1)}",
        )


def _of_partitions(topic: Topic, found: TopicDescription) -> Iterator[TopicFinding]:
    if topic.role is Role.events and found.partitions == 1:
        yield TopicFinding(
            "1 partition",
            "a partition is the work of one worker, and the number cannot be changed later",
            "move to a topic with more (docs/operations.md, More partitions)",
            is_wrong=False,
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
