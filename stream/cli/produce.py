"""Events to Kafka: key = the floor, partition = murmur2 of it, time stamp = time of sending."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream.errors import ServiceError
from stream.events.partition import partition_of
from stream.kafka.clients import new_producer
from stream.simulate.run import Sent

_CHUNK_EVENTS = 2_000
_TOPIC_S_MAX = 5.0


def produce(
    events: Iterable[Sent], brokers: str, topic: str, floors: Sequence[str], *, paced: bool
) -> int:
    """Send events and wait for their acknowledgement; returns how many were sent.

    Args:
        events: what to send.
        brokers: ``host:port``, separated by commas.
        topic: where to.
        floors: all floors of the events.
        paced: send each event at its `sent_ms` by the clock, not as fast as possible.

    Raises:
        ServiceError: the broker is unavailable or rejects an event.
    """
    # The error says what aiokafka would log; without a handler it prints it to stderr.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    return asyncio.run(_produce(events, brokers, topic, floors, paced=paced))


async def _produce(
    events: Iterable[Sent], brokers: str, topic: str, floors: Sequence[str], *, paced: bool
) -> int:
    producer = new_producer(brokers, linger_ms=5)
    try:
        try:
            await producer.start()
            return await send_all(producer, events, topic, floors, paced=paced)
        finally:
            await producer.stop()  # a producer that could not start holds connections too
    except KafkaError as error:
        raise ServiceError(f"Kafka at {brokers}: {error}") from None


async def send_all(
    producer: AIOKafkaProducer,
    events: Iterable[Sent],
    topic: str,
    floors: Sequence[str],
    *,
    paced: bool = False,
) -> int:
    """Send events with a started producer; returns how many were acknowledged.

    Raises:
        ServiceError: the topic does not exist.
        KafkaError: an event was not acknowledged.
    """
    try:  # by default it asks for as long as a record may wait
        partitions = len(await asyncio.wait_for(producer.partitions_for(topic), _TOPIC_S_MAX))
    except TimeoutError:
        raise ServiceError(f"Kafka has no topic {topic}") from None
    place = {floor: partition_of(floor, partitions) for floor in floors}
    keys = {floor: floor.encode() for floor in floors}
    waiting: list[asyncio.Future[object]] = []
    count = 0
    for sent in events:
        ahead_s = sent.sent_ms / 1000 - time.time() if paced else 0.0
        if ahead_s > 0 or len(waiting) >= _CHUNK_EVENTS:
            await asyncio.gather(*waiting)
            waiting.clear()
            await asyncio.sleep(max(0.0, sent.sent_ms / 1000 - time.time()) if paced else 0)
        value, key = orjson.dumps(sent.event), keys[sent.floor]
        waiting.append(await producer.send(topic, value, key, place[sent.floor], sent.sent_ms))
        count += 1
    await asyncio.gather(*waiting)
    return count
