"""Checks whether the topics that a worker needs exist; it creates none."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

log = logging.getLogger(__name__)

POLL_S: Final = 2.0
"""While one is missing."""
RECHECK_S: Final = 60.0
"""While all exist: one may be deleted."""


class TopicMonitor:
    """Polls the topics.

    Args:
        brokers: as "host:port,host:port".
        topics: the effect of its absence, by topic.
    """

    def __init__(self, brokers: str, topics: Mapping[str, str]) -> None:
        self._brokers = brokers
        self._topics = topics
        self.missing: list[str] = []
        """Topics that do not exist."""

    def reasons(self) -> list[str]:
        """Why a worker without them is not ready; empty if all exist, or Kafka is unavailable."""
        return [f"topic {topic} does not exist" for topic in self.missing]

    async def run(self) -> None:
        """Poll, and log what is missing, until cancelled."""
        is_known = False
        while True:
            # The consumer reports that Kafka is unavailable.
            with contextlib.suppress(KafkaError, OSError):
                counts = await partition_counts(self._brokers, self._topics)
                self._report(
                    [topic for topic in self._topics if topic in counts and not counts[topic]]
                )
                is_known = True
            await asyncio.sleep(POLL_S if self.missing or not is_known else RECHECK_S)

    def _report(self, missing: list[str]) -> None:
        for topic in missing:
            if topic not in self.missing:
                effect = self._topics[topic]
                log.error("topic %s does not exist; until you create it, %s", topic, effect)
        for topic in self.missing:
            if topic not in missing:
                log.info("topic %s exists now", topic)
        self.missing = missing


async def partition_counts(brokers: str, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each topic has; 0: it does not exist.

    Brokers with `auto.create.topics.enable` create the topics that are asked for.

    Raises:
        KafkaError: no broker answers.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    try:
        await admin.start()
        counts = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    unknown = UnknownTopicOrPartitionError.errno
    return {
        topic["topic"]: 0 if topic["error_code"] == unknown else len(topic["partitions"])
        for topic in counts
    }
