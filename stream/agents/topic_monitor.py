"""Watches the topics that a worker needs, and its share of their partitions; it creates none."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from stream.kafka.topic_admin import (
    admin_client,
    assigned_partitions,
    count_partitions,
    not_described,
    topic_settings,
)

log = logging.getLogger(__name__)

POLL_S: Final = 2.0
"""While something is missing."""
RECHECK_S: Final = 8.0
"""While nothing is: a topic may be deleted, and that is noticed within ten seconds."""
STAMPS: Final = "message.timestamp.type"
LOG_APPEND_TIME: Final = "LogAppendTime"


class TopicMonitor:
    """Polls the topics.

    Args:
        brokers: as "host:port,host:port".
        topics: the effect of its absence, by topic; the first is that of the events.
        group: the worker's consumer group.
        is_idle: whether the worker is in its group and has no partition.
    """

    def __init__(
        self, brokers: str, topics: Mapping[str, str], group: str, is_idle: Callable[[], bool]
    ) -> None:
        self._brokers = brokers
        self._topics = topics
        self._events_topic = next(iter(topics))
        self._group = group
        self._is_idle = is_idle
        self.missing: list[str] = []
        """Topics that do not exist."""
        self.refused: list[str] = []
        """Topics that Kafka does not describe to this user: whether they exist is not known."""
        self._partitions = 0
        """Of the events topic."""
        self._is_standby = False
        """Other members of the group have all partitions."""
        self._stamps = ""

    def reasons(self) -> list[str]:
        """Why a worker without them is not ready; empty if all exist, or Kafka is unavailable."""
        reasons = [f"topic {topic} does not exist" for topic in self.missing]
        reasons += [not_described(topic) for topic in self.refused]
        if self._partitions and self._is_idle() and not self._is_standby:
            reasons.append(
                f"no partition of topic {self._events_topic} is assigned to this worker, though it "
                f"has {self._partitions}"
            )
        return reasons

    def details(self) -> list[str]:
        """What is worth knowing of the topics though the worker does its work."""
        details = []
        if self._stamps not in {"", LOG_APPEND_TIME}:
            details.append(
                f"topic {self._events_topic} has {STAMPS} = {self._stamps}: the clocks of "
                "producers decide what time it is; see floorwatch topics check"
            )
        if self._is_standby and self._is_idle():
            details.append("standby: other workers have all partitions")
        return details

    async def run(self) -> None:
        """Poll, and log what is missing, until cancelled."""
        is_known = False
        while True:
            # The consumer reports that Kafka is unavailable.
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with admin_client(self._brokers) as admin:
                    await self._poll(admin)
                is_known = True
            is_wanting = self.missing or self.refused or self._is_idle()
            is_calm = is_known and not is_wanting
            await asyncio.sleep(RECHECK_S if is_calm else POLL_S)

    async def _poll(self, admin: AIOKafkaAdminClient) -> None:
        counts = await count_partitions(admin, self._topics)
        self._note_refused([topic for topic, count in counts.items() if count is None])
        self._report([topic for topic in self._topics if counts.get(topic) == 0])
        self._partitions = counts.get(self._events_topic) or 0
        if self._is_idle():
            self._is_standby = await self._others_have_all(admin)
        if self._partitions:
            found = await topic_settings(admin, [self._events_topic])
            self._note_stamps(found.get(self._events_topic, {}).get(STAMPS, ""))

    async def _others_have_all(self, admin: AIOKafkaAdminClient) -> bool:
        try:
            assigned = await assigned_partitions(admin, self._group, self._events_topic)
        except KafkaError as error:  # as with a broker that cannot describe groups
            log.debug("the members of group %s are unknown: %r", self._group, error)
            return True
        return assigned >= self._partitions

    def _note_refused(self, refused: list[str]) -> None:
        for topic in refused:
            if topic not in self.refused:
                log.error("%s", not_described(topic))
        self.refused = refused

    def _note_stamps(self, stamps: str) -> None:
        known, self._stamps = self._stamps, stamps
        if stamps != known and stamps not in {"", LOG_APPEND_TIME}:
            log.warning("%s", self.details()[0])

    def _report(self, missing: list[str]) -> None:
        for topic in missing:
            if topic not in self.missing:
                effect = self._topics[topic]
                log.error("topic %s does not exist; until you create it, %s", topic, effect)
        for topic in self.missing:
            if topic not in missing:
                log.info("topic %s exists now", topic)
        self.missing = missing
