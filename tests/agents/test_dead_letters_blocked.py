"""Dead letters are not acknowledged: nothing is committed, people are paged, reading stops."""

import asyncio

import pytest

from stream.agents.partition_task import TaskLimits
from stream.events.language import Reason
from tests.agents.bench import Bench, batch, live, recording, until_the_walk_out


async def test_dead_letters_are_acknowledged_before_the_commit_that_covers_them() -> None:
    bench, records = Bench(), recording(1)[:200]
    runner = await bench.acquire_task()
    await runner.process(batch([*records, (b"{", records[-1][1])], 0, 201))

    assert await runner.flush()

    assert bench.diary.lines.index("letters") < bench.diary.lines.index("commit")
    assert [dead_letter.reason for dead_letter in bench.diary.letters] == ["broken_json"]
    assert runner.committed_offset == 201


async def test_while_the_dead_letter_topic_accepts_nothing_nothing_is_committed() -> None:
    bench, records = Bench(), recording(1)[:200]
    runner = await bench.acquire_task()
    bench.diary.topics_answer = False
    await runner.process(batch([*records, (b"{", records[-1][1])], 0, 201))

    assert not await runner.flush()
    assert "commit" not in bench.diary.lines

    bench.diary.topics_answer = True
    assert await runner.flush()
    assert len(bench.diary.letters) == 1


async def test_records_without_dead_letters_are_committed_while_that_topic_is_unavailable() -> None:
    bench, records = Bench(), recording(1)[:200]
    runner = await bench.acquire_task()
    bench.diary.topics_answer = False
    await runner.process(batch(records, 0, 100))

    assert await runner.flush() == (not runner.task.dead_letters)


async def test_while_the_dead_letter_topic_accepts_nothing_pages_are_sent_from_memory() -> None:
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    bench.diary.topics_answer = False
    await runner.process(batch([(b"{", records[0][1]), *records], 0, len(records) + 1))

    assert not await runner.flush()

    assert "page" in bench.diary.lines
    assert "commit" not in bench.diary.lines


@pytest.mark.parametrize("limits", [TaskLimits(entries_max=3), TaskLimits(dead_letter_bytes_max=3)])
async def test_reading_waits_while_too_many_dead_letters_wait(limits: TaskLimits) -> None:
    bench, records = Bench(limits=limits), recording(1)[:1_000]
    runner = await bench.acquire_task()
    bench.diary.topics_answer = False
    runner.task.chunk_records = 100
    all_at_once = batch([(b"{", records[0][1])] * 3 + records, 0, 1_003)
    reading = asyncio.create_task(runner.process(all_at_once))
    await asyncio.wait({reading}, timeout=0.2)
    assert 3 <= runner.task.offset <= 100

    bench.diary.topics_answer = True
    running = asyncio.create_task(runner.run())
    await asyncio.wait_for(reading, 10)
    runner.close()
    await running
    assert runner.task.offset == 1_003
    assert [one.reason for one in bench.diary.letters].count(Reason.broken_json) == 3
