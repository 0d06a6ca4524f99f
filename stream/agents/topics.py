"""Whether the topics that a worker needs are there: it makes none."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0


class TopicWatch:
    """Looks for topics until all are there.

    Args:
        brokers: as "host:port,host:port".
        topics: what does not happen without it, by topic.
    """

    def __init__(self, brokers: str, topics: Mapping[str, str]) -> None:
        self._brokers = [address.strip() for address in brokers.split(",")]
        self._topics = topics
        self._missing: list[str] = []

    def reasons(self) -> list[str]:
        """Why a worker without them is not ready; empty if all are there, or Kafka is away."""
        return [f"topic {topic} does not exist" for topic in self._missing]

    async def run(self) -> None:
        """Look, and say what is missing, until nothing is."""
        while True:
            try:
                missing = await missing_topics(self._brokers, list(self._topics))
            except (KafkaError, OSError):
                missing = None  # the consumer says that Kafka is not there
            if missing is not None:
                self._tell(missing)
                if not missing:
                    return
            await asyncio.sleep(LOOK_S)

    def _tell(self, missing: list[str]) -> None:
        for topic in missing:
            if topic not in self._missing:
                effect = self._topics[topic]
                log.error("topic %s does not exist; until you make it, %s", topic, effect)
        for topic in self._missing:
            if topic not in missing:
                log.info("topic %s is there now", topic)
        self._missing = missing


async def missing_topics(brokers: list[str], topics: list[str]) -> list[str]:
    """Which of these topics do not exist.

    Brokers that make topics when they are asked for (`auto.create.topics.enable`) make them.

    Raises:
        KafkaError: no broker answers.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    try:
        await admin.start()
        found = await admin.describe_topics(topics)
    finally:
        await admin.close()
    unknown = UnknownTopicOrPartitionError.errno
    return [one["topic"] for one in found if one["error_code"] == unknown]
