"""Asks Kafka about topics and groups, and creates topics; asking creates none."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import (
    LeaderNotAvailableError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from stream.kafka.clients import new_admin
from stream.kafka.topic_settings import TopicDescription

POLL_S: Final = 0.1
POLLS_MAX: Final = 50
"""How often brokers are asked whether they know a topic that was created."""


@asynccontextmanager
async def admin_client(brokers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client; `brokers` as "host:port,host:port".

    Raises:
        KafkaError: no broker answers.
    """
    admin = new_admin(brokers)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def partition_counts(brokers: str, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each topic has; 0: it does not exist.

    Raises:
        KafkaError: no broker answers.
        TopicAuthorizationFailedError: this user may not describe one of them; the text says so.
    """
    async with admin_client(brokers) as admin:
        counts = await count_partitions(admin, topics)
    for topic, count in counts.items():
        if count is None:
            raise TopicAuthorizationFailedError(not_described(topic))
    return {topic: count or 0 for topic, count in counts.items()}


async def count_partitions(
    admin: AIOKafkaAdminClient, topics: Iterable[str]
) -> dict[str, int | None]:
    """The same, with a connected client; None: this user may not describe the topic."""
    found = await _partitions(admin, topics)
    return {topic: None if held is None else len(held) for topic, held in found.items()}


def not_described(topic: str) -> str:
    """What to do about a topic that this user may not describe."""
    return f"Kafka does not let this user describe topic {topic}: grant it Describe on the topic"


async def describe_topics(
    admin: AIOKafkaAdminClient, topics: Sequence[str]
) -> dict[str, TopicDescription | None]:
    """The topics that exist; a topic that this user may not describe is None.

    Raises:
        KafkaError: Kafka does not answer.
    """
    found = await _partitions(admin, topics)
    existing = {topic: partitions for topic, partitions in found.items() if partitions}
    settings = await topic_settings(admin, existing)
    described = {
        topic: TopicDescription(
            partitions=len(partitions),
            replicas=min(len(partition["replicas"]) for partition in partitions),
            settings=settings.get(topic, {}),
        )
        for topic, partitions in existing.items()
    }
    return described | {topic: None for topic, held in found.items() if held is None}


async def topic_settings(
    admin: AIOKafkaAdminClient, topics: Iterable[str]
) -> dict[str, dict[str, str]]:
    """The effective settings of topics; a topic whose settings may not be read is left out.

    Raises:
        KafkaError: Kafka does not answer.
    """
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    if not resources:
        return {}
    (answer,) = await admin.describe_configs(resources)
    return {
        topic: {name: value for name, value, *_ in entries}
        for error_code, _, _, topic, entries in answer.resources
        if not error_code
    }


async def broker_count(admin: AIOKafkaAdminClient) -> int:
    """How many brokers the cluster has now."""
    cluster = await admin.describe_cluster()
    return len(cluster["brokers"])


async def assigned_partitions(admin: AIOKafkaAdminClient, group: str, topic: str) -> int:
    """How many partitions of a topic the members of a group have.

    Raises:
        KafkaError: Kafka does not answer, or the user may not describe the group.
    """
    answers = await admin.describe_consumer_groups([group])
    members = [member for answer in answers for group in answer.groups for member in group[5]]
    found = set[int]()
    for *_, assignment in members:
        if assignment:
            held = ConsumerProtocol.ASSIGNMENT.decode(assignment).assignment
            found |= {number for name, numbers in held if name == topic for number in numbers}
    return len(found)


async def create_topic(
    admin: AIOKafkaAdminClient,
    name: str,
    partitions: int,
    replicas: int,
    settings: Mapping[str, str],
) -> bool:
    """Create a topic; False if it exists.

    Raises:
        KafkaError: Kafka does not answer, or refuses; the text is the broker's.
    """
    new = NewTopic(name, partitions, replicas, topic_configs=dict(settings))
    answer: Any = await admin.create_topics([new])
    ((_, error_code, text),) = answer.topic_errors
    error = for_code(error_code)
    if error is TopicAlreadyExistsError:
        return False
    if error_code:
        raise error(text or error.__name__)
    return True


async def await_topics(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> None:
    """Wait until brokers know topics that were created just now, in bounded time.

    Who may create a topic may not be allowed to describe it: that one is not waited for.
    """
    for _ in range(POLLS_MAX):
        found = await _partitions(admin, topics)
        if all(partitions is None or partitions for partitions in found.values()):
            return
        await asyncio.sleep(POLL_S)


async def _partitions(
    admin: AIOKafkaAdminClient, topics: Iterable[str]
) -> dict[str, list[dict[str, Any]] | None]:
    """The partitions of each topic: none of one that does not exist, None if that is not told."""
    found: Iterable[dict[str, Any]] = await admin.describe_topics(list(topics))
    partitions: dict[str, list[dict[str, Any]] | None] = {}
    for one in found:
        error = for_code(one["error_code"])
        if error is TopicAuthorizationFailedError:
            partitions[one["topic"]] = None
        elif error is UnknownTopicOrPartitionError:
            partitions[one["topic"]] = []
        elif error in {NoError, LeaderNotAvailableError}:  # the latter while it is being created
            partitions[one["topic"]] = one["partitions"]
        else:
            raise error(one["topic"])
    return partitions
