"""Produces dead letters and transitions to Kafka, and waits until they are acknowledged."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import aiokafka
from aiokafka.errors import KafkaError

from stream.agents.deadletters import DeadLetter, Headers
from stream.points import around
from stream.store.protocol import OutboxEntry

log = logging.getLogger(__name__)

AT_ONCE: Final = 500
"""Records between two waits for their acknowledgement."""


class _Record(NamedTuple):
    key: bytes
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Topics:
    """Where to."""

    dead_letters: str
    control: str


class KafkaPublisher:
    """A producer that connects when it is first needed, and again after each failure."""

    def __init__(self, brokers: str, topics: Topics) -> None:
        self._brokers = [address.strip() for address in brokers.split(",")]
        self._topics = topics
        self._producer: aiokafka.AIOKafkaProducer | None = None
        self._one_at_a_time = asyncio.Lock()

    async def dead_letters(self, letters: list[DeadLetter]) -> bool:
        """Produce dead letters; whether all were acknowledged."""
        records = [_Record(letter.key, letter.value, letter.headers) for letter in letters]
        with around("letters"):
            return await self._produce(self._topics.dead_letters, records)

    async def transitions(self, entries: list[OutboxEntry]) -> bool:
        """Produce to the audit topic; whether all were acknowledged."""
        records = [_Record(entry.id.encode(), entry.body, ()) for entry in entries]
        with around("audit"):
            return await self._produce(self._topics.control, records)

    async def _produce(self, topic: str, records: Sequence[_Record]) -> bool:
        async with self._one_at_a_time:
            try:
                producer = await self._connected()
                for at in range(0, len(records), AT_ONCE):
                    await _send(producer, topic, records[at : at + AT_ONCE])
            except (KafkaError, OSError) as error:
                log.warning("topic %s took no records: %r; they are sent again", topic, error)
                await self._disconnect()
                return False
            return True

    async def _connected(self) -> aiokafka.AIOKafkaProducer:
        if self._producer is None:
            producer = aiokafka.AIOKafkaProducer(
                bootstrap_servers=self._brokers, acks="all", linger_ms=2, request_timeout_ms=10_000
            )
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
        """Drop the connection; what is not acknowledged is in the outbox, or was not committed."""
        async with self._one_at_a_time:
            await self._disconnect()


async def _send(
    producer: aiokafka.AIOKafkaProducer, topic: str, records: Sequence[_Record]
) -> None:
    sent = [
        await producer.send(topic, key=record.key, value=record.value, headers=list(record.headers))
        for record in records
    ]
    await asyncio.gather(*sent)
