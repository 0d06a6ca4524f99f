"""What producers do to the records of a real Apache Kafka: compression, transactions, no time."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer
from faust.types import TP

from stream.agents.transport.faust_app import consumer_of
from stream.agents.transport.fetched_batch import NO_TIMESTAMP
from tests.components import Kafka
from tests.real.reading import Reader, Record, fresh_name, make_topic, produce, reading

CODECS = ("gzip", "snappy", "lz4", "zstd")
TEXT = b"a text that is worth compressing " * 8


def values(name: str, count: int = 20) -> list[bytes]:
    return [f"{name} {i} ".encode() + TEXT for i in range(count)]


def send(address: str, topic: str, what: Iterable[bytes], **options: Any) -> None:
    """Produce to partition 0 with librdkafka, whose codecs are its own."""
    producer = Producer({"bootstrap.servers": address, "linger.ms": 50, **options})
    for value in what:
        producer.produce(topic, value, partition=0)
    assert producer.flush(20) == 0


class Gateway:
    """A producer of transactions."""

    def __init__(self, address: str, topic: str, partition: int = 0) -> None:
        settings = {"bootstrap.servers": address, "transactional.id": fresh_name(topic)}
        self._producer, self._topic, self._partition = Producer(settings), topic, partition
        self._producer.init_transactions(20)

    def begin(self, what: Sequence[bytes]) -> None:
        """Write in a transaction that stays open."""
        self._producer.begin_transaction()
        for value in what:
            self._producer.produce(self._topic, value, partition=self._partition)
        assert self._producer.flush(20) == 0

    def commit(self, what: Sequence[bytes] = ()) -> None:
        self.begin(what) if what else None
        self._producer.commit_transaction(20)

    def abort(self, what: Sequence[bytes] = ()) -> None:
        self.begin(what) if what else None
        self._producer.abort_transaction(20)


async def all_read(reader: Reader, topic: str, partition: int = 0) -> int:
    """Wait until the position is the end; it."""
    tp, consumer = TP(topic, partition), consumer_of(reader.app)

    def is_at_end() -> bool:
        end = consumer.fetch_monitor.end(tp)
        return bool(end) and reader.position[tp] == end

    await reader.until(is_at_end)
    return reader.position[tp]


async def test_records_of_all_codecs_in_one_partition_are_read(kafka: Kafka) -> None:
    topic = fresh_name("codecs")
    await make_topic(kafka.address, topic, 1)
    expected = []
    for codec in ("none", *CODECS, "none"):
        send(kafka.address, topic, values(codec), **{"compression.type": codec})
        expected += values(codec)

    async with reading(kafka.address, topic) as reader:
        await reader.until(lambda: len(reader.values[0]) >= len(expected))

    assert reader.values[0] == expected


@pytest.mark.parametrize("codec", CODECS)
async def test_records_that_the_topic_itself_compresses_are_read(kafka: Kafka, codec: str) -> None:
    topic = fresh_name("codecs")
    await make_topic(kafka.address, topic, 1, {"compression.type": codec})
    send(kafka.address, topic, values("plain"))

    async with reading(kafka.address, topic) as reader:
        await reader.until(lambda: len(reader.values[0]) >= 20)

    assert reader.values[0] == values("plain")


async def test_what_a_transaction_aborts_is_not_read_and_the_position_passes_its_markers(
    kafka: Kafka,
) -> None:
    """A compressed transaction in front of an aborted one, and an aborted one at the log's end."""
    topic = fresh_name("transactions")
    await make_topic(kafka.address, topic, 1, {"compression.type": "lz4"})
    gateway, other = Gateway(kafka.address, topic), Gateway(kafka.address, topic)
    gateway.commit(values("good"))
    other.begin(values("aborted"))
    gateway.commit(values("between"))
    other.abort()
    send(kafka.address, topic, values("plain"))
    async with reading(kafka.address, topic) as reader:
        assert await all_read(reader, topic) == 83  # with a marker of each transaction
        gateway.abort(values("last"))
        await reader.until(lambda: reader.position[TP(topic, 0)] == 104)

        assert reader.values[0] == [*values("good"), *values("between"), *values("plain")]


async def test_a_partition_that_holds_markers_alone_is_read_to_its_end(kafka: Kafka) -> None:
    topic = fresh_name("transactions")
    await make_topic(kafka.address, topic, 2)
    gateway = Gateway(kafka.address, topic)
    gateway.abort(values("aborted", 1))
    gateway.abort(values("aborted", 1))

    async with reading(kafka.address, topic) as reader:
        assert await all_read(reader, topic) == 4
        assert reader.values[0] == []
        assert consumer_of(reader.app).in_flight[reader.batches[0].session] == 0


async def test_an_open_transaction_ends_what_is_known_until_it_is_committed(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.agents.transport.fetch_monitor.TRANSACTION_S_MAX", 2.0)
    topic = fresh_name("transactions")
    await make_topic(kafka.address, topic, 1)
    send(kafka.address, topic, values("before"))
    gateway = Gateway(kafka.address, topic)
    gateway.begin(values("open"))
    send(kafka.address, topic, values("behind"))
    async with reading(kafka.address, topic) as reader:
        assert await all_read(reader, topic) == 20
        monitor, now_s = consumer_of(reader.app).fetch_monitor, reader.app.loop.time
        assert monitor.open_transactions(now_s()) == []
        await reader.until(lambda: bool(monitor.open_transactions(now_s())))
        assert monitor.open_transactions(now_s())[0].startswith(
            "partition 0: a transaction has been open at offset 20 for 2 s"
        )
        gateway.commit()
        await reader.until(lambda: len(reader.values[0]) == 60)
        await reader.until(lambda: monitor.open_transactions(now_s()) == [])
    assert reader.values[0] == [*values("before"), *values("open"), *values("behind")]


async def test_a_record_without_a_time_stamp_is_read_as_one(kafka: Kafka) -> None:
    topic = fresh_name("no-time")
    await make_topic(kafka.address, topic, 1)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
    await producer.start()
    try:
        batch = producer.create_batch()
        batch.append(key=None, value=b"no time", timestamp=-1)
        await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()
    await produce(kafka.address, topic, [Record(0, b"time", 1_700_000_000_000)])

    async with reading(kafka.address, topic) as reader:
        await reader.until(lambda: len(reader.values[0]) == 2)
        times_ms = [time for batch in reader.batches for time in batch.columns.times_ms]

    assert times_ms == [NO_TIMESTAMP, 1_700_000_000_000]


async def test_each_record_says_whether_the_broker_or_its_producer_gave_the_time(
    kafka: Kafka,
) -> None:
    flags = {}
    for kind in ("CreateTime", "LogAppendTime"):
        topic = fresh_name("stamped")
        await make_topic(kafka.address, topic, 1, {"message.timestamp.type": kind})
        await produce(kafka.address, topic, [Record(0, b"one", 1_700_000_000_000)] * 3)
        async with reading(kafka.address, topic) as reader:
            await reader.until(lambda: len(reader.values[0]) == 3)
            flags[kind] = b"".join(batch.columns.appended for batch in reader.batches)

    assert flags == {"CreateTime": b"\0\0\0", "LogAppendTime": b"\1\1\1"}
