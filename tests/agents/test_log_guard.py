"""A task that reads its log while it is replaced, or while retention removes what was not read."""

import asyncio

import pytest
from faust.types import TP

from stream.agents import log_guard
from stream.agents.log_check import LogMatch
from stream.agents.log_guard import LogGuard, check_logs
from stream.agents.task_runner import TaskRunner
from stream.store.record_fingerprint import RecordFingerprint
from tests.agents.bench import Bench, batch, recording, seats
from tests.agents.known_log import KnownLog


class SlowLog(KnownLog):
    """Its broker answers when a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.asked = 0

    async def check(self, tp: TP, fingerprint: RecordFingerprint) -> LogMatch:
        self.asked += 1
        await self.answers.wait()
        return await super().check(tp, fingerprint)


async def reading(bench: Bench, end: int = 500) -> TaskRunner:
    runner = await bench.acquire_task()
    await runner.process(batch(recording(1), 0, end))
    await runner.flush()
    return runner


async def test_while_the_log_is_the_same_nothing_happens() -> None:
    bench = Bench()
    runner = await reading(bench)
    assert await runner.log_guard.check()
    assert await runner.log_guard.check()
    assert (bench.mistrusted, sum(bench.removed)) == ([], 0)


async def test_a_log_that_was_replaced_is_acquired_again() -> None:
    bench = Bench()
    runner = await reading(bench)
    assert await runner.log_guard.check()
    bench.log.match = LogMatch.replaced
    assert not await runner.log_guard.check()
    assert len(bench.mistrusted) == 1


async def test_no_snapshot_is_saved_of_a_log_that_was_replaced() -> None:
    bench = Bench()
    runner = await reading(bench)
    assert await runner.log_guard.check()
    bench.log.match = LogMatch.replaced
    await runner.save()
    lease = await bench.store.acquire(runner.task.lease.shard)
    assert lease.manifest is not None
    assert lease.manifest.offset == 0


async def test_a_position_that_went_back_applies_nothing() -> None:
    """aiokafka begins at the log's start when its position is beyond the end."""
    bench = Bench()
    runner = await reading(bench)
    await runner.process(batch(recording(1), 0, 700))
    assert runner.task.offset == 500
    assert bench.mistrusted == ["its position went back from 500 to 0"]


async def test_records_that_retention_removed_while_the_task_reads_are_counted() -> None:
    bench = Bench()
    runner = await reading(bench)
    await runner.process(batch(recording(1), 800, 900))
    bench.log.begins = 700
    assert await runner.log_guard.check()
    assert await runner.log_guard.check()
    assert sum(bench.removed) == 200


async def test_holes_in_the_offsets_are_no_loss() -> None:
    """Markers of transactions and aborted records have offsets, too."""
    bench = Bench()
    runner = await reading(bench)
    await runner.process(batch(recording(1), 501, 900))
    assert await runner.log_guard.check()
    assert sum(bench.removed) == 0


async def test_an_idle_task_whose_position_retention_has_passed_goes_on_with_its_windows() -> None:
    """Else its lag would never end: no record comes to show the gap."""
    bench = Bench()
    runner = await bench.acquire_task()
    await runner.process(batch(recording(1)[:700], 0, 500))
    await runner.flush()
    before = seats(runner.task.shard)
    bench.log.begins, bench.log.match = 700, LogMatch.unverifiable
    for _ in range(3):
        assert await runner.log_guard.check()
    assert (runner.task.offset, runner.task.lag) == (700, 0)
    assert (bench.mistrusted, sum(bench.removed)) == ([], 200)
    assert seats(runner.task.shard) == before

    await runner.process(batch(recording(1), 700, 900))
    await runner.drain()
    assert (runner.task.offset, sum(bench.removed)) == (900, 200)
    again = await bench.acquire_task()
    assert (again.task.offset, sum(bench.removed)) == (900, 200)
    assert seats(again.task.shard) == seats(runner.task.shard)


@pytest.mark.parametrize(("in_flight", "end"), [(30, 700), (0, 710)])
async def test_a_task_that_has_still_something_to_read_moves_over_nothing(
    in_flight: int, end: int
) -> None:
    """Records that were fetched are applied; the next ones show the gap."""
    bench = Bench(in_flight=in_flight)
    runner = await bench.acquire_task()
    await runner.process(batch(recording(1)[:end], 0, 500))
    await runner.flush()
    bench.log.begins, bench.log.match = 700, LogMatch.unverifiable
    for _ in range(3):
        assert await runner.log_guard.check()
    assert (runner.task.offset, bench.mistrusted, sum(bench.removed)) == (500, [], 0)
    bench.in_flight = 0
    await runner.process(batch(recording(1), 500, 600))
    await runner.process(batch(recording(1), 700, 710))
    assert await runner.log_guard.check()
    assert (runner.task.offset, sum(bench.removed)) == (710, 100)


async def test_a_log_in_which_nothing_is_written_is_looked_up_and_read_only_when_it_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_guard, "CHECK_S", 0.01)
    bench = Bench()
    runner = await reading(bench)
    guard, log = runner.log_guard, bench.log
    log.is_unmoved = True
    for _ in range(2):  # what was delivered last is noted, then read again
        await check_logs([guard], log)
    assert (log.looked_up, log.checks) == ([{}, {guard.tp: runner.task.fingerprint}], 0)
    log.is_unmoved = False
    await check_logs([guard], log)
    assert log.checks == 1
    log.is_unmoved = True
    for _ in range(5):
        await check_logs([guard], log)
    assert log.checks == 1
    await runner.process(batch(recording(1), 500, 600))
    await check_logs([guard], log)
    assert (log.looked_up[-1], log.checks) == ({}, 2)


async def test_an_idle_log_that_moved_is_read_before_those_that_wait_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a topic that was made again would be noticed an interval later."""
    monkeypatch.setattr(log_guard, "CHECK_S", 0.01)
    busy, idle, read = Bench(), Bench(), list[str]()
    first, second = (await reading(busy)).log_guard, (await reading(idle)).log_guard
    second.tp = TP(first.tp.topic, 1)
    for _ in range(2):
        await check_logs([second], idle.log)

    async def noted(self: LogGuard) -> bool:
        read.append("idle" if self is second else "busy")
        return True

    monkeypatch.setattr(LogGuard, "check", noted)
    await check_logs([first, second], idle.log)
    assert read == ["idle", "busy"]


async def test_a_look_up_that_is_not_answered_lets_the_logs_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_guard, "CHECK_S", 0.01)
    monkeypatch.setattr(log_guard, "WAIT_S_MAX", 0.05)
    bench = Bench()
    runner = await reading(bench)
    await check_logs([runner.log_guard], bench.log)

    async def never(_: object) -> set[TP]:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(bench.log, "unmoved", never)
    bench.log.match = LogMatch.replaced
    await check_logs([runner.log_guard], bench.log)
    assert len(bench.mistrusted) == 1


async def test_a_snapshot_does_not_wait_for_a_silent_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the broker says at last is acted on all the same, and it is asked once at a time."""
    monkeypatch.setattr(log_guard, "WAIT_S_MAX", 0.05)
    slow = SlowLog()
    bench = Bench(log=slow)
    runner = await reading(bench)
    assert await runner.log_guard.check()  # nothing was delivered before
    async with asyncio.timeout(5):
        await runner.save()
        assert await runner.log_guard.check()
    manifest = (await bench.store.acquire(runner.task.lease.shard)).manifest
    assert manifest is not None
    assert (manifest.offset, slow.asked) == (500, 1)

    slow.match = LogMatch.replaced
    slow.answers.set()
    await asyncio.sleep(0)
    assert not await runner.log_guard.check()
    assert slow.asked == 2
    assert set(bench.mistrusted) == {"its log does not hold the record that was delivered last"}
