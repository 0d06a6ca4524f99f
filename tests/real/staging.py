"""What the tests of whole workers share: ordinary events, and how to compare with the store."""

import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from stream.cli.embedded import RedisProgram
from stream.events.partition import partition_of
from stream.units import SECOND_MS
from tests.real.reading import Record, produce
from tests.real.working import (
    KEEP_FOR_EVER,
    Reference,
    Stage,
    Stored,
    WorkerProcess,
    Written,
    assert_same,
)

PARTITIONS = 4
LARGE = {**KEEP_FOR_EVER, "max.message.bytes": str(32 * 2**20)}
T0 = 1_772_445_600_000
EVENT_CLOCK = '[control]\nclock = "event"\n'
STOP_S_MAX = 25.0

one_redis = pytest.mark.parametrize("redis_executable", ["7"], indirect=True)
MakeRedis = Callable[..., RedisProgram]
MakeStage = Callable[..., Awaitable[Stage]]


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
