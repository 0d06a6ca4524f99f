"""Asks Kafka about topics and groups, and creates topics; asking creates none."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

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
    """
    async with admin_client(brokers) as admin:
        return await count_partitions(admin, topics)


async def count_partitions(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[str, int]:
    """The same, with a connected client."""
    return {name: len(found) for name, found in (await _partitions(admin, topics)).items()}


async def describe_topics(
    admin: AIOKafkaAdminClient, topics: Sequence[str]
) -> dict[str, TopicDescription]:
    """The topics that exist.

    Raises:
        KafkaError: Kafka does not answer.
    """
    found = await _partitions(admin, topics)
    existing = [topic for topic in topics if found.get(topic)]
    settings = await topic_settings(admin, existing)
    return {
        topic: TopicDescription(
            partitions=len(found[topic]),
            replicas=min(len(partition["replicas"]) for partition in found[topic]),
            settings=settings.get(topic, {}),
        )
        for topic in existing
    }


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
    """Wait until brokers know topics that were created just now, in bounded time."""
    for _ in range(POLLS_MAX):
        if all((await count_partitions(admin, topics)).values()):
            return
        await asyncio.sleep(POLL_S)


async def _partitions(
    admin: AIOKafkaAdminClient, topics: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    """The partitions of each topic; of one that does not exist none."""
    unknown = UnknownTopicOrPartitionError.errno
    found: Iterable[dict[str, Any]] = await admin.describe_topics(list(topics))
    return {
        one["topic"]: [] if one["error_code"] == unknown else one["partitions"] for one in found
    }
