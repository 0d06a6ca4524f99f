"""A task archives sealed hours: before the commit that covers them, once, whatever happens."""

import random
from collections.abc import Sequence
from functools import cache

import orjson
import pytest

from stream.agents.partition_task import TaskLimits
from stream.errors import ServiceError
from stream.events.decode import decode
from stream.shard import Shard
from stream.simulate.plan import Disturbance, Plan, even_floors
from stream.simulate.run import simulate
from stream.store.protocol import Lease, Outcome, SealedHour
from stream.units import HOUR_MS, MINUTE_MS
from stream.windows.closing.archive import Hour, encode
from tests.agents.bench import KEY, SPEC, Bench, RecordingStore, batch

START_MS = 1_772_444_400_000
"""2026-03-02T09:40:00Z"""
FOR_EVER_MS = START_MS + 400 * 24 * HOUR_MS
Records = Sequence[tuple[bytes, int]]


@cache
def recording(seed: int) -> Records:
    """Two hours of two small floors, with late and repeated events."""
    plan = Plan(
        even_floors(2, 2, 16),
        START_MS,
        START_MS + 2 * HOUR_MS,
        seed=seed,
        disturbance=Disturbance(late=0.02, repeated=0.02, late_ms_most=8 * MINUTE_MS),
    )
    return [(orjson.dumps(sent.event), sent.sent_ms) for sent in simulate(plan)]


def sealed_by(records: Records) -> list[bytes]:
    """The hours of one shard that never stopped."""
    shard = Shard(SPEC)
    values, times_ms = zip(*records, strict=True)
    shard.push(decode(values, times_ms, shard.names).batch)
    return sorted(encode(hour) for hour in shard.take_sealed())


class Archivist(RecordingStore):
    """The memory store, with a diary of archived hours."""

    async def archive(self, lease: Lease, hours: Sequence[SealedHour], keep_ms: int) -> Outcome:
        if self.unavailable:
            raise ServiceError("the store is unavailable")
        self.diary.lines += [f"hour {hour.floor} {hour.start_ms}" for hour in hours]
        return await super().archive(lease, hours, keep_ms)

    async def hours(self) -> list[Hour]:
        """All that is archived."""
        return [
            hour
            for floor in ("floor-01", "floor-02")
            for hour in await self.read_archive(KEY, floor, 0, FOR_EVER_MS)
        ]


def bench_of(limits: TaskLimits | None = None) -> tuple[Bench, Archivist]:
    bench = Bench(limits=limits or TaskLimits())
    store = bench.store = bench.services.store = Archivist(bench.server, bench.diary)
    return bench, store


async def test_hours_are_archived_before_the_commit_that_covers_them() -> None:
    bench, store = bench_of()
    records = recording(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))

    assert await runner.flush()

    hours = [line for line in bench.diary.lines if line.startswith("hour")]
    assert len(hours) == 4
    assert max(map(bench.diary.lines.index, hours)) < bench.diary.lines.index("commit")
    assert sorted(map(encode, await store.hours())) == sealed_by(records)
    assert not runner.task.sealed


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_between_the_archive_is_that_of_one_shard(seed: int) -> None:
    """Goal: exactness. Method: seeded batches, commits, snapshots, crashes, stores that are away or
    set back, and crashes between archive and commit; the bytes equal those of a shard that never
    stopped.
    """
    rng, records = random.Random(seed), recording(seed)
    bench, store = bench_of(TaskLimits(chunk_records=300, commit_records=700))
    runner, read, crashes = await bench.acquire_task(), 0, 0
    earlier = bench.server.copy()
    while runner.task.offset < len(records) or read < len(records):
        fate = rng.random()
        store.unavailable = fate < 0.1
        if fate > 0.85 and crashes < 20:
            crashes += 1
            if rng.random() < 0.3:
                await store.archive(runner.task.lease, runner.task.sealed, HOUR_MS * 99)
            if rng.random() < 0.4:
                bench.server.set_back(earlier)
            runner = await bench.acquire_task()
        elif fate > 0.8:
            earlier = bench.server.copy()
        read = min(runner.task.offset + rng.randrange(1, 300), len(records))
        await runner.process(batch(records, runner.task.offset, read))
        if rng.random() < 0.5 and not runner.task.replaying:
            await runner.flush()
        if rng.random() < 0.2 and not runner.task.replaying and not store.unavailable:
            await runner.save()
    store.unavailable = False
    assert await runner.flush()
    assert crashes
    assert sorted(map(encode, await store.hours())) == sealed_by(records)


async def test_what_was_committed_is_not_archived_again() -> None:
    bench, _ = bench_of()
    records = recording(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    await runner.flush()

    second = await bench.acquire_task()
    await second.process(batch(records, 0, len(records)))

    assert second.task.offset == second.task.resume_offset
    assert not second.task.sealed


async def test_while_the_store_is_unavailable_hours_wait_and_go_before_the_next_commit() -> None:
    bench, store = bench_of()
    records = recording(1)
    runner = await bench.acquire_task()
    store.unavailable = True
    await runner.process(batch(records, 0, len(records)))
    assert not await runner.flush()
    assert "commit" not in bench.diary.lines
    assert len(runner.task.sealed) == 4

    store.unavailable = False
    assert await runner.flush()
    assert sorted(map(encode, await store.hours())) == sealed_by(records)


async def test_reading_waits_while_more_bytes_are_sealed_than_may_wait() -> None:
    bench, _ = bench_of(TaskLimits(sealed_bytes_max=1_000))
    runner = await bench.acquire_task()
    runner.task.sealed.append(SealedHour("floor-01", 0, bytes(1_000)))
    assert runner.task.is_full
    assert await runner.flush()
    assert not runner.task.is_full


async def test_a_task_that_lost_its_shard_archives_nothing_and_commits_nothing() -> None:
    bench, store = bench_of()
    records = recording(1)
    runner = await bench.acquire_task()
    other = Bench(server=bench.server)
    await other.acquire_task()
    await runner.process(batch(records, 0, len(records)))

    assert not await runner.flush()

    assert bench.lost == [Outcome.FENCED]
    assert await store.hours() == []
    assert "commit" not in bench.diary.lines
