"""What a worker refuses, and how much it holds, when its store or its topic is not as it was."""

import asyncio

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from stream.events.partition import partition_of
from tests.components import Kafka
from tests.faults.soak import resident_bytes
from tests.real.reading import make_topic
from tests.real.staging import (
    LARGE,
    PARTITIONS,
    MakeRedis,
    MakeStage,
    ends,
    one_redis,
    ordinary,
    send,
)
from tests.real.working import Reference, Stage, Stored, Written, assert_same, wait_until

WAITING = 1_000_000
AT_ONCE = 50_000
RESIDENT_BYTES_MAX = 300e6
"""What docs/guarantees.md says of a worker with few agents and a long backlog."""


@one_redis
async def test_a_redis_that_is_emptied_under_a_running_worker_ends_it_with_what_to_do(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    first, second = ordinary(2_000), ordinary(500, 2_000)
    stored = Stored(stage)
    with stage.workers("worker") as (worker,):
        await send(stage, first)
        wait_until(lambda: stored.offsets() == ends(first), "all is applied")
        await asyncio.sleep(2.0)  # until the offsets were committed to Kafka
        stored.flush()
        await send(stage, second)
        assert worker.process is not None
        assert worker.process.wait(60) == 1
        assert "but this group has read it up to" in worker.log
        assert 'set [redis] on_loss = "rebuild"' in worker.log
        assert "Traceback" not in worker.log
    stored.close()


@one_redis
async def test_more_partitions_are_refused_and_the_floors_move_into_a_new_topic(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    """As docs/operations.md says: copy by floor; views are adopted, old state may stay."""
    stage = await make_stage(kafka.address, make_redis().url)
    written = ordinary(2_000, floors=24)
    stored = Stored(stage)
    with stage.workers("before") as (worker,):
        await send(stage, written)
        wait_until(lambda: stored.offsets() == ends(written), "all is applied")
        assert worker.end() == 0
    await add_partitions(stage, PARTITIONS + 4)
    with stage.workers("refusing") as (worker,):
        assert worker.process is not None
        assert worker.process.wait(60) == 1
        sizes = f"for {PARTITIONS} partitions, the topic has {PARTITIONS + 4}"
        assert f"was stored {sizes}" in worker.log
        assert "Copy the records by floor into a new topic" in worker.log
        assert "Traceback" not in worker.log

    old = stage.topic
    stage.topic, stage.partitions = f"{old}-12", PARTITIONS + 4
    for name, partitions in ((stage.topic, stage.partitions), (f"{stage.topic}-dlq", 1)):
        await make_topic(stage.brokers, name, partitions, LARGE)
    await make_topic(stage.brokers, f"{stage.topic}-control", 1, LARGE)
    moved = by_floor(written, stage.partitions)
    with stage.workers("after") as (worker,):
        await send(stage, moved)
        lengths = [len(moved.values[p]) for p in range(stage.partitions)]
        wait_until(lambda: stored.offsets() == lengths, "all is applied again")
        reference = Reference(stage, moved)
        seats = [assert_same(stored, reference, p, moved) for p in range(stage.partitions)]
        assert sum(map(bool, seats)) > PARTITIONS
        assert worker.end() == 0
    stored.close()


async def add_partitions(stage: Stage, count: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.brokers)
    await admin.start()
    try:
        await admin.create_partitions({stage.topic: NewPartitions(count)})
    finally:
        await admin.close()


def by_floor(written: Written, partitions: int) -> Written:
    """The same records where their floors belong in a topic of so many partitions."""
    values: dict[int, list[bytes | None]] = {p: [] for p in range(partitions)}
    times: dict[int, list[int]] = {p: [] for p in range(partitions)}
    for p in written.values:
        for value, time_ms in zip(written.values[p], written.times_ms[p], strict=True):
            assert value is not None
            home = partition_of(orjson.loads(value)["floor"], partitions)
            values[home].append(value)
            times[home].append(time_ms)
    return Written(values, times)


@one_redis
@pytest.mark.slow
async def test_a_million_records_that_wait_do_not_fill_the_memory(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    for start in range(0, WAITING, AT_ONCE):
        await send(stage, ordinary(AT_ONCE, start))
    stored = Stored(stage)
    most = 0
    with stage.workers("worker") as (worker,):
        assert worker.process is not None
        while sum(stored.offsets()) < WAITING:
            most = max(most, resident_bytes(worker.process.pid))
            assert worker.process.poll() is None
            await asyncio.sleep(0.05)
        print(f"{WAITING} records waited: at most {most / 1e6:.0f} MB resident")
        assert most < RESIDENT_BYTES_MAX
        assert worker.end() == 0
    stored.close()
