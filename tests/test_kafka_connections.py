import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from tests.components import Kafka
from tests.kafka_connections import KafkaConnectionLeftOpen, closed_at_the_end


async def a_producer_nobody_stops(address: str) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.client.bootstrap()
    assert await producer.client.ready(1)
    return producer


def test_a_connection_that_was_left_open_is_closed_and_reported_with_its_origin(
    kafka: Kafka,
) -> None:
    with (
        pytest.warns(KafkaConnectionLeftOpen, match="a_producer_nobody_stops"),
        closed_at_the_end(),
    ):
        producer = asyncio.run(a_producer_nobody_stops(kafka.address))
    (connection,) = producer.client._conns.values()
    assert not connection.connected()
    producer._closed = True  # it would warn of itself


async def test_a_client_that_was_closed_is_not_reported(kafka: Kafka) -> None:
    with closed_at_the_end():
        producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
        await producer.start()
        await producer.stop()
