"""Whole workers on real Kafka and Redis: mostly rejected streams, and refused dead letters."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from stream.cli.main import app
from stream.events.partition import partition_of
from stream.units import SECOND_MS
from tests.components import Kafka
from tests.real.reading import make_topic
from tests.real.staging import (
    PARTITIONS,
    T0,
    MakeRedis,
    MakeStage,
    assert_all_same,
    ends,
    joined,
    one_redis,
    ordinary,
    send,
    state,
    stop_in_time,
)
from tests.real.working import (
    KEEP_FOR_EVER,
    Reference,
    Stage,
    Stored,
    WorkerProcess,
    Written,
    assert_same,
    wait_until,
)

HOME = partition_of("floor-0", PARTITIONS)
NOT_READY = "most events of the last minute or two were rejected or late; see the dead letters"
LETTERS_MAX = 10_000 + 16_000
"""Dead letters at which reading waits, and a chunk more."""


def bad(count: int) -> Written:
    """Events of a state that nobody knows, on one partition."""
    values: dict[int, list[bytes | None]] = {p: [] for p in range(PARTITIONS)}
    times: dict[int, list[int]] = {p: [] for p in range(PARTITIONS)}
    values[HOME] = [state("floor-0", at, state="dancing") for at in range(count)]
    times[HOME] = [T0 + at * SECOND_MS for at in range(count)]
    return Written(values, times)


def metric(worker: WorkerProcess, name: str) -> float:
    """A series of the worker's own; 0 while there is none."""
    lines = worker.get("/metrics")[1].decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), 0.0)


def rejected(worker: WorkerProcess) -> float:
    return metric(worker, 'floorwatch_events_rejected_total{reason="unknown_enum"}')


async def records_of(stage: Stage, topic: str, partition: int) -> list[Any]:
    """All records of a partition."""
    tp = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(bootstrap_servers=stage.brokers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        records: list[Any] = []
        while await consumer.position(tp) < end:
            found = await consumer.getmany(tp, timeout_ms=1_000)
            records += found.get(tp, [])
        return records
    finally:
        await consumer.stop()


async def dead_letter_keys(stage: Stage) -> list[bytes]:
    return [record.key for record in await records_of(stage, f"{stage.topic}-dlq", 0)]


@one_redis
async def test_a_mostly_rejected_stream_is_an_alarm_and_not_ready_until_good_events_end_it(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    first, second = joined(ordinary(400), bad(1_000)), ordinary(4_000, 400)
    with stage.workers("worker") as (worker,):
        stored = Stored(stage)
        wait_until(worker.is_ready, "it is ready")
        await send(stage, first)
        wait_until(lambda: worker.why_not_ready() == [NOT_READY], "it says that it is not ready")
        assert metric(worker, "floorwatch_events_mostly_bad") == 1
        wait_until(lambda: stored.offsets() == ends(first), "all is applied")
        await send(stage, second)
        wait_until(worker.is_ready, "good events have ended it")
        assert metric(worker, "floorwatch_events_mostly_bad") == 0
        written = joined(first, second)
        wait_until(lambda: stored.offsets() == ends(written), "all is applied")
        assert_all_same(stage, stored, written)
        assert metric(worker, 'floorwatch_events_total{result="accepted"}') == 4_400
        assert worker.log.count("most events are rejected or late") == 1
        assert worker.log.count("most events are accepted again") == 1
        stored.close()


async def limit_message_size_of(stage: Stage, bytes_max: int) -> None:
    """Let the brokers accept no larger dead letters."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.brokers)
    await admin.start()
    try:
        options = {**KEEP_FOR_EVER, "max.message.bytes": str(bytes_max)}
        topic = ConfigResource(ConfigResourceType.TOPIC, f"{stage.topic}-dlq", options)
        await admin.alter_configs([topic])
    finally:
        await admin.close()


async def until_it_waits(worker: WorkerProcess) -> float:
    """Wait until as many dead letters wait as may, and reading has stopped; return their number."""
    wait_until(lambda: rejected(worker) >= 10_000, "the bound is reached")
    wait_until(lambda: "has accepted no records for" in str(worker.why_not_ready()), "it says so")
    await asyncio.sleep(2.0)  # so that it would have read on
    return rejected(worker)


@pytest.mark.slow
@one_redis
async def test_a_worker_without_its_topics_says_so_and_reads_no_further_than_it_can_keep(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    names = [f"{stage.topic}-dlq", f"{stage.topic}-control"]
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=stage.brokers)
    await admin.start()
    await admin.delete_topics(names)
    await admin.close()
    written = joined(joined(ordinary(2_000), bad(40_000)), ordinary(2_000, 2_000))
    with stage.workers("worker") as (worker,):
        stored = Stored(stage)
        for name in names:
            reason = f"topic {name} does not exist"
            wait_until(lambda reason=reason: reason in worker.why_not_ready(), reason)  # type: ignore[misc]
            assert worker.log.count(reason) == 1
        await send(stage, written)
        assert await until_it_waits(worker) < LETTERS_MAX
        assert "UnknownTopicOrPartition" in str(worker.why_not_ready())
        assert stored.offset(HOME) == 0
        for name in names:
            await make_topic(stage.brokers, name, 1, KEEP_FOR_EVER)
        wait_until(lambda: stored.offsets() == ends(written), "all is stored")
        assert len(set(await dead_letter_keys(stage))) == 40_000
        assert_all_same(stage, stored, written)
        wait_until(lambda: set(worker.why_not_ready()) <= {NOT_READY}, "nothing else is wrong")
        assert "Traceback" not in worker.log
        assert stop_in_time(worker) == 0
        stored.close()


@pytest.mark.slow
@one_redis
async def test_while_brokers_refuse_dead_letters_nothing_is_committed_and_nothing_lost(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    first, second = ordinary(2_000), joined(bad(40_000), ordinary(2_000, 2_000))
    written = joined(first, second)
    with stage.workers("worker") as (worker,):
        stored = Stored(stage)
        await send(stage, first)
        wait_until(lambda: stored.offsets() == ends(first), "all is applied")
        await limit_message_size_of(stage, 100)
        await send(stage, second)
        assert await until_it_waits(worker) < LETTERS_MAX
        assert "MessageSizeTooLarge" in str(worker.why_not_ready())
        assert stored.offset(HOME) == ends(first)[HOME]
        await limit_message_size_of(stage, 2**20)
        wait_until(lambda: stored.offsets() == ends(written), "all is stored")
        assert len(set(await dead_letter_keys(stage))) == 40_000
        assert_all_same(stage, stored, written)
        stored.close()


@one_redis
async def test_misrouted_events_that_are_sent_again_count_as_if_they_had_come_right(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    right = ordinary(4_000)
    lost = (HOME + 1) % PARTITIONS
    values = {p: [*right.values[p]] for p in range(PARTITIONS)}
    times = {p: [*right.times_ms[p]] for p in range(PARTITIONS)}
    values[HOME] += values.pop(lost)
    times[HOME] += times.pop(lost)
    astray = Written({**values, lost: []}, {**times, lost: []})
    with stage.workers("worker") as (worker,):
        stored = Stored(stage)
        await send(stage, astray)
        wait_until(lambda: stored.offsets() == ends(astray), "all is applied")
        command = ["dlq", "retry", "--reason", "misrouted", "--config", str(stage.config)]
        said = await asyncio.to_thread(CliRunner().invoke, app, command)
        assert f"sent {ends(right)[lost]} dead letters again" in said.output
        wait_until(lambda: stored.offset(lost) == ends(right)[lost], "what was sent is applied")
        found = await records_of(stage, stage.topic, lost)
        assert [record.value for record in found] == right.values[lost]
        assert_same(stored, Reference(stage, right), lost, right)
        assert metric(worker, 'floorwatch_events_total{result="accepted"}') == 4_000
        stored.close()
