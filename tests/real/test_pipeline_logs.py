"""Workers whose topic is made again, or loses its oldest records: nothing is skipped in silence."""

import asyncio
import signal

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition

from tests.components import Kafka
from tests.real.reading import make_topic
from tests.real.staging import (
    LARGE,
    PARTITIONS,
    MakeRedis,
    MakeStage,
    assert_all_same,
    ends,
    joined,
    one_redis,
    ordinary,
    send,
)
from tests.real.working import Stage, Stored, Written, wait_until

REBUILD = 'on_loss = "rebuild"\n'
NOTICED_S = 15
REMOVED = 100


def of_the_new_log(old: Written) -> Written:
    """Later events: more than the old log had; in partition 1 one record less, in the last none.

    So a position of the old log lies within the new one, at its end, or beyond it.
    """
    new = ordinary(4_000, 10_000)
    cut = dict(enumerate(ends(new))) | {1: ends(old)[1] - 1, PARTITIONS - 1: 0}
    return Written(
        {p: new.values[p][: cut[p]] for p in cut}, {p: new.times_ms[p][: cut[p]] for p in cut}
    )


async def make_again(stage: Stage) -> None:
    """Delete the topic of the events and create it anew."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.brokers)
    await admin.start()
    try:
        await admin.delete_topics([stage.topic])
        while stage.topic in await admin.list_topics():  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.05)
    finally:
        await admin.close()
    await make_topic(stage.brokers, stage.topic, PARTITIONS, LARGE)


async def remove_before(stage: Stage, offsets: list[int]) -> None:
    """What retention does: remove the records before these offsets."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.brokers)
    await admin.start()
    try:
        places = {TopicPartition(stage.topic, p): offset for p, offset in enumerate(offsets)}
        await admin.delete_records({tp: RecordsToDelete(end) for tp, end in places.items()})
    finally:
        await admin.close()


@one_redis
async def test_a_topic_made_again_while_no_worker_runs_is_refused_or_read_from_its_start(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    old, new = ordinary(2_000), ordinary(4_000, 10_000)
    stored = Stored(stage)
    with stage.workers("before") as (worker,):
        await send(stage, old)
        wait_until(lambda: stored.offsets() == ends(old), "all is applied")
        assert worker.end() == 0
    await make_again(stage)
    await send(stage, new)
    with stage.workers("refusing") as (worker,):
        assert worker.process is not None
        assert worker.process.wait(60) == 1
        assert "is not the one that its state was computed from" in worker.log
        assert 'set [redis] on_loss = "rebuild"' in worker.log
        assert "Traceback" not in worker.log
    stage.redis_more = REBUILD
    with stage.workers("rebuilding") as (worker,):
        wait_until(lambda: stored.offsets() == ends(new), "the new log is applied")
        assert_all_same(stage, stored, new)
        assert worker.end() == 0
    stored.close()


@one_redis
async def test_a_topic_made_again_under_a_running_worker_is_read_from_its_start(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    stage.redis_more = REBUILD
    old = ordinary(2_000)
    new = of_the_new_log(old)
    stored = Stored(stage)
    with stage.workers("worker") as (worker,):
        await send(stage, old)
        wait_until(lambda: stored.offsets() == ends(old), "all is applied")
        await make_again(stage)
        await send(stage, new)
        wait_until(lambda: stored.offsets() == ends(new), "the new log is applied", 2 * NOTICED_S)
        assert_all_same(stage, stored, new)
        wait_until(worker.is_ready, "the worker is ready")
        assert worker.end() == 0
    stored.close()


@one_redis
async def test_records_that_retention_removes_unread_are_counted(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    """While the worker is stopped, and while it hangs."""
    stage = await make_stage(kafka.address, make_redis().url)
    parts = [ordinary(2_000, start) for start in range(0, 10_000, 2_000)]
    stored, written = Stored(stage), parts[0]
    with stage.workers("before") as (worker,):
        await send(stage, written)
        wait_until(lambda: stored.offsets() == ends(written), "all is applied")
        assert worker.end() == 0
    unread = [end + REMOVED for end in ends(written)]
    written = joined(written, parts[1])
    await send(stage, parts[1])
    await remove_before(stage, unread)
    with stage.workers("after") as (worker,):
        wait_until(lambda: stored.offsets() == ends(written), "the rest is applied")
        lost = [f'records_lost_total{{partition="{p}"}} {REMOVED}.0' for p in range(PARTITIONS)]
        metrics = worker.get("/metrics")[1].decode()
        assert [line for line in lost if line not in metrics] == []
        assert f"removed records {ends(parts[0])[0]} to {unread[0] - 1} before" in worker.log

        worker.send(signal.SIGSTOP)
        await asyncio.sleep(1.0)  # until its last fetch was answered
        unread = [end + REMOVED for end in ends(written)]
        written = joined(written, parts[2])
        await send(stage, parts[2])
        await remove_before(stage, unread)
        worker.send(signal.SIGCONT)
        wait_until(lambda: stored.offsets() == ends(written), "the rest is applied again")
        twice = [line.replace(f" {REMOVED}.", f" {2 * REMOVED}.") for line in lost]
        wait_until(
            lambda: all(line in worker.get("/metrics")[1].decode() for line in twice), "counted", 10
        )
        assert worker.end() == 0
    stored.close()
