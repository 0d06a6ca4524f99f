"""A live task gathers records, and applies, commits and shows them in cycles of its own.

The clock is moved by the test; no turn is awaited that was not asked for.
"""

import asyncio
import itertools
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from stream.agents.cycle_times import CYCLE_MS, TICK_MS
from stream.agents.partition_task import QUIET_TICKS, TaskLimits
from stream.agents.task_runner import GATHERED_RECORDS_MAX, TaskRunner
from stream.agents.transport.fetched_batch import FetchedBatch
from tests.agents.bench import (
    Bench,
    batch,
    live,
    recording,
    reference,
    seats,
    until_the_walk_out,
)

MODULES = ("task_runner", "fetched_records", "view_publisher")
PHASE_MS = 125


@dataclass
class Clock:
    """Monotonic time."""

    now_ms: int = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for name in MODULES:
        monkeypatch.setattr(f"stream.agents.{name}.monotonic_ms", clock)
    return clock


RECORDS = until_the_walk_out(1)
FIRST = len(RECORDS) - 200
"""Applied as a backlog; the others come while the task is live."""


def fetched(start: int, end: int) -> FetchedBatch:
    """A fetch that reaches the end of the partition."""
    return replace(batch(RECORDS, start, end), highwater=end)


async def turns(runner: TaskRunner, clock: Clock, count: int) -> None:
    """Let so many cycles begin."""
    for _ in range(count):
        clock.now_ms = runner.cycles.next_cycle_ms(clock.now_ms)
        await runner.turn()


async def live_runner(bench: Bench, clock: Clock) -> TaskRunner:
    runner = await bench.acquire_task()
    runner.cycles.phase_ms = PHASE_MS
    await runner.process(fetched(0, FIRST))
    await turns(runner, clock, 2)
    assert runner.task.clock.live
    bench.diary.lines.clear()
    return runner


async def test_records_of_a_live_task_wait_for_its_cycle_and_are_applied_in_order(
    clock: Clock,
) -> None:
    bench = live()
    runner = await live_runner(bench, clock)
    for start in range(FIRST, len(RECORDS), 20):
        await runner.process(fetched(start, start + 20))
    assert runner.task.offset == FIRST

    await turns(runner, clock, 1)

    assert runner.task.offset == len(RECORDS)
    assert runner.task.at_end
    assert seats(runner.task.shard) == seats(reference(RECORDS, len(RECORDS))[0])


async def test_what_was_gathered_is_applied_as_one_chunk(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = live()
    runner = await live_runner(bench, clock)
    sizes = []
    apply = type(runner.task).apply

    def counted(task: Any, chunk: Any, *times_ms: int) -> Any:
        sizes.append(len(chunk.offsets))
        return apply(task, chunk, *times_ms)

    monkeypatch.setattr(type(runner.task), "apply", counted)
    for start in range(FIRST, len(RECORDS), 20):
        await runner.process(fetched(start, start + 20))
    await turns(runner, clock, 1)
    assert sizes == [200]


async def test_a_page_waits_for_the_next_cycle_and_not_for_a_refresh(clock: Clock) -> None:
    bench = live()
    runner = await live_runner(bench, clock)
    if runner.cycles.next_cycle_ms(clock.now_ms) % TICK_MS == PHASE_MS:
        await turns(runner, clock, 1)  # so that the next cycle is no tick
    bench.diary.lines.clear()
    await runner.process(fetched(FIRST, len(RECORDS)))
    assert "page" not in bench.diary.lines

    before_ms = clock.now_ms
    await turns(runner, clock, 1)

    assert [line for line in bench.diary.lines if line != "letters"][:2] == ["commit", "page"]
    assert clock.now_ms - before_ms <= CYCLE_MS


async def test_a_backlog_is_applied_at_once(clock: Clock) -> None:
    bench = live()
    runner = await bench.acquire_task()
    await runner.process(batch(RECORDS, 0, 100))
    assert runner.task.offset == 100
    assert not runner.task.clock.live


async def test_more_than_a_little_is_applied_at_once_though_the_task_is_live(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert GATHERED_RECORDS_MAX > 200
    monkeypatch.setattr("stream.agents.task_runner.GATHERED_RECORDS_MAX", 50)
    runner = await live_runner(live(), clock)
    await runner.process(fetched(FIRST, FIRST + 50))
    assert runner.task.offset == FIRST
    await runner.process(fetched(FIRST + 50, FIRST + 51))
    assert runner.task.offset == FIRST + 51


async def test_a_revocation_applies_and_stores_what_was_gathered(clock: Clock) -> None:
    bench = live()
    runner = await live_runner(bench, clock)
    await runner.process(fetched(FIRST, len(RECORDS)))

    await runner.drain()

    assert runner.committed_offset == len(RECORDS)
    restored = await bench.acquire_task()
    assert (restored.task.offset, restored.task.replaying) == (len(RECORDS), False)


async def test_batches_that_come_while_a_backlog_is_drained_are_left_to_the_next_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = recording(1)[:2_000]
    bench = Bench(limits=TaskLimits(chunk_records=250))
    runner = await bench.acquire_task()
    runner.task.chunk_records = 250

    async def read() -> None:
        for start in range(0, len(records), 500):
            await runner.process(batch(records, start, start + 500))

    reading = asyncio.create_task(read())
    commit = bench.store.commit

    async def commit_late(*args: Any) -> Any:
        await reading
        return await commit(*args)

    monkeypatch.setattr(bench.store, "commit", commit_late)
    await asyncio.sleep(0)  # the first chunk of the first batch is applied
    assert runner.task.offset == 250
    await runner.drain()

    assert runner.committed_offset == runner.task.offset == 250
    following = await bench.acquire_task()
    await following.process(batch(records, following.task.offset, len(records)))
    assert seats(following.task.shard) == seats(reference(records, len(records))[0])


async def test_what_was_gathered_waits_until_kafka_answers_so_that_no_clock_jumps_over_a_sleep(
    clock: Clock,
) -> None:
    bench = live()
    runner = await live_runner(bench, clock)
    await runner.process(fetched(FIRST, FIRST + 20))
    before_ms = runner.task.shard.as_of_ms
    clock.now_ms += 60_000
    bench.is_kafka_answering = False
    await runner.turn()
    assert runner.task.offset == FIRST
    assert runner.task.shard.as_of_ms - before_ms < 10_000

    bench.is_kafka_answering = True
    await turns(runner, clock, 1)
    assert runner.task.offset == FIRST + 20


async def test_a_queue_reading_alone_is_a_change(clock: Clock) -> None:
    runner = await live_runner(live(), clock)
    changes = runner.task.changes
    queue = {"floor": "floor-01", "source": "pbx-01", "ts": RECORDS[FIRST - 1][1], "type": "queue"}
    reading = orjson.dumps({**queue, "pool": "main", "waiting": 9, "oldest_wait_s": 40.0})
    records = [*RECORDS[:FIRST], (reading, RECORDS[FIRST - 1][1])]
    await runner.process(replace(batch(records, FIRST, FIRST + 1), highwater=FIRST + 1))
    await turns(runner, clock, 1)
    assert runner.task.changes == changes + 1


async def test_a_task_that_is_closed_applies_nothing_more(clock: Clock) -> None:
    runner = await live_runner(live(), clock)
    await runner.process(fetched(FIRST, len(RECORDS)))
    runner.close()
    await turns(runner, clock, 1)
    assert runner.task.offset == FIRST


async def test_while_anything_changes_each_tick_refreshes_and_commits(clock: Clock) -> None:
    """However late the turns begin, and however long they take."""
    bench = live()
    runner = await live_runner(bench, clock)
    shown = refreshes(runner, clock)
    for number in range(12):
        start = FIRST + 4 * number
        await runner.process(fetched(start, start + 4))
        clock.now_ms = runner.cycles.next_cycle_ms(clock.now_ms) + (number * 17) % 80
        await runner.turn()
        clock.now_ms += (number * 53) % 300
    assert shown == list(range(shown[0], shown[0] + 6))
    assert bench.diary.lines.count("commit") >= 6


async def test_while_nothing_but_time_passes_views_stay_fresh_at_little_cost(clock: Clock) -> None:
    runner = await live_runner(live(), clock)
    await turns(runner, clock, 2 * QUIET_TICKS)
    shown = refreshes(runner, clock)
    await turns(runner, clock, 2 * 3 * QUIET_TICKS)
    gaps = [after - before for before, after in itertools.pairwise(shown)]
    assert gaps
    assert set(gaps) <= set(range(1, QUIET_TICKS + 1))
    assert QUIET_TICKS in gaps


def refreshes(runner: TaskRunner, clock: Clock) -> list[int]:
    """The ticks at which figures are published from now on."""
    ticks: list[int] = []
    publish = runner.publish

    async def noted() -> None:
        ticks.append(runner.cycles.tick(clock()))
        await publish()

    runner.publish = noted  # type: ignore[method-assign]
    return ticks
