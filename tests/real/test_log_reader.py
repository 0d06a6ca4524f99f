"""What brokers say of a record at an offset: the real one, and the embedded one of the demo."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.structs import TopicPartition
from faust.types import TP

from stream.agents.log_check import LogCheck, LogMatch
from stream.agents.transport import log_reader
from stream.agents.transport.log_reader import LogReader, LogReading
from stream.cli.embedded import Program
from stream.kafka.clients import new_client
from stream.store.record_fingerprint import RecordFingerprint
from tests.components import Kafka, KafkaCluster
from tests.real.reading import Record, fresh_name, make_topic, produce

T0 = 1_795_000_200_000


async def filled(address: str) -> TP:
    """A partition of a hundred records."""
    topic = fresh_name("log")
    await make_topic(address, topic, 1)
    await produce(address, topic, [Record(0, b"value %d" % i, T0 + i) for i in range(100)])
    return TP(topic, 0)


async def assert_read(reader: LogReader, place: TP, *, says_cut: bool) -> None:
    for offset in (0, 50, 99):
        record = RecordFingerprint.of(offset, T0 + offset, b"value %d" % offset)
        assert await reader.read(place, offset) == LogReading(record, reached=True)
    for offset in (100, 150):
        assert await reader.read(place, offset) == LogReading(None, reached=False, cut=says_cut)


async def test_a_record_is_read_by_its_offset_and_what_is_not_there_is_said(kafka: Kafka) -> None:
    reader, place = LogReader(kafka.address), await filled(kafka.address)
    await assert_read(reader, place, says_cut=True)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.delete_records({TopicPartition(*place): RecordsToDelete(60)})
    await admin.close()
    assert await reader.start(place) == 60
    assert await reader.read(place, 59) == LogReading(None, reached=True, start=60)
    assert (await reader.read(place, 60)).record is not None
    await reader.close()


async def test_records_are_looked_up_by_their_time_in_one_request(kafka: Kafka) -> None:
    reader, place = LogReader(kafka.address), await filled(kafka.address)
    for _ in range(2):  # before and after it knows the leaders
        found = await reader.find(place.topic, {0: T0 + 50, 7: T0})
        assert found == {0: (T0 + 50, 50)}
    await produce(kafka.address, place.topic, [Record(0, b"more", T0 + 200)])
    assert await reader.find(place.topic, {0: T0 + 50}) == {0: (T0 + 50, 50)}
    assert await reader.find(place.topic, {0: T0 + 150}) == {0: (T0 + 200, 100)}
    assert await reader.find(place.topic, {0: T0 + 999}) == {0: (-1, -1)}
    assert await reader.find("none", {0: T0}) == {}
    await reader.close()


async def test_a_log_in_which_nothing_is_written_is_not_read_again(kafka: Kafka) -> None:
    reader, place = LogReader(kafka.address), await filled(kafka.address)
    check, last = LogCheck(reader), RecordFingerprint.of(99, T0 + 99, b"value 99")
    assert await check.unmoved({place: last}) == set()
    assert await check.check(place, last) is LogMatch.same
    assert await check.unmoved({place: last}) == {place}
    await produce(kafka.address, place.topic, [Record(0, b"more", T0 + 100)])
    assert await check.unmoved({place: last}) == {place}
    await reader.close()


async def test_the_embedded_broker_says_the_same_but_that_a_log_ends_before(
    broker: Program,
) -> None:
    reader, place = LogReader(broker.address), await filled(broker.address)
    await assert_read(reader, place, says_cut=False)
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


async def test_only_the_topic_that_is_read_is_asked_for(broker: Program) -> None:
    """A cluster may have tens of thousands of partitions."""
    place, _other = await filled(broker.address), await filled(broker.address)
    client = new_client(broker.address, 5_000, place.topic)
    await client.bootstrap()
    assert await client.force_metadata_update()
    assert client.cluster.topics() == {place.topic}
    await client.close()


async def test_a_request_ends_though_its_client_is_closed_meanwhile(broker: Program) -> None:
    """aiokafka leaves the metadata update of a client that is closed pending for ever."""
    reader, place = LogReader(broker.address), await filled(broker.address)
    await reader.start(place)
    missing = asyncio.create_task(reader.read(TP(place.topic, 7), 0))
    await asyncio.sleep(0)
    await reader.close()
    async with asyncio.timeout(10):
        with pytest.raises(KafkaError):
            await missing
        assert await reader.start(place) == 0
    await reader.close()


class SilentServer:
    """Accepts connections, as a broker that is stopped does, and answers nothing."""

    def __init__(self) -> None:
        self.connections = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._hold, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.read(-1)
        writer.close()

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def silent() -> AsyncIterator[SilentServer]:
    server = SilentServer()
    await server.start()
    yield server
    await server.close()


async def test_a_silent_broker_is_an_error_in_time(
    silent: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "REQUEST_S_MAX", 0.2)
    reader = LogReader(silent.address)
    async with asyncio.timeout(2):
        with pytest.raises(KafkaError, match=r"floor-events:0 does not answer"):
            await reader.read(TP("floor-events", 0), 0)
    await reader.close()


async def test_partitions_wait_for_one_attempt_that_outlives_them(
    broker: Program, silent: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a first address that is silent would keep the second from ever being tried."""
    place = await filled(broker.address)
    monkeypatch.setattr("random.shuffle", lambda _hosts: None)  # the silent one is first
    monkeypatch.setattr(log_reader, "ANSWER_S_MAX", 2.0)
    monkeypatch.setattr(log_reader, "REQUEST_S_MAX", 0.2)
    reader = LogReader(f"{silent.address},{broker.address}")
    reads = [reader.start(place) for _ in range(5)]
    results = await asyncio.gather(*reads, return_exceptions=True)
    assert {type(result) for result in results} == {KafkaConnectionError}
    monkeypatch.setattr(log_reader, "REQUEST_S_MAX", 20.0)
    assert await reader.start(place) == 0
    assert silent.connections == 1
    await reader.close()


async def starts(reader: LogReader, places: list[TP]) -> list[int | None]:
    """Where each log begins; None: its leader does not answer."""
    results = await asyncio.gather(*map(reader.start, places), return_exceptions=True)
    unexpected = [one for one in results if not isinstance(one, (int, KafkaError))]
    assert unexpected == []
    return [one if isinstance(one, int) else None for one in results]


@pytest.mark.slow
async def test_partitions_of_a_silent_broker_do_not_delay_those_of_others(
    kafka_cluster: KafkaCluster,
) -> None:
    topic, reader = fresh_name("log"), LogReader(kafka_cluster.address)
    await make_topic(kafka_cluster.address, topic, 12)
    places = [TP(topic, number) for number in range(12)]
    async with asyncio.timeout(30):
        while await starts(reader, places) != [0] * 12:  # noqa: ASYNC110 - nodes learn of it
            await asyncio.sleep(0.1)
    await reader.close()
    pid = int((kafka_cluster.nodes[3].directory / "pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        for _round in range(2):
            began_s = time.monotonic()
            results = await starts(reader, places)
            assert time.monotonic() - began_s < log_reader.REQUEST_S_MAX + 1
        assert sorted(results, key=str) == [0] * 8 + [None] * 4
    finally:
        os.kill(pid, signal.SIGCONT)
    await reader.close()
