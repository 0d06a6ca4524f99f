"""Produces to Kafka with acknowledgement of all in-sync replicas."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from stream.dlq.dead_letters import Headers
from stream.kafka import clients


class ProducerRecord(NamedTuple):
    """A record to send to a topic."""

    key: bytes
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    """None: chosen by the key."""


def new_producer(brokers: str) -> AIOKafkaProducer:
    """A producer, not yet connected; a record is acknowledged by all in-sync replicas."""
    return clients.new_producer(brokers, linger_ms=2, request_timeout_ms=10_000)


async def send(producer: AIOKafkaProducer, topic: str, records: Sequence[ProducerRecord]) -> None:
    """Send records and wait until all are acknowledged.

    Raises:
        KafkaError: one was not.
    """
    sent = [
        await producer.send(topic, value, key, partition, headers=list(headers))
        for key, value, headers, partition in records
    ]
    await asyncio.gather(*sent)
