"""The batch transport on a real Apache Kafka: nothing lost, nothing twice, whatever is sought."""

import asyncio
import random
import time

import pytest
from faust.types import TP

from stream.agents.transport.faust_app import GroupTimes, consumer_of
from tests.components import Kafka
from tests.real.reading import Record, fresh_name, make_topic, produce, reading

PARTITIONS = 3


def numbered(count: int, start: int = 0) -> list[Record]:
    """Records that hold their own offsets."""
    return [
        Record(p, f"{p}:{i}".encode().ljust(180), 1_700_000_000_000 + i)
        for i in range(start, start + count)
        for p in range(PARTITIONS)
    ]


def expected(count: int) -> dict[int, list[bytes]]:
    return {p: [f"{p}:{i}".encode().ljust(180) for i in range(count)] for p in range(PARTITIONS)}


@pytest.fixture
async def topic(kafka: Kafka) -> str:
    name = fresh_name("transport")
    await make_topic(kafka.address, name, PARTITIONS)
    return name


async def test_each_record_arrives_once_in_order_with_kafkas_time(kafka: Kafka, topic: str) -> None:
    await produce(kafka.address, topic, numbered(5_000))

    async with reading(kafka.address, topic) as reader:
        await reader.until(lambda: sum(map(len, reader.values.values())) >= 15_000)

    assert dict(reader.values) == expected(5_000)
    for batch in reader.batches:
        assert batch.columns.times_ms == [1_700_000_000_000 + i for i in batch.columns.offsets]
        assert batch.highwater == 5_000


async def test_a_seek_during_a_fetch_neither_loses_nor_repeats(kafka: Kafka, topic: str) -> None:
    """Goal: rewinds at random moments, while a producer writes and fetches are under way, always
    end in each record once. Method: the reader refuses a batch that does not begin where it
    stands, unless its session is old.
    """
    rng = random.Random(7)
    total = 20_000
    await produce(kafka.address, topic, numbered(total // 2))
    async with reading(kafka.address, topic) as reader:
        writing = asyncio.create_task(
            produce(kafka.address, topic, numbered(total // 2, total // 2))
        )
        for _ in range(60):
            await asyncio.sleep(rng.random() * 0.05)
            tp = TP(topic, rng.randrange(PARTITIONS))
            await reader.rewind(tp, rng.randrange(reader.position[tp] + 1))
        await writing
        await reader.until(lambda: all(len(v) >= total for v in reader.values.values()))

    assert dict(reader.values) == expected(total)
    assert len({batch.session for batch in reader.batches}) > PARTITIONS


async def test_records_that_are_not_released_stop_the_fetching_and_release_resumes_it(
    kafka: Kafka, topic: str
) -> None:
    await produce(kafka.address, topic, numbered(3_000))
    async with reading(kafka.address, topic) as reader:
        consumer = consumer_of(reader.app)
        consumer.records_in_flight_max = 500
        reader.hold = True
        await reader.until(lambda: all(reader.position[TP(topic, p)] for p in range(PARTITIONS)))
        await produce(kafka.address, topic, numbered(1_000, 3_000))
        held = dict(reader.position)
        await asyncio.sleep(2.0)  # longer than two fetches: nothing may come
        assert dict(reader.position) == held

        reader.hold = False
        for batch in list(reader.batches):
            consumer.release(batch.session, len(batch.columns.values))
        await reader.until(lambda: all(len(v) == 4_000 for v in reader.values.values()))


async def test_a_worker_that_does_not_fetch_stays_in_its_group(kafka: Kafka, topic: str) -> None:
    async with reading(kafka.address, topic, times=GroupTimes(6.0, 1.0, poll_s=2.0)) as reader:
        consumer = consumer_of(reader.app)
        await reader.until(lambda: len(consumer.ready) == PARTITIONS)
        consumer.records_in_flight_max = 0  # no credit at all: getmany never asks aiokafka
        generation = reader.app.consumer_generation_id
        await asyncio.sleep(6.0)
        assert reader.app.consumer_generation_id == generation

        consumer.records_in_flight_max = 50_000
        await produce(kafka.address, topic, numbered(10))
        await reader.until(lambda: sum(map(len, reader.values.values())) == 30)


async def test_an_acquisition_that_takes_long_does_not_stop_the_worker_for_good(
    kafka: Kafka, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.agents.transport.batch_consumer.SEEK_S_MAX", 0.5)
    await produce(kafka.address, topic, numbered(100))
    async with reading(kafka.address, topic) as reader:
        reader.acquire_delay_s = 3.0
        await reader.until(lambda: sum(map(len, reader.values.values())) == 300)

    assert dict(reader.values) == expected(100)


async def test_what_was_confirmed_is_committed_to_kafka(kafka: Kafka, topic: str) -> None:
    await produce(kafka.address, topic, numbered(100))
    group = fresh_name("group")
    async with reading(kafka.address, topic, group=group) as reader:
        await reader.until(lambda: sum(map(len, reader.values.values())) == 300)
        consumer = consumer_of(reader.app)
        await consumer.commit()
        thread = consumer._thread
        for partition in range(PARTITIONS):
            kafka_tp = TP(topic, partition)
            committed = await thread.call_thread(thread._ensure_consumer().committed, kafka_tp)
            assert committed == 100


async def test_the_end_is_known_after_a_fetch_that_brought_nothing(
    kafka: Kafka, topic: str
) -> None:
    await produce(kafka.address, topic, numbered(100))
    async with reading(kafka.address, topic) as reader:
        await reader.until(lambda: sum(map(len, reader.values.values())) == 300)
        fetch_monitor = consumer_of(reader.app).fetch_monitor
        tp = TP(topic, 0)
        batches = len(reader.batches)
        await reader.rewind(tp, 100)
        await reader.until(lambda: fetch_monitor.end(tp) is not None)
        assert fetch_monitor.end(tp) == 100
        assert len(reader.batches) == batches


async def test_a_second_worker_takes_over_where_the_first_stood(kafka: Kafka, topic: str) -> None:
    await produce(kafka.address, topic, numbered(1_000))
    group = fresh_name("group")
    async with reading(kafka.address, topic, group=group) as first:
        await first.until(lambda: sum(map(len, first.values.values())) == 3_000)
        async with reading(kafka.address, topic, group=group, share=first) as second:
            both = (consumer_of(first.app), consumer_of(second.app))
            await second.until(lambda: all(c.ready for c in both))
            await second.until(lambda: sum(len(c.ready) for c in both) == PARTITIONS)
            await produce(kafka.address, topic, numbered(1_000, 1_000))
            await second.until(lambda: sum(map(len, first.values.values())) == 6_000)

    assert dict(first.values) == expected(2_000)


async def test_it_stops_at_once_when_nothing_is_in_flight(kafka: Kafka, topic: str) -> None:
    async with reading(kafka.address, topic) as reader:
        await reader.until(lambda: len(consumer_of(reader.app).ready) == PARTITIONS)
        began = time.monotonic()
    assert time.monotonic() - began < 3.0
