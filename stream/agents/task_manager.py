"""All lanes of a worker: takes partitions over, and lets them go."""

import asyncio
import contextlib
import logging
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.types import TP

from stream.agents.fetched_batch import Batch
from stream.agents.outbox import NOTICE
from stream.agents.process import give_memory_back
from stream.agents.takeover import Place, Rules, take_over
from stream.agents.task_runner import LaneKeeper
from stream.agents.transport import BatchConsumer
from stream.agents.worker_services import Outlets
from stream.clock import monotonic_ms
from stream.errors import ServiceError
from stream.store.keys import ShardKey
from stream.store.protocol import LeaseLost, Outcome

log = logging.getLogger(__name__)

TIDY_AFTER_S: Final = 2.0


class Lanes:
    """The lanes by partition; the owner that the transport asks (`stream.agents.fetched_batch.Owner`).

    Args:
        topic: of the events.
        consumer: the transport.
        rules: for each lane.
        outlets: where lanes write.
        failed: called with an error after which the worker must end.
    """

    def __init__(
        self,
        topic: str,
        consumer: BatchConsumer,
        rules: Rules,
        outlets: Outlets,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._topic = topic
        self._consumer = consumer
        self._rules = rules
        self._outlets = outlets
        self._failed = failed
        self._keepers: dict[TP, LaneKeeper] = {}
        self._tasks: dict[TP, asyncio.Task[None]] = {}
        self._later: set[asyncio.Task[None]] = set()

    # ---------------------------------------------------------------------- what the worker asks

    @property
    def keepers(self) -> Iterable[LaneKeeper]:
        """All lanes."""
        return self._keepers.values()

    def missing(self) -> list[TP]:
        """Partitions that are assigned and have no lane yet."""
        return sorted(self._consumer.assigned() - self._keepers.keys())

    async def take(self, batch: Batch) -> None:
        """Apply a batch, unless it was sought elsewhere since it was fetched."""
        keeper = self._keepers.get(batch.tp)
        if keeper is not None and batch.session == self._consumer.session.get(batch.tp):
            await keeper.take(batch)

    def told(self, key: str) -> None:
        """All sinks have taken the notice with this key."""
        for keeper in self._keepers.values():
            keeper.lane.outbox.taken(NOTICE + key)

    # ---------------------------------------------------------------------- the transport's owner

    async def acquire(self, tps: frozenset[TP]) -> Mapping[TP, int]:
        """See `Owner`."""
        found = await asyncio.gather(*map(self._acquire, tps), return_exceptions=True)
        offsets: dict[TP, int] = {}
        for tp, result in zip(tps, found, strict=True):
            if isinstance(result, LaneKeeper):
                offsets[tp] = result.lane.offset
                self._begin(tp, result)
            elif isinstance(result, ServiceError):
                self._store_is_away(result)
            elif isinstance(result, (LeaseLost, KafkaError, CancelledError)):
                log.warning("partition %d cannot be taken over yet: %r", tp.partition, result)
            else:
                self._failed(result)
        if offsets:
            log.info("has partitions %s", _numbers(self._keepers))
        return offsets

    async def drain(self, tps: frozenset[TP]) -> None:
        """See `Owner`."""
        keepers = [self._keepers[tp] for tp in tps if tp in self._keepers]
        results = await asyncio.gather(*(k.drain() for k in keepers), return_exceptions=True)
        for keeper, result in zip(keepers, results, strict=True):
            if isinstance(result, BaseException):
                log.warning("partition %d was not stored: %s", keeper.partition, result)

    def lost(self, tps: frozenset[TP]) -> None:
        """See `Owner`."""
        gone = tps & self._keepers.keys()
        if gone:
            log.info("lets partitions %s go", _numbers(gone))
        for tp in gone:
            keeper = self._keepers.pop(tp)
            keeper.close()
            self._outlets.exporter.withdraw(tp.partition)
            self._outlets.standing.withdraw(tp.partition)
            self._outlets.dispatcher.withdraw(keeper.lane.outbox.offered_keys())
            self._outlets.store.forget(keeper.lane.lease)
        self._share()
        if gone:
            self._do_later(_tidy())

    def _share(self) -> None:
        for keeper in self._keepers.values():
            keeper.lane.sharers = len(self._keepers)

    def confirmed(self) -> Mapping[TP, int]:
        """See `Owner`."""
        keepers = self._keepers.items()
        return {tp: keeper.confirmed for tp, keeper in keepers if keeper.confirmed is not None}

    # ---------------------------------------------------------------------- taking over

    def _begin(self, tp: TP, keeper: LaneKeeper) -> None:
        former = self._keepers.get(tp)
        if former is not None:
            former.close()
        self._keepers[tp] = keeper
        self._share()
        task = asyncio.create_task(keeper.run())
        task.add_done_callback(self._ended)
        self._tasks[tp] = task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)

    async def _acquire(self, tp: TP) -> LaneKeeper:
        partitions = self._consumer.partition_count(self._topic)
        if not partitions:
            msg = f"the partitions of topic {self._topic} are not known yet"
            raise LeaseLost(msg)
        if not self._outlets.store_state.opened:
            msg = "the store is not there yet"
            raise ServiceError(msg)
        place = Place(ShardKey(tp.topic, tp.partition), partitions)
        committed = await self._consumer.committed(tp)
        lane = await take_over(self._outlets.store, place, committed, self._rules, monotonic_ms())
        self._outlets.store_state.answered()
        consumer = self._consumer
        return LaneKeeper(
            lane,
            self._outlets,
            consumer.release,
            self._is_lost,
            answered=lambda: consumer.fetches.answers(tp),
            end=lambda: consumer.fetches.end(tp),
        )

    # ---------------------------------------------------------------------- losing

    def _is_lost(self, keeper: LaneKeeper, outcome: Outcome) -> None:
        """A write was refused: drop the lane, and take it over again if it is still assigned."""
        tp = TP(self._topic, keeper.partition)
        log.warning("partition %d: its state is read anew", tp.partition)
        self._consumer.forget([tp])
        self.lost(frozenset({tp}))
        pause_s = self._rules.pause_s if outcome is Outcome.FENCED else 0.0
        self._do_later(self._acquire_after(pause_s))

    def _do_later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _acquire_after(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        self._consumer.acquire_soon()

    def _store_is_away(self, error: ServiceError) -> None:
        if self._outlets.store_state.failed():
            log.warning("the store is away, partitions wait for it: %s", error)

    async def close(self) -> None:
        """End all lanes without storing anything."""
        self.lost(frozenset(self._keepers))
        tasks = [*self._later, *self._tasks.values()]
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


async def _tidy() -> None:
    """Give back the memory of lanes that are gone, once nothing holds them any more."""
    await asyncio.sleep(TIDY_AFTER_S)
    await asyncio.to_thread(give_memory_back)


def _numbers(tps: Iterable[TP]) -> str:
    return ", ".join(str(partition) for partition in sorted(tp.partition for tp in tps))
