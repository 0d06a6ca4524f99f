"""The programs that demo and tests start."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stream.cli.embedded import Program, RedisProgram, broker_program, free_port, take_ports
from stream.errors import ServiceError
from tests.components import Kafka

LARGEST = 16_000_000


def test_free_ports_are_adjacent_and_none_that_an_outgoing_connection_may_get() -> None:
    first = free_port(2)
    with socket.socket() as low, socket.socket() as high:
        low.bind(("127.0.0.1", first))
        high.bind(("127.0.0.1", first + 1))
    assert first + 1 <= 32_000


def test_a_port_is_given_once_even_while_its_program_has_not_started() -> None:
    first = free_port(2)
    assert not take_ports(first)
    assert not take_ports(first - 1, first)
    given = [free_port() for _ in range(500)]
    assert len({first, first + 1, *given}) == 502


def test_a_program_does_not_take_another_on_its_port_for_itself(
    make_redis: Callable[..., RedisProgram], redis_executable: Path, tmp_path: Path
) -> None:
    first, second = make_redis(), RedisProgram(redis_executable, tmp_path / "second")
    second.port = first.port
    with pytest.raises(ServiceError, match=f"another program answers on {first.address}"):
        second.start()
    assert first.running
    assert not second.running


def test_redis_never_evicts_and_keeps_what_it_confirmed_through_kill_and_restart(
    make_redis: Callable[..., RedisProgram],
) -> None:
    server = make_redis("--appendfsync", "always")
    with redis.Redis.from_url(server.url) as client:
        client.set("a", "1")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    server.stop(signal.SIGKILL)
    assert not server.running
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("a") == b"1"


def test_the_shared_redis_is_empty_for_each_test(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_a_program_that_ends_at_once_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    program = Program("shell", ("sh", "-c", "echo no such luck; exit 3"), free_port(), tmp_path)
    with pytest.raises(ServiceError, match=r"(?s)shell ended with 3.*no such luck"):
        program.start()


def test_a_program_that_does_not_answer_in_time_is_ended(tmp_path: Path) -> None:
    program = Program("mute", ("sleep", "60"), free_port(), tmp_path)
    with pytest.raises(ServiceError, match=r"mute gave no answer within 0\.2 s"):
        program.start(deadline_s=0.2)
    assert not program.running


async def test_the_embedded_broker_gives_back_what_was_sent(broker: Program) -> None:
    await _there_and_back(broker.address, "embedded", b"x" * 1000)


async def test_kafka_takes_a_record_of_sixteen_megabytes(kafka: Kafka) -> None:
    await _there_and_back(kafka.address, "large", b"x" * LARGEST)


async def test_two_brokers_do_not_share_topics(broker: Program, tmp_path: Path) -> None:
    await _there_and_back(broker.address, "mine", b"x")
    with broker_program(tmp_path) as other:
        admin = AIOKafkaAdminClient(bootstrap_servers=other.address)
        await admin.start()
        try:
            assert "mine" not in await admin.list_topics()
        finally:
            await admin.close()


async def _there_and_back(address: str, topic: str, value: bytes) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=address, max_request_size=2**24) as producer:
        await producer.send_and_wait(topic, value, partition=0)
    consumer = AIOKafkaConsumer(bootstrap_servers=address, max_partition_fetch_bytes=2**24)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        record = await consumer.getone()
        assert record.value == value
    finally:
        await consumer.stop()
