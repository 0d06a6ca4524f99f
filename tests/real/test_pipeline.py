"""Whole workers on real Kafka and Redis: bad input, services that are away, and how they end."""

import asyncio
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from stream.cli.embedded import RedisProgram
from stream.events.partition import partition_of
from stream.units import MINUTE_MS, SECOND_MS
from tests.components import Kafka
from tests.real.reading import Record, fresh_name, make_topic, produce
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

PARTITIONS = 4
LARGE = {**KEEP_FOR_EVER, "max.message.bytes": str(32 * 2**20)}
T0 = 1_772_445_600_000
EVENT_CLOCK = '[control]\nclock = "event"\n'
STOP_S_MAX = 25.0

one_redis = pytest.mark.parametrize("redis_executable", ["7"], indirect=True)
MakeRedis = Callable[..., RedisProgram]
MakeStage = Callable[..., Awaitable[Stage]]


@pytest.fixture
def make_stage(tmp_path: Path) -> MakeStage:
    async def make(brokers: str, redis_url: str, more: str = EVENT_CLOCK) -> Stage:
        topic = fresh_name("pipeline")
        await make_topic(brokers, topic, PARTITIONS, LARGE)
        for name in (f"{topic}-dlq", f"{topic}-control"):
            await make_topic(brokers, name, 1, KEEP_FOR_EVER)
        return Stage(tmp_path, brokers, redis_url, topic, PARTITIONS, more)

    return make


def state(floor: str, at: int, **more: Any) -> bytes:
    event = {
        "type": "state",
        "ts": T0 + at * SECOND_MS,
        "floor": floor,
        "agent": f"agent-{at % 7}",
        "team": "team-1",
        "state": ("available", "talking", "acw", "aux")[at % 4],
    }
    return orjson.dumps({**event, **more})


def ordinary(count: int, start: int = 0, floors: int = 8) -> Written:
    """Good events of some floors, where they belong."""
    values: dict[int, list[bytes | None]] = {p: [] for p in range(PARTITIONS)}
    times: dict[int, list[int]] = {p: [] for p in range(PARTITIONS)}
    for at in range(start, start + count):
        floor = f"floor-{at % floors}"
        values[partition_of(floor, PARTITIONS)].append(state(floor, at))
        times[partition_of(floor, PARTITIONS)].append(T0 + at * SECOND_MS)
    return Written(values, times)


def joined(first: Written, second: Written) -> Written:
    return Written(
        {p: [*first.values[p], *second.values[p]] for p in first.values},
        {p: [*first.times_ms[p], *second.times_ms[p]] for p in first.times_ms},
    )


async def send(stage: Stage, written: Written) -> None:
    records = [
        Record(p, value, time_ms)
        for p in written.values
        for value, time_ms in zip(written.values[p], written.times_ms[p], strict=True)
    ]
    await produce(stage.brokers, stage.topic, records)


def ends(written: Written) -> list[int]:
    return [len(written.values[p]) for p in range(PARTITIONS)]


def assert_all_same(stage: Stage, stored: Stored, written: Written) -> None:
    reference = Reference(stage, written)
    for partition in range(PARTITIONS):
        assert_same(stored, reference, partition, written)


def stop_in_time(worker: WorkerProcess) -> int:
    began = time.monotonic()
    status = worker.end(signal.SIGTERM)
    assert time.monotonic() - began < STOP_S_MAX
    return status


async def letters(stage: Stage, count: int) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        f"{stage.topic}-dlq", bootstrap_servers=stage.brokers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        for _ in range(count):
            yield await asyncio.wait_for(consumer.getone(), 20)
    finally:
        await consumer.stop()


HOME = "floor-0"
POISON: dict[str, tuple[bytes | None, str]] = {
    "broken JSON": (b'{"type":"state",', "broken_json"),
    "no object": (b"17", "not_an_object"),
    "no UTF-8": (b'{"type":"\xff"}', "broken_json"),
    "deep nesting": (b"[" * 100_000, "broken_json"),
    "tombstone": (None, "empty"),
    "unknown state": (state(HOME, 1, state="dancing"), "unknown_enum"),
    "unknown type": (state(HOME, 1, type="weather"), "unknown_enum"),
    "no agent": (orjson.dumps({"type": "state", "ts": T0, "floor": HOME}), "missing_field"),
    "a number for a name": (state(HOME, 1, agent=7), "wrong_type"),
    "NUL in an id": (state(HOME, 1, agent="a\0b"), "bad_id"),
    "an id of 1 KB": (state(HOME, 1, agent="a" * 1_024), "bad_id"),
    "1970": (state(HOME, 1, ts=0), "bad_time"),
    "2999": (state(HOME, 1, ts=32_472_144_000_000), "bad_time"),
    "NaN": (state(HOME, 1).replace(str(T0 + SECOND_MS).encode(), b"NaN"), "broken_json"),
    "ahead of its record": (state(HOME, 1, ts=T0 + MINUTE_MS), "ahead"),
    "10 MB": (state(HOME, 1, note="x" * 10 * 2**20), "too_large"),
}


@one_redis
async def test_poison_goes_to_the_dead_letters_and_harms_no_neighbour(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    home = partition_of(HOME, PARTITIONS)
    stray = next(f"f{i}" for i in range(99) if partition_of(f"f{i}", PARTITIONS) != home)
    poison = {**POISON, "wrong partition": (state(stray, 1), "misrouted")}
    records: list[Record] = []
    expected: dict[int, str] = {}
    for value, reason in poison.values():
        records.append(Record(home, state(HOME, len(records)), T0 + len(records) * SECOND_MS))
        expected[len(records)] = reason
        records.append(Record(home, value, T0 + SECOND_MS, key=HOME.encode()))
    good = len(poison)
    with stage.workers("worker") as (worker,):
        await produce(stage.brokers, stage.topic, records)
        stored = Stored(stage)
        wait_until(lambda: stored.offset(home) == len(records), "all records are done with")
        metrics = worker.get("/metrics")[1].decode()
        found = {}
        async for letter in letters(stage, len(expected)):
            headers = {name: value.decode() for name, value in letter.headers}
            assert headers["source_topic"] == stage.topic
            assert headers["source_partition"] == str(home)
            found[int(headers["source_offset"])] = headers["reason"]
            original = records[int(headers["source_offset"])].value
            if headers.get("truncated"):
                assert original is not None
                assert headers["size"] == str(len(original))
                assert original.startswith(letter.value)
            else:
                assert letter.value == original
        assert found == expected
        assert f'floorwatch_events_total{{result="accepted"}} {good}.0' in metrics
        for reason in set(expected.values()):
            count = list(expected.values()).count(reason)
            assert f'rejected_total{{reason="{reason}"}} {count}.0' in metrics
        assert "Traceback" not in worker.log
        assert stop_in_time(worker) == 0
        stored.close()


@one_redis
async def test_a_name_with_emoji_arrives_whole_in_redis_prometheus_and_http(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    floor, team = "地板-🏢", "夜班 🌙"
    home = partition_of(floor, PARTITIONS)
    with stage.workers("worker") as (worker,):
        values = [state(floor, at, team=team, agent="小王 😀") for at in range(3)]
        await produce(stage.brokers, stage.topic, [Record(home, v, T0 + 9_000) for v in values])
        stored = Stored(stage)
        wait_until(lambda: stored.view(f"floorwatch:team:{floor}/{team}"), "the view is there")
        from urllib.parse import quote

        status, body = worker.get(f"/api/v1/floors/{quote(floor)}/teams/{quote(team)}")
        assert (status, orjson.loads(body)["team"]) == (200, team)
        assert f'floor="{floor}"' in worker.get("/metrics")[1].decode()
        stored.close()


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
        wait_until(lambda: "Kafka is not there" in worker.log, "it says that it waits")
        assert len(worker.why_not_ready()) >= 2
        redis.start()
        kafka.start()
        wait_until(worker.is_ready, "it is ready", 90)
        assert "Traceback" not in worker.log
        assert stop_in_time(worker) == 0


@one_redis
@pytest.mark.parametrize("away", ["redis", "kafka", "both"])
async def test_sigterm_ends_in_time_while_a_service_is_away(
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
async def test_while_redis_is_away_it_reads_on_and_nothing_differs_afterwards(
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
        wait_until(lambda: "store has been away" in str(worker.why_not_ready()), "it says so")
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
        await asyncio.sleep(1.5)  # until Kafka was told
        assert stop_in_time(worker) == 0
    stored.flush()
    with stage.workers("second") as (worker,):
        assert worker.process is not None
        assert worker.process.wait(60) == 1
        assert "restore Redis from its backup" in worker.log
        assert "Traceback" not in worker.log
    stage.redis_more = 'on_loss = "rebuild"\n'
    with stage.workers("third") as (worker,):
        wait_until(lambda: stored.offsets() == ends(written), "all is computed anew")
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
        wait_until(lambda: stored.offsets() == ends(written), "the other took over")
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
