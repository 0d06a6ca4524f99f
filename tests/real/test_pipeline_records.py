"""Whole workers and records as producers write them: transactions, no time stamps, codecs."""

import asyncio
import time
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

from stream.events.partition import partition_of
from tests.components import Kafka
from tests.real.staging import PARTITIONS, MakeRedis, MakeStage, one_redis
from tests.real.working import Stored, WorkerProcess, wait_until


def state(agent: str, **more: Any) -> bytes:
    event = {"type": "state", "ts": round(time.time() * 1000) - 5_000, "floor": "f"}
    return orjson.dumps({**event, "agent": agent, "team": "t", "state": "available", **more})


def at_floor(topic: str) -> dict[str, Any]:
    return {"topic": topic, "partition": partition_of("f", PARTITIONS)}


def available(stored: Stored) -> str | None:
    return stored.view("floorwatch:team:f/t").get("agents:available")


@one_redis
async def test_figures_hold_what_was_committed_and_time_goes_on_behind_a_marker(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, "")
    stored, place = Stored(stage), at_floor(stage.topic)
    settings = {"bootstrap.servers": kafka.address, "compression.type": "zstd"}
    gateway = Producer({**settings, "transactional.id": stage.topic})

    def write(*agents: str) -> None:
        gateway.begin_transaction()
        for agent in agents:
            gateway.produce(**place, value=state(agent))
        assert gateway.flush(20) == 0

    with stage.workers("worker") as (worker,):
        wait_until(worker.is_ready, "it is ready")
        gateway.init_transactions(20)
        write("good-1", "good-2")
        gateway.commit_transaction(20)
        write("aborted")
        gateway.abort_transaction(20)
        write("open")
        wait_until(lambda: available(stored) == "2", "what was committed is shown")
        wait_until(lambda: _lags(worker) == 0.0, "the position has passed the marker")
        before = stored.view("floorwatch:team:f/t")["as_of"]
        await asyncio.sleep(12.0)  # a shard that is behind its end would stand still after 10 s
        after = stored.view("floorwatch:team:f/t")
        assert (after["agents:available"], _lags(worker)) == ("2", 0.0)
        assert after["as_of"] > before
        gateway.commit_transaction(20)
        wait_until(lambda: available(stored) == "3", "the open one is shown once it is committed")
    stored.close()


def _lags(worker: WorkerProcess) -> float:
    lines = worker.get("/metrics")[1].decode().splitlines()
    return sum(
        float(x.split()[-1]) for x in lines if x.startswith("floorwatch_consumer_lag_events")
    )


@one_redis
async def test_a_record_without_a_time_stamp_takes_that_of_its_events(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, "")
    stored = Stored(stage)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
    await producer.start()
    batch = producer.create_batch()
    for number in range(3):
        batch.append(key=b"f", value=state(f"agent-{number}"), timestamp=-1)
    await (await producer.send_batch(batch, **at_floor(stage.topic)))
    await producer.stop()
    with stage.workers("worker"):
        wait_until(lambda: available(stored) == "3", "all are shown")
        first = stored.view("floorwatch:team:f/t")["as_of"]
        assert first > "2026"
        wait_until(lambda: stored.view("floorwatch:team:f/t")["as_of"] > first, "time goes on", 15)
    stored.close()


@one_redis
async def test_without_the_library_of_a_codec_the_worker_ends_with_one_clear_line(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, "")
    producer = Producer({"bootstrap.servers": kafka.address, "compression.type": "lz4"})
    producer.produce(**at_floor(stage.topic), value=state("agent", reason="x" * 200))
    assert producer.flush(20) == 0
    worker = stage.worker("worker")
    worker.module = "tests.real.without_codecs"
    worker.start()
    assert worker.process is not None
    assert worker.process.wait(60) == 1
    assert "lz4 compression codec not found" in worker.log.splitlines()[-1]
    assert "Traceback" not in worker.log
