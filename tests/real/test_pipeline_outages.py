"""Whole workers on real Kafka and Redis: services that are down, set back or lost, and the end."""

import asyncio
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.components import Kafka
from tests.real.staging import (
    PARTITIONS,
    MakeRedis,
    MakeStage,
    assert_all_same,
    ends,
    joined,
    one_redis,
    ordinary,
    send,
    stop_in_time,
)
from tests.real.working import (
    Stored,
    wait_until,
)


@one_redis
async def test_sigterm_stores_everything_and_a_restart_replays_nothing(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    written = ordinary(4_000)
    stored = Stored(stage)
    with stage.workers("worker") as (worker,):
        await send(stage, written)
        wait_until(lambda: stored.offsets() == ends(written), "all is applied")
        assert_all_same(stage, stored, written)  # views follow a second later: no stop writes them
        assert stop_in_time(worker) == 0
    assert [stored.saved_offset(p) for p in range(PARTITIONS)] == ends(written)
    assert_all_same(stage, stored, written)
    stored.close()


async def test_it_waits_for_kafka_and_redis_with_a_clear_line_and_without_traceback(
    make_kafka: Callable[[], Kafka], make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    kafka, redis = make_kafka(), make_redis()
    stage = await make_stage(kafka.address, redis.url)
    kafka.stop()
    redis.stop()
    with stage.workers("worker") as (worker,):
        wait_until(lambda: worker.get("/livez")[0] == 200, "it lives")
        wait_until(lambda: "waiting for the store" in worker.log, "it says that it waits")
        wait_until(lambda: "Kafka is unavailable" in worker.log, "it says that it waits")
        assert len(worker.why_not_ready()) >= 2
        redis.start()
        kafka.start()
        wait_until(worker.is_ready, "it is ready", 90)
        assert "Traceback" not in worker.log
        assert stop_in_time(worker) == 0


@one_redis
@pytest.mark.parametrize("away", ["redis", "kafka", "both"])
async def test_sigterm_ends_in_time_while_a_service_is_unavailable(
    make_kafka: Callable[[], Kafka], make_redis: MakeRedis, make_stage: MakeStage, away: str
) -> None:
    kafka, redis = make_kafka(), make_redis()
    stage = await make_stage(kafka.address, redis.url)
    with stage.workers("worker") as (worker,):
        await send(stage, ordinary(2_000))
        wait_until(worker.is_ready, "it is ready")
        if away in {"redis", "both"}:
            redis.stop(signal.SIGKILL)
        if away in {"kafka", "both"}:
            kafka.stop("KILL")
        await asyncio.sleep(3.0)  # so that it has noticed
        stop_in_time(worker)
        assert "Traceback" not in worker.log


@one_redis
async def test_while_redis_is_unavailable_it_reads_on_and_nothing_differs_afterwards(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    redis = make_redis("--appendfsync", "always")
    stage = await make_stage(kafka.address, redis.url)
    first, second = ordinary(2_000), ordinary(2_000, 2_000)
    written = joined(first, second)
    with stage.workers("worker") as (worker,):
        await send(stage, first)
        stored = Stored(stage)
        wait_until(lambda: stored.offsets() == ends(first), "all is applied")
        stored.close()
        redis.stop(signal.SIGKILL)
        await send(stage, second)
        wait_until(
            lambda: 'result="accepted"} 4000.0' in worker.get("/metrics")[1].decode(),
            "it reads on",
        )
        wait_until(
            lambda: "store has been unavailable" in str(worker.why_not_ready()), "it says so"
        )
        assert "floorwatch_redis_up 0.0" in worker.get("/metrics")[1].decode()
        redis.start()
        stored = Stored(stage)
        wait_until(lambda: stored.offsets() == ends(written), "all is stored")
        wait_until(worker.is_ready, "it is ready again")
        assert_all_same(stage, stored, written)
        stored.close()


@one_redis
async def test_an_emptied_redis_is_refused_or_rebuilt_as_configured(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    redis = make_redis()
    stage = await make_stage(kafka.address, redis.url)
    written = ordinary(2_000)
    stored = Stored(stage)
    with stage.workers("first") as (worker,):
        await send(stage, written)
        wait_until(lambda: stored.offsets() == ends(written), "all is applied")
        await asyncio.sleep(1.5)  # until the offsets were committed to Kafka
        assert stop_in_time(worker) == 0
    stored.flush()
    with stage.workers("second") as (worker,):
        assert worker.process is not None
        assert worker.process.wait(60) == 1
        assert "restore Redis from its backup" in worker.log
        assert "Traceback" not in worker.log
    stage.redis_more = 'on_loss = "rebuild"\n'
    with stage.workers("third") as (worker,):
        wait_until(lambda: stored.offsets() == ends(written), "all is recomputed")
        assert_all_same(stage, stored, written)
    stored.close()


@one_redis
async def test_a_zombie_is_fenced_and_comes_back(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    first, second = ordinary(2_000), ordinary(2_000, 2_000)
    written = joined(first, second)
    stored = Stored(stage)
    with stage.workers("zombie", "other") as (zombie, other):
        await send(stage, first)
        wait_until(lambda: stored.offsets() == ends(first), "all is applied")
        zombie.send(signal.SIGSTOP)
        await send(stage, second)
        wait_until(lambda: stored.offsets() == ends(written), "the other worker acquired it")
        zombie.send(signal.SIGCONT)
        for worker in (zombie, other):
            wait_until(worker.is_ready, "both are ready")
        assert stored.offsets() == ends(written)
        assert_all_same(stage, stored, written)
    stored.close()


@one_redis
async def test_a_redis_that_lost_its_tail_is_noticed_and_the_records_are_read_again(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, tmp_path: Path
) -> None:
    redis = make_redis("--appendfsync", "always")
    stage = await make_stage(kafka.address, redis.url)
    first, second = ordinary(2_000), ordinary(2_000, 2_000)
    third = ordinary(1_000, 4_000)
    written = joined(joined(first, second), third)
    with stage.workers("worker") as (worker,):
        stored = Stored(stage)
        await send(stage, first)
        wait_until(lambda: stored.offsets() == ends(first), "all is applied")
        shutil.copytree(redis.directory, tmp_path / "earlier")
        await send(stage, second)
        wait_until(lambda: stored.offsets() == ends(joined(first, second)), "all is applied")
        stored.close()
        redis.stop(signal.SIGKILL)
        shutil.rmtree(redis.directory)
        shutil.copytree(tmp_path / "earlier", redis.directory)
        redis.start()
        await send(stage, third)
        stored = Stored(stage)
        wait_until(lambda: stored.offsets() == ends(written), "all is applied again")
        assert "MISMATCH" in worker.log
        assert_all_same(stage, stored, written)
        stored.close()
