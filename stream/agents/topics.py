"""Whether the topics that a worker needs are there: it makes none."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
"""While one is missing."""
LOOK_AGAIN_S: Final = 60.0
"""While all are there: one may be deleted."""


class TopicWatch:
    """Looks for topics again and again.

    Args:
        brokers: as "host:port,host:port".
        topics: what does not happen without it, by topic.
    """

    def __init__(self, brokers: str, topics: Mapping[str, str]) -> None:
        self._brokers = brokers
        self._topics = topics
        self.missing: list[str] = []
        """Those that do not exist."""

    def reasons(self) -> list[str]:
        """Why a worker without them is not ready; empty if all are there, or Kafka is away."""
        return [f"topic {topic} does not exist" for topic in self.missing]

    async def run(self) -> None:
        """Look, and say what is missing; the task is ended by cancelling it."""
        looked = False
        while True:
            # While Kafka is not there the consumer says so.
            with contextlib.suppress(KafkaError, OSError):
                found = await partition_counts(self._brokers, self._topics)
                self._tell([topic for topic in self._topics if topic in found and not found[topic]])
                looked = True
            await asyncio.sleep(LOOK_S if self.missing or not looked else LOOK_AGAIN_S)

    def _tell(self, missing: list[str]) -> None:
        for topic in missing:
            if topic not in self.missing:
                effect = self._topics[topic]
                log.error("topic %s does not exist; until you make it, %s", topic, effect)
        for topic in self.missing:
            if topic not in missing:
                log.info("topic %s is there now", topic)
        self.missing = missing


async def partition_counts(brokers: str, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each topic has; 0: it does not exist.

    Brokers that make topics when they are asked for (`auto.create.topics.enable`) make them.

    Raises:
        KafkaError: no broker answers.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    try:
        await admin.start()
        found = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    unknown = UnknownTopicOrPartitionError.errno
    return {
        one["topic"]: 0 if one["error_code"] == unknown else len(one["partitions"]) for one in found
    }
