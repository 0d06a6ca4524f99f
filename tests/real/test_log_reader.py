"""What brokers say of a record at an offset: the real one, and the embedded one of the demo."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.types import TP

from stream.agents.transport.log_reader import LogReader, LogReading
from stream.cli.embedded import Program
from stream.store.record_fingerprint import RecordFingerprint
from tests.components import Kafka
from tests.real.reading import Record, fresh_name, make_topic, produce

T0 = 1_795_000_200_000
NOTHING = LogReading(None, reached=False)


async def filled(address: str) -> TP:
    """A partition of a hundred records."""
    topic = fresh_name("log")
    await make_topic(address, topic, 1)
    await produce(address, topic, [Record(0, b"value %d" % i, T0 + i) for i in range(100)])
    return TP(topic, 0)


async def assert_read(reader: LogReader, place: TP) -> None:
    for offset in (0, 50, 99):
        record = RecordFingerprint.of(offset, T0 + offset, b"value %d" % offset)
        assert await reader.read(place, offset) == LogReading(record, reached=True)
    for offset in (100, 150):
        assert await reader.read(place, offset) == NOTHING


async def test_a_record_is_read_by_its_offset_and_what_is_not_there_is_said(kafka: Kafka) -> None:
    reader, place = LogReader(kafka.address), await filled(kafka.address)
    await assert_read(reader, place)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.delete_records({TopicPartition(*place): RecordsToDelete(60)})
    await admin.close()
    assert await reader.start(place) == 60
    assert await reader.read(place, 59) == LogReading(None, reached=True, start=60)
    assert (await reader.read(place, 60)).record is not None
    await reader.close()


async def test_the_embedded_broker_says_the_same(broker: Program) -> None:
    reader, place = LogReader(broker.address), await filled(broker.address)
    await assert_read(reader, place)
    assert await reader.start(place) == 0
    await reader.close()


async def test_asking_for_a_topic_that_does_not_exist_creates_none(kafka: Kafka) -> None:
    reader, topic = LogReader(kafka.address), fresh_name("missing")
    with pytest.raises(KafkaError):
        await reader.read(TP(topic, 0), 0)
    await asyncio.sleep(0.2)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    assert topic not in await admin.list_topics()
    await admin.close()
    await reader.close()
