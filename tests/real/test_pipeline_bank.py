"""A recorded month through real Kafka and Redis, into workers that are killed: nothing differs.

Goal: after each takeover, and at the end, every seat's windows and shift accumulators in the store
equal those of one shard in process that was fed the same records to the same offset.
Method: the month is produced in six pieces. While a worker works off a piece it is killed with -9
at a seeded moment, and another acquires its shard; the store is then read by the test.
"""

import asyncio
import gzip
import random
import signal
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest

from stream.events.partition import partition_of
from stream.sources import anonymous_bank
from stream.sources.recording import InputFile
from tests.components import Kafka
from tests.real.reading import Record, fresh_name, make_topic, produce
from tests.real.staging import one_redis
from tests.real.working import (
    KEEP_FOR_EVER,
    Reference,
    Stage,
    Stored,
    Written,
    assert_same,
    wait_until,
)

pytestmark = pytest.mark.xdist_group("bank")

SEED = 19990101
KILLS = 5
UNAPPLIED_MIN = 1_000
MakeStage = Callable[[int], Awaitable[Stage]]
KILL_AFTER_S = (0.0, 0.06)
"""Into a chunk, which takes about a tenth of a second from when the worker runs again."""
CONFIGURATION = """
[control]
clock = "event"
[[source]]
name = "*"
heartbeat = "off"
silence = "off"
[[pool]]
name = "*"
zone = "Asia/Jerusalem"
open = "07:00-23:59"
[[shift]]
team = "*"
times = ["07:00-15:00", "15:00-23:00"]
[[peak]]
pool = "*"
time = "10:00-12:00"
"""


@pytest.fixture(scope="module")
def january(recorded_data: Path) -> tuple[list[bytes], list[int]]:
    """The events of January, in the order of their time, and that time."""
    with gzip.open(recorded_data / "anonymous_bank" / "january.txt.gz") as lines:
        recording = anonymous_bank.read(
            [InputFile("january.txt.gz", lines)], ZoneInfo("Asia/Jerusalem")
        ).in_time_order()
    return list(recording.values), recording.ts_ms.tolist()


@pytest.fixture
async def make_stage(kafka: Kafka, redis_url: str, tmp_path: Path) -> MakeStage:
    async def make(partitions: int) -> Stage:
        topic = fresh_name("bank")
        await make_topic(kafka.address, topic, partitions, KEEP_FOR_EVER)
        for name in (f"{topic}-dlq", f"{topic}-control"):
            await make_topic(kafka.address, name, 1, KEEP_FOR_EVER)
        return Stage(tmp_path, kafka.address, redis_url, topic, partitions, CONFIGURATION)

    return make


def records_of(written: Written, starts: dict[int, int], ends: dict[int, int]) -> list[Record]:
    return [
        Record(p, written.values[p][i], written.times_ms[p][i])
        for p in written.values
        for i in range(starts[p], ends[p])
    ]


@one_redis
async def test_january_through_five_kills_equals_one_shard_in_process(
    make_stage: MakeStage, january: tuple[list[bytes], list[int]]
) -> None:
    stage = await make_stage(1)
    values, times_ms = january
    written = Written({0: values}, {0: times_ms})
    rng, reference, stored = random.Random(SEED), Reference(stage, written), Stored(stage)
    cuts = [round(len(values) * at / (KILLS + 1)) for at in range(KILLS + 2)]
    with stage.workers("worker-0") as workers:
        wait_until(workers[0].is_ready, "worker-0 is ready")
        for kill in range(KILLS):
            start, end = cuts[kill], cuts[kill + 1]
            standby = stage.worker(f"worker-{kill + 1}").start()
            workers.append(standby)
            wait_until(standby.is_ready, "the standby is ready")
            wait_until(workers[kill].is_ready, "the worker is ready again")
            workers[kill].send(signal.SIGSTOP)  # so that the whole piece lies before it
            await produce(stage.brokers, stage.topic, records_of(written, {0: start}, {0: end}))
            workers[kill].send(signal.SIGCONT)
            await asyncio.sleep(rng.uniform(*KILL_AFTER_S))
            workers[kill].end(signal.SIGKILL)
            unapplied = end - stored.offset(0)
            print(f"kill {kill + 1}: at {stored.offset(0)}, {unapplied} records unapplied")
            assert unapplied >= UNAPPLIED_MIN
            wait_until(lambda end=end: stored.offset(0) == end, f"offset {end}")  # type: ignore[misc]
            assert assert_same(stored, reference, 0, written) > 0
        await produce(stage.brokers, stage.topic, records_of(written, {0: cuts[-2]}, {0: cuts[-1]}))
        wait_until(lambda: stored.offset(0) == len(values), "the end")
        seats = assert_same(stored, reference, 0, written)
        print(f"{seats} seats, {len(values)} events")
        assert workers[-1].end() == 0
    stored.close()


FLOORS = 40
PARTITIONS = 8


def by_floor(values: list[bytes], times_ms: list[int]) -> Written:
    """The same month on 40 floors: each agent and each call that nobody took has its own."""
    agent_of: dict[str, str] = {}
    documents = [orjson.loads(value) for value in values]
    for document in documents:
        if "call" in document and "agent" in document:
            agent_of.setdefault(document["call"], document["agent"])
    held: dict[int, tuple[list[bytes], list[int]]] = {p: ([], []) for p in range(PARTITIONS)}
    for document, time_ms in zip(documents, times_ms, strict=True):
        call = document.get("call", "")
        owner = document.get("agent") or agent_of.get(call, call)
        floor = f"bank-{zlib.crc32(owner.encode()) % FLOORS}"
        lists = held[partition_of(floor, PARTITIONS)]
        lists[0].append(orjson.dumps({**document, "floor": floor}))
        lists[1].append(time_ms)
    return Written({p: v for p, (v, _) in held.items()}, {p: t for p, (_, t) in held.items()})


@one_redis
async def test_forty_floors_on_two_workers_equal_shards_in_process_after_kills(
    make_stage: MakeStage, january: tuple[list[bytes], list[int]]
) -> None:
    stage = await make_stage(PARTITIONS)
    written = by_floor(*january)
    rng, reference, stored = random.Random(SEED), Reference(stage, written), Stored(stage)
    ends = dict.fromkeys(range(PARTITIONS), 0)
    with stage.workers("worker-0", "worker-1") as workers:
        for kill in range(KILLS):
            pair = workers[kill : kill + 2]
            for worker in pair:
                wait_until(worker.is_ready, "both workers are ready")
            starts, ends = ends, cut(written, (kill + 1) / KILLS)
            for worker in pair:
                worker.send(signal.SIGSTOP)
            await produce(stage.brokers, stage.topic, records_of(written, starts, ends))
            for worker in pair:
                worker.send(signal.SIGCONT)
            await asyncio.sleep(rng.uniform(*KILL_AFTER_S))
            pair[0].end(signal.SIGKILL)
            unapplied = sum(ends.values()) - sum(stored.offsets())
            print(f"kill {kill + 1}: {unapplied} records unapplied")
            assert unapplied >= UNAPPLIED_MIN
            wait_until(lambda ends=ends: stored.offsets() == list(ends.values()), "all is applied")  # type: ignore[misc]
            seats = [assert_same(stored, reference, p, written) for p in range(PARTITIONS)]
            workers.append(stage.worker(f"worker-{kill + 2}").start())
        print(f"{sum(seats)} seats on {FLOORS} floors, {sum(ends.values())} events")
    stored.close()


def cut(written: Written, share: float) -> dict[int, int]:
    return {p: round(len(values) * share) for p, values in written.values.items()}
