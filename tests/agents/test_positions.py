"""A task's position where offsets hold no records: markers, aborted records, retention."""

import pytest

from stream.agents.transport.fetched_batch import FetchedBatch, RecordColumns
from tests.agents.bench import TOPIC, batch, live, recording, reference, seats


def markers(position: int, next_offset: int) -> FetchedBatch:
    """A fetch of transaction markers, or of aborted records, alone."""
    columns = RecordColumns([], [], b"", (), position, next_offset)
    return FetchedBatch(TOPIC, 1, columns, next_offset)


async def test_a_fetch_of_markers_alone_moves_the_position_and_is_committed() -> None:
    bench, records = live(), recording(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, 50))
    assert await runner.flush()

    await runner.process(markers(50, 52))

    assert (runner.task.offset, runner.task.lag) == (52, len(records) - 52)
    assert runner.task.is_commit_due(1_000)
    assert await runner.flush()
    assert runner.committed_offset == 52


async def test_a_replay_that_ends_with_markers_is_over_behind_them() -> None:
    bench, records = live(), recording(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, 50))
    await runner.process(markers(50, 52))
    assert await runner.flush()

    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, 50))
    replaying = [runner.task.replaying]
    await runner.process(markers(50, 52))
    replaying.append(runner.task.replaying)

    assert replaying == [True, False]
    assert seats(runner.task.shard) == seats(reference(records, 50)[0])


async def test_a_gap_is_reported_between_fetches_and_not_within_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench, records = live(), recording(1)
    runner = await bench.acquire_task()
    aborted_first = batch(records, 3, 50)
    aborted_first.columns.start_offset = 0
    await runner.process(aborted_first)
    bench.log.begins = 60
    assert await runner.log_guard.check()
    assert "removed" not in caplog.text

    await runner.process(batch(records, 60, 70))
    assert await runner.log_guard.check()
    assert "removed records 50 to 59" in caplog.text
