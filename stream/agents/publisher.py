"""Produces dead letters and transitions to Kafka, and waits for their acknowledgement."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream.dlq.dead_letters import DeadLetter
from stream.dlq.producer import ProducerRecord, new_producer, send
from stream.failpoints import failpoint
from stream.store.protocol import OutboxEntry

log = logging.getLogger(__name__)

BATCH_RECORDS: Final = 500
"""Records sent before waiting for their acknowledgement."""
RETRY_PAUSE_S: Final = 0.5
"""After a failure; callers that waited for the same topic meanwhile are refused at once."""
ABANDONED_S: Final = 15.0
"""A failing topic that nobody has produced to for so long has no producer left: its task moved to
another worker."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics that a worker writes."""

    dead_letters: str
    control: str


class KafkaPublisher:
    """Produces to both topics; one that fails does not hold up the other."""

    def __init__(self, brokers: str, topics: Topics) -> None:
        self._dead_letters = _TopicProducer(brokers, topics.dead_letters)
        self._control = _TopicProducer(brokers, topics.control)

    async def dead_letters(self, dead_letters: list[DeadLetter]) -> bool:
        """Produce dead letters; whether all were acknowledged."""
        records = [
            ProducerRecord(dead_letter.key, dead_letter.value, dead_letter.headers)
            for dead_letter in dead_letters
        ]
        with failpoint("letters"):
            return await self._dead_letters.produce(records)

    async def transitions(self, entries: list[OutboxEntry]) -> bool:
        """Produce to the audit topic; whether all were acknowledged."""
        records = [ProducerRecord(entry.id.encode(), entry.body) for entry in entries]
        with failpoint("audit"):
            return await self._control.produce(records)

    def refusals(self) -> list[str]:
        """Which topics accept no records, since when and why; empty if none."""
        now_s = time.monotonic()
        return [
            f"topic {pipe.topic} has accepted no records for {now_s - pipe.failing_since_s:.0f} s: "
            f"{pipe.last_error}"
            for pipe in self._failing()
        ]

    def refused_topics(self) -> set[str]:
        """The same, by name."""
        return {pipe.topic for pipe in self._failing()}

    async def close(self) -> None:
        """Close the connections; what is not acknowledged is in the outbox, or not committed."""
        await asyncio.gather(self._dead_letters.close(), self._control.close())

    def _failing(self) -> list["_TopicProducer"]:
        return [pipe for pipe in (self._dead_letters, self._control) if pipe.is_failing]


class _TopicProducer:
    """Produces to one topic; connects when first used, and again after each failure."""

    def __init__(self, brokers: str, topic: str) -> None:
        self.topic = topic
        self.last_error = ""
        """Why the last attempt failed; empty if it succeeded."""
        self.failing_since_s = 0.0
        self._brokers = brokers
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()
        self._next_try_s = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt failed and somebody still tries."""
        tried = self._lock.locked() or time.monotonic() < self._next_try_s + ABANDONED_S
        return bool(self.last_error) and tried

    async def produce(self, records: Sequence[ProducerRecord]) -> bool:
        """Whether all records were acknowledged. While the topic fails, only one caller waits."""
        async with self._lock:
            if time.monotonic() < self._next_try_s:
                return False
            try:
                producer = await self._connected()
                for at in range(0, len(records), BATCH_RECORDS):
                    await send(producer, self.topic, records[at : at + BATCH_RECORDS])
            except (KafkaError, OSError) as error:
                await self._on_failure(error)
                return False
            self.last_error = ""
            return True

    async def _on_failure(self, error: Exception) -> None:
        log.warning("topic %s accepted no records: %r; they are sent again", self.topic, error)
        if not self.last_error:
            self.failing_since_s = time.monotonic()
        self.last_error = type(error).__name__
        await self._disconnect()
        self._next_try_s = time.monotonic() + RETRY_PAUSE_S

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = new_producer(self._brokers)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(producer.stop(), 1.0)

    async def close(self) -> None:
        """Close the connection."""
        async with self._lock:
            await self._disconnect()
