"""Which partitions a worker waits for, and which it forgets."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError

from stream.agents.acquisition import TaskConfig
from stream.agents.log_guard import LogGuard
from stream.agents.partition_task import NoticeFormat
from stream.agents.task_manager import TaskManager
from stream.control.alerts.messages import messages
from stream.errors import DamagedKeyError, FloorwatchError
from stream.roster import NO_ROSTER
from stream.store.keys import ShardKey
from stream.store.lease import Lease, Outcome
from tests.agents.bench import SPEC, TOPIC, Bench

DAMAGED = DamagedKeyError("key floorwatch:{floor-events:0}:shard holds something else")


class Group:
    """A consumer to which one partition is assigned."""

    def __init__(self) -> None:
        self.again = 0

    def assigned(self) -> set[Any]:
        return {TOPIC}

    def partition_count(self, _topic: str) -> int:
        return 1

    async def committed(self, _tp: Any) -> int | None:
        return None

    def forget(self, _tps: Any) -> None:
        """Nothing was fetched."""

    def acquire_soon(self) -> None:
        self.again += 1

    release = None
    fetch_monitor = SimpleNamespace(is_answering=lambda _tp: True, end=lambda _tp: None)


def manager(bench: Bench) -> TaskManager:
    bench.services.store_state.opened = True
    config = TaskConfig(SPEC, NO_ROSTER, NoticeFormat(messages, "en"))
    return TaskManager(TOPIC.topic, cast("Any", Group()), bench.log, config, bench.services, _fail)


def _fail(error: BaseException) -> None:
    raise error


def failing(error: FloorwatchError | KafkaConnectionError) -> Callable[[ShardKey], Any]:
    async def acquire(_shard: ShardKey) -> Lease:
        raise error

    return acquire


@pytest.mark.parametrize("error", [DAMAGED, KafkaConnectionError("no leader")])
async def test_a_partition_that_waits_for_somebody_else_is_no_stall_of_the_worker(
    error: FloorwatchError | KafkaConnectionError, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    tasks = manager(bench)
    assert tasks.is_starting()

    monkeypatch.setattr(bench.store, "acquire", failing(error))
    assert await tasks.acquire(frozenset({TOPIC})) == {}

    assert tasks.pending() == [TOPIC]
    assert not tasks.is_starting()


async def test_a_damaged_key_is_forgotten_when_it_was_mended_or_another_worker_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    tasks, state = manager(bench), bench.services.store_state
    monkeypatch.setattr(bench.store, "acquire", failing(DAMAGED))
    await tasks.acquire(frozenset({TOPIC}))
    assert (state.damaged, state.is_answering([0])) == ({0: str(DAMAGED)}, False)
    assert state.is_answering([1])  # of partitions that run, one may stall

    tasks.on_lost(frozenset({TOPIC}))
    assert (state.damaged, state.is_answering([0])) == ({}, True)

    await tasks.acquire(frozenset({TOPIC}))
    monkeypatch.undo()
    assert await tasks.acquire(frozenset({TOPIC})) == {TOPIC: 0}
    assert state.damaged == {}
    await tasks.close()


async def test_a_check_of_a_former_task_does_not_drop_the_one_that_took_its_place() -> None:
    bench = Bench()
    tasks = manager(bench)
    await tasks.acquire(frozenset({TOPIC}))
    (former,) = tasks.runners
    await tasks.acquire(frozenset({TOPIC}))
    (runner,) = tasks.runners

    guard: Any = former.log_guard
    assert isinstance(guard, LogGuard)
    guard._acquire_again("its log is another one")
    assert list(tasks.runners) == [runner]

    runner.log_guard.admit(-1)
    assert list(tasks.runners) == []
    await tasks.close()


async def test_a_partition_whose_state_is_damaged_waits_and_harms_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is read again after a while, not with each attempt, and named once."""
    now_s, asked = 1_000.0, 0
    monkeypatch.setattr("stream.agents.task_manager.time.monotonic", lambda: now_s)
    bench = Bench()
    tasks, state = manager(bench), bench.services.store_state
    await tasks.acquire(frozenset({TOPIC}))
    await next(iter(tasks.runners)).drain()
    tasks.on_lost(frozenset({TOPIC}))
    parts = bench.server.shards[ShardKey("floor-events", 0)].parts
    names = parts.pop("names")

    load = bench.store.load

    async def counted(lease: Lease) -> dict[str, bytes]:
        nonlocal asked
        asked += 1
        return await load(lease)

    monkeypatch.setattr(bench.store, "load", counted)
    for _ in range(5):
        assert await tasks.acquire(frozenset({TOPIC})) == {}
    assert asked == 1
    assert not tasks.is_starting()
    [reason] = state.damaged.values()
    assert [one for one in caplog.messages if reason in one] == [
        f"partition 0 waits to be acquired: {reason}"
    ]

    parts["names"] = names
    now_s += 5.0
    assert await tasks.acquire(frozenset({TOPIC})) == {TOPIC: 0}
    assert state.damaged == {}
    await tasks.close()


async def test_a_partition_that_another_worker_took_is_left_to_it_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though the transport asks twice a second, as long as any other partition waits."""
    now_s = 1_000.0
    monkeypatch.setattr("stream.agents.task_manager.time.monotonic", lambda: now_s)
    bench = Bench()
    tasks = manager(bench)
    await tasks.acquire(frozenset({TOPIC}))
    (runner,) = tasks.runners
    tasks._on_lease_lost(runner, Outcome.FENCED)
    for seconds in (0.0, 9.9):
        now_s = 1_000.0 + seconds
        assert await tasks.acquire(frozenset({TOPIC})) == {}
    now_s = 1_010.0
    assert await tasks.acquire(frozenset({TOPIC})) == {TOPIC: 0}
    await tasks.close()


async def test_a_partition_that_is_assigned_anew_is_acquired_at_once() -> None:
    bench = Bench()
    tasks = manager(bench)
    await tasks.acquire(frozenset({TOPIC}))
    (runner,) = tasks.runners
    tasks._on_lease_lost(runner, Outcome.FENCED)
    tasks.on_lost(frozenset({TOPIC}))  # as with each assignment
    assert await tasks.acquire(frozenset({TOPIC})) == {TOPIC: 0}
    await tasks.close()
