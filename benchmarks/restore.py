"""A shard comes back: from a real Redis, and from the records between its snapshot and its commit.

As many records lie between the two as ever do; those that Kafka would hand over are in memory.
"""

import asyncio
import gc
import time
from dataclasses import dataclass
from itertools import pairwise

import orjson
from crowd import LENGTH_MS, START_MS, Crowd, hold
from faust.types import TP

from stream.agents.acquisition import PartitionRef, TaskConfig, acquire_task
from stream.agents.log_check import LogCheck
from stream.agents.partition_task import NoticeFormat, PartitionTask, TaskLimits
from stream.agents.process import tune_garbage_collection
from stream.agents.record_chunk import RecordChunk
from stream.agents.transport.log_reader import LogReading
from stream.control.alerts.messages import messages
from stream.roster import NO_ROSTER
from stream.spec import Spec
from stream.store.keys import ShardKey
from stream.store.protocol import Commit, Snapshot
from stream.store.redis import RedisStore
from stream.units import SECOND_MS
from stream.windows.snapshot import FORMAT

PLACE = PartitionRef(ShardKey("restored", 0), 1)
Record = tuple[bytes, int]
"""Its value and its time stamp."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Seconds by the clock and of the CPU, both until the shard stands where it was."""

    agents: int
    records: int
    stored_bytes: int
    loading_s: float
    """Acquire, load, `Shard.restore`."""
    replay_s: float
    cpu_s: float

    @property
    def whole_s(self) -> float:
        """By the clock."""
        return self.loading_s + self.replay_s


def restore(crowd: Crowd, url: str, rounds: int) -> list[Restore]:
    """Store two hours of a crowd, and take them over so many times."""
    records = _last_records(crowd, TaskLimits().snapshot_records)
    asyncio.run(_store(crowd, records[0][1] - START_MS, len(records), url))
    gc.collect()
    return [asyncio.run(_take_over(records, url)) for _ in range(rounds)]


def _last_records(crowd: Crowd, count: int) -> list[Record]:
    """The events of the last whole seconds as records, about so many, in the order of time."""
    of_copy = min(count // crowd.copies, len(crowd.one.events) - 1)
    times_ms = [int(str(event["ts"])) for event in crowd.one.events]
    from_ms = (times_ms[-of_copy - 1] // SECOND_MS + 1) * SECOND_MS
    return [
        (orjson.dumps(crowd.event(event, copy)), ts_ms)
        for event, ts_ms in zip(crowd.one.events, times_ms, strict=True)
        if ts_ms >= from_ms
        for copy in range(crowd.copies)
    ]


async def _store(crowd: Crowd, until_ms: int, records: int, url: str) -> None:
    """A snapshot as of before the records, and the commit after them."""
    shard = hold(crowd, until_ms)
    parts = shard.snapshot()
    async with RedisStore(url) as store:
        lease = await store.acquire(PLACE.key)
        judged_ms = shard.as_of_ms
        for batch in crowd.slices(until_ms, LENGTH_MS):
            shard.push(batch)
        shard.step(shard.watermark_ms)
        await store.commit(lease, Commit(shard.control_state(), records, shard.as_of_ms))
        snapshot = Snapshot(parts.changed, parts.names, 0, judged_ms, FORMAT, PLACE.partitions)
        await store.save(lease, snapshot)


class _AnyLog:
    """Kafka is no part of what is measured."""

    async def read(self, tp: TP, offset: int) -> LogReading:  # noqa: ARG002 - its interface
        return LogReading(None, reached=True)

    async def start(self, tp: TP) -> int:  # noqa: ARG002
        return 0


async def _take_over(records: list[Record], url: str) -> Restore:
    rules = TaskConfig(Spec(event_clock=True), NO_ROSTER, NoticeFormat(messages, "en"))
    tune_garbage_collection()  # as a worker does it
    async with RedisStore(url) as store:
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        task = await acquire_task(store, LogCheck(_AnyLog()), PLACE, None, rules, 0)
        loaded_s = time.monotonic()
        for chunk in _pieces(task, records):
            task.apply(chunk, 0)
        done_s, cpu_s = time.monotonic(), time.process_time() - began_cpu_s
        stored = await store.load(task.lease)
    assert not task.replaying
    return Restore(
        len(task.shard.names.agents),
        len(records),
        sum(map(len, stored.values())),
        loaded_s - began_s,
        done_s - loaded_s,
        cpu_s,
    )


def _pieces(task: PartitionTask, records: list[Record]) -> list[RecordChunk]:
    """The records in pieces of the size that a worker takes when it catches up."""
    edges = range(0, len(records) + task.limits.chunk_records, task.limits.chunk_records)
    return [
        RecordChunk(
            [value for value, _ in records[first:end]],
            [ts_ms for _, ts_ms in records[first:end]],
            bytes(len(records[first:end])),
            range(first, min(end, len(records))),
            min(end, len(records)),
        )
        for first, end in pairwise(edges)
    ]
