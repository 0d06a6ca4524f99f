"""All partition tasks of a worker: acquires, drains and releases partitions."""

import asyncio
import contextlib
import logging
import time
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.types import TP

from stream.agents.acquisition import LogTooShort, PartitionRef, TaskConfig, acquire_task
from stream.agents.log_check import LogCheck
from stream.agents.log_guard import LogGuard, check_logs
from stream.agents.outbox import NOTICE
from stream.agents.partition_task import PartitionTask
from stream.agents.process import release_memory
from stream.agents.task_runner import TaskRunner
from stream.agents.transport.batch_consumer import BatchConsumer
from stream.agents.transport.fetched_batch import FetchedBatch
from stream.agents.worker_services import WorkerServices
from stream.clock import monotonic_ms
from stream.errors import DamagedKeyError, ServiceError, UnreadableStateError
from stream.store.keys import ShardKey
from stream.store.lease import LeaseLost, Outcome

log = logging.getLogger(__name__)

RELEASE_MEMORY_AFTER_S: Final = 2.0
UNREADABLE_RETRY_S: Final = 5.0
"""Damaged state is read again so often: whether a backup was restored must not load Redis."""


class TaskManager:
    """The task runners by partition; the `PartitionOwner` that the transport calls.

    All methods run on the event loop of the worker.

    Args:
        topic: of the events.
        consumer: the transport.
        log_check: checks that state belongs to the log that is read.
        config: of each task.
        services: where tasks write.
        on_error: called with an error after which the worker must stop.
    """

    def __init__(
        self,
        topic: str,
        consumer: BatchConsumer,
        log_check: LogCheck,
        config: TaskConfig,
        services: WorkerServices,
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._topic = topic
        self._consumer = consumer
        self._log_check = log_check
        self._config = config
        self._services = services
        self._on_error = on_error
        self._runners: dict[TP, TaskRunner] = {}
        self._loops: dict[TP, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._refused: set[TP] = set()
        """Cannot be acquired before somebody mends a key or Kafka answers: a restart helps none."""
        self._unreadable: dict[TP, tuple[UnreadableStateError, float]] = {}
        """Whose state was damaged, and until when it is not read again (monotonic)."""
        self._not_before: dict[TP, float] = {}
        """Whose task was dropped, and until when it is not acquired again (monotonic)."""

    # ---------------------------------------------------------------------- what the worker asks

    @property
    def runners(self) -> Iterable[TaskRunner]:
        """All runners."""
        return self._runners.values()

    def pending(self) -> list[TP]:
        """Partitions that are assigned and have no task yet."""
        return sorted(self._consumer.assigned() - self._runners.keys())

    def is_starting(self) -> bool:
        """Whether a partition is about to be acquired, as far as this worker can tell."""
        return not self._refused.issuperset(self.pending())

    async def process(self, batch: FetchedBatch) -> None:
        """Apply a batch, unless its partition was sought elsewhere since it was fetched.

        Called by the transport's agent. Blocks while the task is full.
        """
        runner = self._runners.get(batch.tp)
        if runner is not None and batch.session == self._consumer.session.get(batch.tp):
            await runner.process(batch)

    def confirm_delivery(self, key: str) -> None:
        """Note that all sinks have delivered the notice with this key. Called by the dispatcher."""
        for runner in self._runners.values():
            runner.task.outbox.acknowledge(NOTICE + key)

    async def watch_logs(self) -> None:
        """Check regularly that each task still reads the log that its state belongs to.

        Runs until cancelled; acquires a partition again, which is the thorough check, if it seems
        not to.
        """
        while True:
            await check_logs([runner.log_guard for runner in self.runners], self._log_check)

    # ---------------------------------------------------------------------- the transport's owner

    async def acquire(self, tps: frozenset[TP]) -> Mapping[TP, int]:
        """See `PartitionOwner`."""
        due = [tp for tp in tps if time.monotonic() >= self._not_before.get(tp, 0.0)]
        results = await asyncio.gather(*map(self._acquire, due), return_exceptions=True)
        offsets: dict[TP, int] = {}
        for tp, result in zip(due, results, strict=True):
            self._refused.discard(tp)
            if isinstance(result, TaskRunner):
                offsets[tp] = result.task.offset
                self._start(tp, result)
            elif isinstance(result, ServiceError):
                self._on_store_unavailable(result)
            elif isinstance(result, DamagedKeyError):
                self._services.store_state.on_acquire_error(result, tp.partition)
                self._refused.add(tp)
            elif isinstance(result, (LeaseLost, LogTooShort, KafkaError, CancelledError)):
                if isinstance(result, (LogTooShort, KafkaError)):
                    self._refused.add(tp)
                log.warning("partition %d cannot be acquired yet: %r", tp.partition, result)
            else:
                self._on_error(result)
        if offsets:
            log.info("has partitions %s", _partition_list(self._runners))
        return offsets

    async def drain(self, tps: frozenset[TP]) -> None:
        """See `PartitionOwner`."""
        runners = [self._runners[tp] for tp in tps if tp in self._runners]
        results = await asyncio.gather(*(k.drain() for k in runners), return_exceptions=True)
        for runner, result in zip(runners, results, strict=True):
            if isinstance(result, BaseException):
                log.warning("partition %d was not stored: %s", runner.partition, result)

    def on_lost(self, tps: frozenset[TP]) -> None:
        """See `PartitionOwner`."""
        released = tps & self._runners.keys()
        for tp in tps:
            self._services.store_state.on_released(tp.partition)
            self._refused.discard(tp)
            self._unreadable.pop(tp, None)
            self._not_before.pop(tp, None)
        if released:
            log.info("released partitions %s", _partition_list(released))
        for tp in released:
            runner = self._runners.pop(tp)
            runner.close()
            self._services.exporter.withdraw(tp.partition)
            self._services.active_alerts.withdraw(tp.partition)
            self._services.dispatcher.withdraw(runner.task.outbox.offered_keys())
            self._services.store.forget(runner.task.lease)
        self._share()
        if released:
            self._spawn(_release_memory_later())

    def _share(self) -> None:
        """Share among the tasks what a restart replays, and the instants at which they work."""
        tasks = len(self._runners)
        for place, tp in enumerate(sorted(self._runners)):
            self._runners[tp].task.task_count = tasks
            self._runners[tp].cycles.share(place, tasks)

    def committable_offsets(self) -> Mapping[TP, int]:
        """See `PartitionOwner`."""
        runners = self._runners.items()
        return {
            tp: runner.committed_offset
            for tp, runner in runners
            if runner.committed_offset is not None
        }

    # ---------------------------------------------------------------------- taking over

    def _start(self, tp: TP, runner: TaskRunner) -> None:
        previous = self._runners.get(tp)
        if previous is not None:
            previous.close()
        self._runners[tp] = runner
        self._share()
        loop = asyncio.create_task(runner.run())
        loop.add_done_callback(self._on_runner_done)
        self._loops[tp] = loop

    def _on_runner_done(self, loop: asyncio.Task[None]) -> None:
        if not loop.cancelled() and (error := loop.exception()) is not None:
            self._on_error(error)

    async def _acquire(self, tp: TP) -> TaskRunner:
        partitions = self._consumer.partition_count(self._topic)
        if not partitions:
            msg = f"the partitions of topic {self._topic} are not known yet"
            raise LeaseLost(msg)
        if not self._services.store_state.opened:
            msg = "the store is not open yet"
            raise ServiceError(msg)
        partition_ref = PartitionRef(
            ShardKey(tp.topic, tp.partition, self._config.prefix), partitions
        )
        task = await self._acquire_task(partition_ref)
        self._services.store_state.on_commit(tp.partition)
        log_check = self._log_check
        consumer, lost = self._consumer, self._services.health.records_lost.labels(tp.partition)
        return TaskRunner(
            task,
            self._services,
            LogGuard(
                *(task, log_check, lost.inc, partial(self._on_log_replaced, task)),
                in_flight=lambda: consumer.in_flight.get(consumer.session.get(tp, 0), 0),
            ),
            consumer.release,
            self._on_lease_lost,
            is_kafka_answering=lambda: consumer.fetch_monitor.is_answering(tp),
            end_offset=lambda: consumer.fetch_monitor.end(tp),
        )

    async def _acquire_task(self, partition_ref: PartitionRef) -> PartitionTask:
        tp = partition_ref.tp
        error, until_s = self._unreadable.get(tp, (None, 0.0))
        if error is not None and time.monotonic() < until_s:
            raise error
        committed = await self._consumer.committed(tp)
        store, log_check = self._services.store, self._log_check
        try:
            return await acquire_task(
                store, log_check, partition_ref, committed, self._config, monotonic_ms()
            )
        except UnreadableStateError as error:
            self._unreadable[tp] = (error, time.monotonic() + UNREADABLE_RETRY_S)
            raise

    # ---------------------------------------------------------------------- losing

    def _on_lease_lost(self, runner: TaskRunner, outcome: Outcome) -> None:
        """Drop a task whose write was refused, and acquire it again if it is still assigned."""
        pause_s = self._config.pause_s if outcome is Outcome.FENCED else 0.0
        self._acquire_again(TP(self._topic, runner.partition), str(outcome), pause_s)

    def _on_log_replaced(self, task: PartitionTask, why: str) -> None:
        """Acquire a task's partition again, unless it has been acquired meanwhile."""
        tp = TP(self._topic, task.origin.partition)
        runner = self._runners.get(tp)
        if runner is not None and runner.task is task:
            self._acquire_again(tp, why)

    def _acquire_again(self, tp: TP, why: str, pause_s: float = 0.0) -> None:
        log.warning("partition %d: its state is read again: %s", tp.partition, why)
        self._consumer.forget([tp])
        self.on_lost(frozenset({tp}))
        self._not_before[tp] = time.monotonic() + pause_s
        self._spawn(self._acquire_later(pause_s))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        loop = asyncio.create_task(work)
        self._background.add(loop)
        loop.add_done_callback(self._background.discard)

    async def _acquire_later(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        self._consumer.acquire_soon()

    def _on_store_unavailable(self, error: ServiceError) -> None:
        if self._services.store_state.mark_unavailable():
            log.warning("the store is unavailable, partitions wait for it: %s", error)

    async def close(self) -> None:
        """Stop all tasks without storing anything. Called when the worker stops, after `drain`."""
        self.on_lost(frozenset(self._runners))
        loops = [*self._background, *self._loops.values()]
        for loop in loops:
            loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*loops, return_exceptions=True)


async def _release_memory_later() -> None:
    """Release the memory of dropped tasks, once nothing references them any more."""
    await asyncio.sleep(RELEASE_MEMORY_AFTER_S)
    await asyncio.to_thread(release_memory)


def _partition_list(tps: Iterable[TP]) -> str:
    return ", ".join(str(partition) for partition in sorted(tp.partition for tp in tps))
