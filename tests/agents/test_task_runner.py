"""A task over the memory store: the order of its writes, and exactness whatever happens between."""

import asyncio
import random

import pytest

from stream.agents.partition_task import TaskLimits
from stream.errors import StateError
from stream.store.lease import Outcome
from tests.agents.bench import (
    Bench,
    batch,
    live,
    recording,
    reference,
    seats,
    until_the_walk_out,
)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_between_state_and_transitions_are_those_of_one_shard(
    seed: int,
) -> None:
    """Goal: exactness. Method: seeded batches, commits, snapshots, crashes, stores that are away or
    set back, each at random; the last state and all transitions equal a shard that never stopped.
    """
    rng = random.Random(seed)
    records = recording(seed)
    bench = Bench(limits=TaskLimits(chunk_records=300, commit_records=700))
    runner, read, crashes = await bench.acquire_task(), 0, 0
    earlier = bench.server.copy()
    while runner.task.offset < len(records) or read < len(records):
        fate = rng.random()
        bench.store.unavailable = fate < 0.1
        if fate > 0.9 and crashes < 20:
            crashes += 1
            if rng.random() < 0.4:
                bench.server.set_back(earlier)
            runner = await bench.acquire_task()
        elif fate > 0.85:
            earlier = bench.server.copy()
        read = min(runner.task.offset + rng.randrange(1, 100), len(records))
        await runner.process(batch(records, runner.task.offset, read))
        if rng.random() < 0.5 and not runner.task.replaying:
            await runner.flush()
        if rng.random() < 0.2 and not runner.task.replaying and not bench.store.unavailable:
            await runner.save()
    bench.store.unavailable = False
    assert await runner.flush()
    await runner.flush()

    shard, keys = reference(records, len(records))
    assert crashes
    assert keys
    assert seats(runner.task.shard) == seats(shard)
    sent_ids = [entry.id.removeprefix("audit:") for entry in bench.diary.audits]
    assert list(dict.fromkeys(sorted(sent_ids))) == sorted(keys)


async def test_live_a_page_is_sent_after_its_commit() -> None:
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    await runner.flush()

    assert "page" in bench.diary.lines
    assert bench.diary.lines.index("commit") < bench.diary.lines.index("page")


async def test_while_the_store_is_unavailable_pages_are_sent_from_memory() -> None:
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    bench.store.unavailable = True
    await runner.process(batch(records, 0, len(records)))

    assert not await runner.flush()

    assert "page" in bench.diary.lines
    assert "commit" not in bench.diary.lines
    assert bench.services.store_state.unavailable_since_s is not None


async def test_a_store_is_back_as_soon_as_views_are_written_again() -> None:
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    bench.store.unavailable = True
    await runner.publish()
    assert bench.services.store_state.unavailable_since_s is not None

    bench.store.unavailable = False
    await runner.publish()
    assert bench.services.store_state.unavailable_since_s is None


@pytest.mark.parametrize("is_kafka_answering", [True, False])
async def test_while_the_store_is_unavailable_a_task_counts_as_owned_only_if_kafka_answers(
    is_kafka_answering: bool,
) -> None:
    """A worker that is cut off from both may have lost it: it must not resend its alerts."""
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    bench.store.unavailable, bench.is_kafka_answering = True, is_kafka_answering
    owned_s = runner.owned_s
    await runner.publish()
    assert (runner.owned_s > owned_s) == is_kafka_answering


async def test_behind_nobody_is_paged() -> None:
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    behind = batch(records, 0, len(records))
    behind.highwater += 1  # one more record is known to come
    await runner.process(behind)
    await runner.flush()

    assert bench.diary.audits
    assert not bench.pager.notices


async def test_a_new_owner_is_live_as_soon_as_it_knows_where_the_partition_ends() -> None:
    """Also where nothing comes: a fetch without records says where the end is."""
    bench, records = live(), until_the_walk_out(1)
    first = await bench.acquire_task()
    await first.process(batch(records, 0, len(records)))
    await first.drain()

    runner = await bench.acquire_task()
    working = asyncio.create_task(runner.run())
    before_ms = runner.task.shard.as_of_ms
    await asyncio.sleep(0)
    assert runner.task.end is None
    bench.seen_end = len(records)
    async with asyncio.timeout(10):
        while runner.task.shard.as_of_ms == before_ms:  # noqa: ASYNC110 - no event signals it
            await asyncio.sleep(0.05)
    assert runner.task.clock.live
    runner.close()
    await working


async def test_the_next_owner_fences_the_former_one() -> None:
    bench, records = Bench(), recording(1)
    runner = await bench.acquire_task()
    other = Bench(server=bench.server)
    await other.acquire_task()
    await runner.process(batch(records, 0, 100))

    assert not await runner.flush()
    assert bench.lost == [Outcome.FENCED]


async def test_a_former_owner_delivers_nothing_though_another_task_found_the_store_down() -> None:
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    await Bench(server=bench.server).acquire_task()
    bench.services.store_state.mark_unavailable()

    assert not await runner.flush()

    assert bench.lost == [Outcome.FENCED]
    assert not bench.pager.notices
    assert not bench.diary.audits


async def test_a_former_owner_exports_no_figures_once_it_is_fenced() -> None:
    """It learns of it in the middle of a turn that would end with showing what it knows."""
    bench, records = Bench(limits=TaskLimits(commit_records=1)), recording(1)
    runner = await bench.acquire_task()
    await Bench(server=bench.server).acquire_task()
    await runner.process(batch(records, 0, 100))

    await asyncio.wait_for(runner.run(), 10)

    assert bench.lost == [Outcome.FENCED]
    assert b"floorwatch_team_agents{" not in await bench.services.exporter.text()


async def test_a_store_that_was_set_back_is_noticed_and_read_again() -> None:
    bench, records = Bench(), recording(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, 100))
    await runner.flush()
    earlier = bench.server.copy()
    await runner.process(batch(records, 100, 200))
    await runner.flush()
    bench.server.set_back(earlier)
    await runner.process(batch(records, 200, 300))

    assert not await runner.flush()
    assert bench.lost == [Outcome.MISMATCH]
    second = await bench.acquire_task()
    assert second.task.resume_offset == 100


async def test_a_store_that_lost_just_a_snapshot_is_noticed_and_nothing_is_lost() -> None:
    bench, records = Bench(), recording(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, 100))
    await runner.save()
    await runner.process(batch(records, 100, 200))
    await runner.flush()
    earlier = bench.server.copy()
    await runner.save()
    bench.server.set_back(earlier)
    await runner.process(batch(records, 200, 300))

    await runner.save()

    assert bench.lost == [Outcome.MISMATCH]
    second = await bench.acquire_task()
    assert (second.task.offset, second.task.resume_offset) == (100, 200)
    await second.process(batch(records, 100, 300))
    await second.save()
    restored = await bench.acquire_task()
    assert restored.task.offset == 300
    assert seats(restored.task.shard) == seats(reference(records, 300)[0])


async def test_a_snapshot_that_fails_for_another_reason_than_the_store_ends_the_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(limits=TaskLimits(snapshot_records=1))
    runner = await bench.acquire_task()
    await runner.process(batch(recording(1), 0, 100))

    def fail() -> None:
        raise ValueError("a part that cannot be packed")

    monkeypatch.setattr(runner.task.shard, "snapshot", fail)
    with pytest.raises(ValueError, match="a part that cannot be packed"):
        await asyncio.wait_for(runner.run(), 10)


async def test_lost_state_is_refused_or_recomputed() -> None:
    bench = Bench(committed=500)

    with pytest.raises(StateError, match="restore Redis from its backup"):
        await bench.acquire_task()

    bench.rebuild = True
    assert (await bench.acquire_task()).task.offset == 0


async def test_a_worker_that_dies_before_its_first_snapshot_has_lost_nothing() -> None:
    bench, records = Bench(), recording(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, 100))
    await runner.flush()
    bench.committed = 100

    second = await bench.acquire_task()

    assert (second.task.offset, second.task.resume_offset) == (0, 100)


async def test_applied_records_are_skipped_and_a_chunk_ends_with_the_replay() -> None:
    bench, records = Bench(limits=TaskLimits(chunk_records=1_000)), recording(1)
    runner = await bench.acquire_task()
    task = runner.task
    task.offset, task.resume_offset = 30, 70
    chunks = list(task.chunks(batch(records, 0, 100).columns))

    assert [(chunk.offsets[0], chunk.next_offset) for chunk in chunks] == [(30, 70), (70, 100)]


async def test_chunks_fit_the_time_they_take_but_never_become_tiny() -> None:
    task = (await Bench().acquire_task()).task
    sizes = [task.chunk_records]
    for elapsed_ms in (10, 500, 60_000, 60_000, 10, 10):
        task.adapt_chunk_size(task.chunk_records, elapsed_ms)
        sizes.append(task.chunk_records)
    assert sizes == [8_000, 16_000, 8_000, 2_000, 2_000, 4_000, 8_000]


async def test_tasks_share_what_a_restart_may_have_to_replay_except_with_a_backlog() -> None:
    bench, records = Bench(limits=TaskLimits(snapshot_records=1_000)), recording(1)
    runner = await bench.acquire_task()
    runner.task.task_count = 4
    behind = batch(records, 0, 300)
    behind.highwater = len(records)
    await runner.process(behind)
    assert not runner.task.is_snapshot_due(0)

    runner.task.end = 300
    assert runner.task.is_snapshot_due(0)
    runner.task.task_count = 3
    assert not runner.task.is_snapshot_due(0)
