"""What bad input gets from a whole worker on real Kafka and Redis, and what odd names get."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from stream.events.partition import partition_of
from stream.units import MINUTE_MS, SECOND_MS
from tests.components import Kafka
from tests.real.reading import Record, produce
from tests.real.staging import (
    PARTITIONS,
    T0,
    MakeRedis,
    MakeStage,
    one_redis,
    state,
    stop_in_time,
)
from tests.real.working import (
    Stage,
    Stored,
    wait_until,
)


async def dead_letters(stage: Stage, count: int) -> AsyncIterator[Any]:
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
        async for dead_letter in dead_letters(stage, len(expected)):
            headers = {name: value.decode() for name, value in dead_letter.headers}
            assert headers["source_topic"] == stage.topic
            assert headers["source_partition"] == str(home)
            found[int(headers["source_offset"])] = headers["reason"]
            original = records[int(headers["source_offset"])].value
            if headers.get("truncated"):
                assert original is not None
                assert headers["size"] == str(len(original))
                assert original.startswith(dead_letter.value)
            else:
                assert dead_letter.value == original
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
