"""All lanes of a worker: takes partitions over, and lets them go."""

import asyncio
import contextlib
import logging
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.types import TP

from stream.agents.acquisition import PartitionRef, TaskConfig, take_over
from stream.agents.outbox import NOTICE
from stream.agents.process import give_memory_back
from stream.agents.task_runner import TaskRunner
from stream.agents.transport.batch_consumer import BatchConsumer
from stream.agents.transport.fetched_batch import FetchedBatch
from stream.agents.worker_services import WorkerServices
from stream.clock import monotonic_ms
from stream.errors import ServiceError
from stream.store.keys import ShardKey
from stream.store.protocol import LeaseLost, Outcome

log = logging.getLogger(__name__)

TIDY_AFTER_S: Final = 2.0


class TaskManager:
    """The tasks by partition; the `PartitionOwner` that the transport asks.

    Args:
        topic: of the events.
        consumer: the transport.
        rules: for each task.
        services: where tasks write.
        failed: called with an error after which the worker must end.
    """

    def __init__(
        self,
        topic: str,
        consumer: BatchConsumer,
        rules: TaskConfig,
        services: WorkerServices,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._topic = topic
        self._consumer = consumer
        self._rules = rules
        self._services = services
        self._failed = failed
        self._runners: dict[TP, TaskRunner] = {}
        self._loops: dict[TP, asyncio.Task[None]] = {}
        self._later: set[asyncio.Task[None]] = set()

    # ---------------------------------------------------------------------- what the worker asks

    @property
    def runners(self) -> Iterable[TaskRunner]:
        """All lanes."""
        return self._runners.values()

    def missing(self) -> list[TP]:
        """Partitions that are assigned and have no lane yet."""
        return sorted(self._consumer.assigned() - self._runners.keys())

    async def take(self, batch: FetchedBatch) -> None:
        """Apply a batch, unless it was sought elsewhere since it was fetched."""
        runner = self._runners.get(batch.tp)
        if runner is not None and batch.session == self._consumer.session.get(batch.tp):
            await runner.take(batch)

    def told(self, key: str) -> None:
        """All sinks have taken the notice with this key."""
        for runner in self._runners.values():
            runner.task.outbox.taken(NOTICE + key)

    # ---------------------------------------------------------------------- the transport's owner

    async def acquire(self, tps: frozenset[TP]) -> Mapping[TP, int]:
        """See `Owner`."""
        found = await asyncio.gather(*map(self._acquire, tps), return_exceptions=True)
        offsets: dict[TP, int] = {}
        for tp, result in zip(tps, found, strict=True):
            if isinstance(result, TaskRunner):
                offsets[tp] = result.task.offset
                self._begin(tp, result)
            elif isinstance(result, ServiceError):
                self._store_is_away(result)
            elif isinstance(result, (LeaseLost, KafkaError, CancelledError)):
                log.warning("partition %d cannot be taken over yet: %r", tp.partition, result)
            else:
                self._failed(result)
        if offsets:
            log.info("has partitions %s", _numbers(self._runners))
        return offsets

    async def drain(self, tps: frozenset[TP]) -> None:
        """See `Owner`."""
        runners = [self._runners[tp] for tp in tps if tp in self._runners]
        results = await asyncio.gather(*(k.drain() for k in runners), return_exceptions=True)
        for runner, result in zip(runners, results, strict=True):
            if isinstance(result, BaseException):
                log.warning("partition %d was not stored: %s", runner.partition, result)

    def lost(self, tps: frozenset[TP]) -> None:
        """See `Owner`."""
        gone = tps & self._runners.keys()
        if gone:
            log.info("lets partitions %s go", _numbers(gone))
        for tp in gone:
            runner = self._runners.pop(tp)
            runner.close()
            self._services.exporter.withdraw(tp.partition)
            self._services.standing.withdraw(tp.partition)
            self._services.dispatcher.withdraw(runner.task.outbox.offered_keys())
            self._services.store.forget(runner.task.lease)
        self._share()
        if gone:
            self._do_later(_tidy())

    def _share(self) -> None:
        for runner in self._runners.values():
            runner.task.sharers = len(self._runners)

    def confirmed(self) -> Mapping[TP, int]:
        """See `Owner`."""
        runners = self._runners.items()
        return {tp: runner.confirmed for tp, runner in runners if runner.confirmed is not None}

    # ---------------------------------------------------------------------- taking over

    def _begin(self, tp: TP, runner: TaskRunner) -> None:
        former = self._runners.get(tp)
        if former is not None:
            former.close()
        self._runners[tp] = runner
        self._share()
        loop = asyncio.create_task(runner.run())
        loop.add_done_callback(self._ended)
        self._loops[tp] = loop

    def _ended(self, loop: asyncio.Task[None]) -> None:
        if not loop.cancelled() and (error := loop.exception()) is not None:
            self._failed(error)

    async def _acquire(self, tp: TP) -> TaskRunner:
        partitions = self._consumer.partition_count(self._topic)
        if not partitions:
            msg = f"the partitions of topic {self._topic} are not known yet"
            raise LeaseLost(msg)
        if not self._services.store_state.opened:
            msg = "the store is not there yet"
            raise ServiceError(msg)
        place = PartitionRef(ShardKey(tp.topic, tp.partition), partitions)
        committed = await self._consumer.committed(tp)
        task = await take_over(self._services.store, place, committed, self._rules, monotonic_ms())
        self._services.store_state.answered()
        consumer = self._consumer
        return TaskRunner(
            task,
            self._services,
            consumer.release,
            self._is_lost,
            answered=lambda: consumer.fetches.answers(tp),
            end=lambda: consumer.fetches.end(tp),
        )

    # ---------------------------------------------------------------------- losing

    def _is_lost(self, runner: TaskRunner, outcome: Outcome) -> None:
        """A write was refused: drop the lane, and take it over again if it is still assigned."""
        tp = TP(self._topic, runner.partition)
        log.warning("partition %d: its state is read anew", tp.partition)
        self._consumer.forget([tp])
        self.lost(frozenset({tp}))
        pause_s = self._rules.pause_s if outcome is Outcome.FENCED else 0.0
        self._do_later(self._acquire_after(pause_s))

    def _do_later(self, work: Coroutine[Any, Any, None]) -> None:
        loop = asyncio.create_task(work)
        self._later.add(loop)
        loop.add_done_callback(self._later.discard)

    async def _acquire_after(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        self._consumer.acquire_soon()

    def _store_is_away(self, error: ServiceError) -> None:
        if self._services.store_state.failed():
            log.warning("the store is away, partitions wait for it: %s", error)

    async def close(self) -> None:
        """End all lanes without storing anything."""
        self.lost(frozenset(self._runners))
        loops = [*self._later, *self._loops.values()]
        for loop in loops:
            loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*loops, return_exceptions=True)


async def _tidy() -> None:
    """Give back the memory of lanes that are gone, once nothing holds them any more."""
    await asyncio.sleep(TIDY_AFTER_S)
    await asyncio.to_thread(give_memory_back)


def _numbers(tps: Iterable[TP]) -> str:
    return ", ".join(str(partition) for partition in sorted(tp.partition for tp in tps))
