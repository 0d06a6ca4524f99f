"""Events to Kafka: key = the floor, partition by murmur2 of it, time stamp = when it was sent."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream.errors import ServiceError
from stream.events.partition import partition_of
from stream.simulate.run import Sent

_PIECE = 2_000
_TOPIC_S_MAX = 5.0


def produce(
    events: Iterable[Sent], brokers: str, topic: str, floors: Sequence[str], *, paced: bool
) -> int:
    """Send events and wait until the broker has them; returns how many.

    `paced`: each when the clock shows the instant at which it is sent.

    Raises:
        ServiceError: the broker is not there or refuses.
    """
    # What it would say about the broker is in the error; without any handler it goes to stderr.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    return asyncio.run(_produce(events, brokers, topic, floors, paced=paced))


async def _produce(
    events: Iterable[Sent], brokers: str, topic: str, floors: Sequence[str], *, paced: bool
) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=brokers, linger_ms=5, acks="all")
    try:
        try:
            await producer.start()
            return await send_all(producer, events, topic, floors, paced=paced)
        finally:
            await producer.stop()  # one that could not start holds connections too
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
    """Send events with a producer that was started; returns how many were acknowledged.

    Raises:
        ServiceError: there is no such topic.
        KafkaError: an event was not acknowledged.
    """
    try:  # by itself it would ask for as long as a record may wait
        partitions = len(await asyncio.wait_for(producer.partitions_for(topic), _TOPIC_S_MAX))
    except TimeoutError:
        raise ServiceError(f"Kafka has no topic {topic}") from None
    place = {floor: partition_of(floor, partitions) for floor in floors}
    keys = {floor: floor.encode() for floor in floors}
    waiting: list[asyncio.Future[object]] = []
    count = 0
    for sent in events:
        ahead_s = sent.sent_ms / 1000 - time.time() if paced else 0.0
        if ahead_s > 0 or len(waiting) >= _PIECE:
            await asyncio.gather(*waiting)
            waiting.clear()
            await asyncio.sleep(max(0.0, sent.sent_ms / 1000 - time.time()) if paced else 0)
        value, key = orjson.dumps(sent.event), keys[sent.floor]
        waiting.append(await producer.send(topic, value, key, place[sent.floor], sent.sent_ms))
        count += 1
    await asyncio.gather(*waiting)
    return count
