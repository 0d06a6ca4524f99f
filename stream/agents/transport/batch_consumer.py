"""Batch transport: one Faust message for each (partition, fetch), with the records as columns.

With lag_commits.py and consumer_thread.py the only file that touches Faust's private interface, as
unpacking.py does aiokafka's (faust-streaming 0.15.3, aiokafka 0.14.0;
tests/agents/transport/test_transport_contract.py fails when they change). It knows nothing of
state: its `PartitionOwner` says from which offset a partition is read, is notified of lost
partitions, and says which offsets are committed.

Every seek gives a partition a new *session*. A batch carries the session in which it was drained,
and a batch of an old session is dropped: it will be fetched again. The group's generation is not
enough, since a fetch that waits for an assignment may drain after the new seek.
"""

# ruff: noqa: SLF001 - the private interface of faust and aiokafka is this file's business

import asyncio
import contextlib
import itertools
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, cast

from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import TopicPartition
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service

from stream.agents.transport.consumer_thread import RetryingConsumerThread
from stream.agents.transport.fetch_monitor import FetchMonitor
from stream.agents.transport.fetched_batch import FetchedBatch
from stream.agents.transport.group_monitor import GroupMonitor
from stream.agents.transport.lag_commits import LagCommitConsumer
from stream.agents.transport.unpacking import end_of, fetched_columns, touch

log = logging.getLogger(__name__)

SEEK_S_MAX: Final = 5.0
"""perform_seek returns within this time: Faust waits for ever after broker_request_timeout."""
LAST_COMMIT_S_MAX: Final = 5.0
"""How long a revocation waits for the last commit."""
RETRY_S: Final = 0.5
KEEP_ALIVE_S: Final = 1.0


class BatchConsumer(LagCommitConsumer):
    """Faust's consumer with batches, sessions and credits; its owner keeps the positions."""

    records_in_flight_max = 50_000
    """Credit of a partition: records fetched and not yet released."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own
        super().__init__(*args, **kwargs)
        self.session: dict[TP, int] = {}
        """Written on the consumer's thread by seeks, and by `forget`."""
        self._sessions = itertools.count(1)  # next() is atomic: two threads never share one
        self.in_flight: defaultdict[int, int] = defaultdict(int)
        """Records not yet released, by session. Main thread only."""
        self.ready: set[TP] = set()
        """Acquired and sought: may be fetched."""
        self._credit = asyncio.Event()
        self._acquire_lock = asyncio.Lock()
        self._acquiring: asyncio.Task[None] | None = None
        self.in_group = False
        """Whether there ever was an assignment, even of no partition."""
        self._revoked = False
        """A rebalance is under way: what aiokafka calls assigned is the old assignment, and a
        position sought in it does not reach the new one."""
        self._forget_count = 0
        self.fetch_monitor = FetchMonitor(lambda: self._thread._consumer)
        self.group_monitor = GroupMonitor(self.app.conf.id, lambda: self._thread._consumer)

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return RetryingConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # ---------------------------------------------------------------- fetching

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 - Faust's signature
        """Fetch once; a message for each partition that had records."""
        if not self.flow_active:
            await self._wait_for_flow()
            return
        tps = {
            tp for tp in self.ready if self.in_flight[self.session[tp]] < self.records_in_flight_max
        }
        if not tps:  # never pass an empty set: to aiokafka it means all partitions
            await self._wait_for_credit(timeout)
            return
        for batch in await self._thread.call_thread(self._fetch, tps, timeout):
            if not self._is_flowing():  # else Faust cancels the delivery
                await self._wait_for_flow()
            if self._is_stopping():
                return
            if batch.tp in self.ready and batch.session == self.session.get(batch.tp):
                self.in_flight[batch.session] += len(batch.columns.values)
                yield batch.tp, self._message(batch)

    async def _fetch(self, tps: set[TP], timeout: float) -> list[FetchedBatch]:  # noqa: ASYNC109
        """Drain what was fetched. Runs on the consumer's thread, as seeks do."""
        fetcher = self._thread._ensure_consumer()._fetcher
        subscriptions = fetcher._subscriptions
        if not self.flow_active:
            return []
        if fetcher._closed:
            raise ConsumerStoppedError
        with subscriptions.fetch_context():
            got = await fetched_columns(fetcher, tps, timeout)
        if not got:
            return []
        # No await between the drain and here, so these are the sessions of the drain.
        assignment = subscriptions.subscription.assignment
        batches = []
        for kafka_tp, chunks in got.items():
            tp = TP(kafka_tp.topic, kafka_tp.partition)
            end = end_of(assignment.state_value(kafka_tp)) or 0
            batches += [
                FetchedBatch(tp, self.session.get(tp, 0), columns, end) for columns in chunks
            ]
        return batches

    def _message(self, batch: FetchedBatch) -> ConsumerMessage:
        tp, value, offset = batch.tp, cast("Any", batch), batch.columns.next_offset - 1
        generation = self.app.consumer_generation_id
        head = (tp.topic, tp.partition, offset, 0.0, 0, None, None)
        return ConsumerMessage(*head, value, None, 0, 0, tp, generation_id=generation)

    def _is_flowing(self) -> bool:
        return bool(self.flow_active)  # as calls, since they change between two awaits

    def _is_stopping(self) -> bool:
        return bool(self.should_stop)

    async def _wait_for_flow(self) -> None:
        await self.wait(cast("Any", self.can_resume_flow))

    async def _wait_for_credit(self, timeout_s: float) -> None:
        self._credit.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._credit.wait(), timeout_s)

    def release(self, session: int, records: int) -> None:
        """Return credit: so many records of a session were applied."""
        if session in self.in_flight:
            self.in_flight[session] -= records
            self._credit.set()

    # ---------------------------------------------------------------- what others may ask

    def assigned(self) -> set[TP]:
        """The partitions that the group has assigned to this worker."""
        try:
            return set(self.assignment())
        except ConsumerNotStarted:
            return set()

    def partition_count(self, topic: str) -> int:
        """How many partitions a topic has; 0 while that is not known."""
        consumer = self._thread._consumer
        # Not Faust's topic_partitions: that is known to the group's leader alone.
        return 0 if consumer is None else len(consumer.partitions_for_topic(topic) or ())

    async def committed(self, tp: TP) -> int | None:
        """The offset that the group has committed to Kafka; None if there is none."""
        kafka_tp = TopicPartition(tp.topic, tp.partition)
        thread = self._thread
        offset: int | None = await thread.call_thread(thread._ensure_consumer().committed, kafka_tp)
        return offset

    @Service.task
    async def _keep_alive(self) -> None:
        """Tell aiokafka each second that the main loop is alive.

        Without this, a worker that does not fetch (no partitions, Redis unavailable, no credit)
        leaves the group after max_poll_interval and never joins again, since aiokafka refuses to
        while idle. It does not go through the method queue, which may be waiting.
        """
        while not self.should_stop:
            await self.sleep(KEEP_ALIVE_S)
            now_s, consumer = time.monotonic(), self._thread._consumer
            self.fetch_monitor.check_transactions(self.ready, now_s)
            if consumer is not None and self._thread.thread_loop.is_running():
                self._thread.thread_loop.call_soon_threadsafe(touch, consumer._subscription)
                self._thread.thread_loop.call_soon_threadsafe(self.group_monitor.check, now_s)

    # ---------------------------------------------------------------- positions

    async def seek_all(self, offsets: Mapping[TP, int]) -> None:
        """Read partitions from these offsets on, each in a new session."""
        await self._thread.call_thread(self._seek_here, offsets)
        live = set(self.session.values())
        for session in [s for s in self.in_flight if s not in live]:
            del self.in_flight[session]
        self._committed_offset.update(offsets)

    async def _seek_here(self, offsets: Mapping[TP, int]) -> None:
        consumer = self._thread._ensure_consumer()
        for tp, offset in offsets.items():
            consumer.seek(TopicPartition(tp.topic, tp.partition), offset)
            self.fetch_monitor.on_seek(tp)
            self.session[tp] = next(self._sessions)

    async def perform_seek(self) -> None:
        """Acquire what is assigned; Faust calls this before the flow resumes.

        Returns within SEEK_S_MAX; what takes longer is acquired in the background.
        """
        self.acquire_soon()
        if self._acquiring is not None:
            await asyncio.wait([self._acquiring], timeout=SEEK_S_MAX)

    def acquire_soon(self) -> None:
        """Acquire what is assigned and not ready, in the background, one acquirer at a time."""
        self._acquiring = asyncio.ensure_future(self._acquire(self.app.consumer_generation_id))

    async def _acquire(self, generation: int) -> None:
        async with self._acquire_lock:
            while (
                generation == self.app.consumer_generation_id and not self._is_revoked_or_stopping()
            ):
                tps = frozenset(self.assignment() - self.ready)
                if not tps:
                    return
                if not await self._acquire_once(tps):
                    await asyncio.sleep(RETRY_S)

    def _is_revoked_or_stopping(self) -> bool:
        return self._revoked or self._is_stopping()

    async def _acquire_once(self, tps: frozenset[TP]) -> bool:
        """Whether all of the partitions are ready now."""
        forgotten, offsets = self._forget_count, dict[TP, int]()
        try:
            offsets.update(await self.owner.acquire(tps))
            await self.seek_all(offsets)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            log.warning("cannot acquire %s: %r", sorted(tp.partition for tp in tps), error)
            self.owner.on_lost(frozenset(offsets))
            return False
        if forgotten != self._forget_count:  # lost meanwhile: what was acquired may be void
            self.owner.on_lost(frozenset(offsets))
            return False
        self.ready |= set(offsets)
        self._credit.set()
        return len(offsets) == len(tps)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Start over: all earlier seeks are void, also those of a partition that stays."""
        held = frozenset(self.session)
        self.forget(held)
        self.owner.on_lost(held)
        self._revoked = False
        await super().on_partitions_assigned(assigned, generation_id)
        self.in_group = True

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit what was applied, in bounded time, then release."""
        self._revoked = True
        if self._acquiring is not None:
            self._acquiring.cancel()
        gone = frozenset(revoked)
        try:
            await asyncio.wait_for(self._commit_before_revocation(gone), LAST_COMMIT_S_MAX)
        except Exception as error:  # noqa: BLE001 - the partitions go all the same
            log.warning("no last commit before the partitions were revoked: %r", error)
        self.forget(gone)
        self.owner.on_lost(gone)
        await super().on_partitions_revoked(revoked)

    async def _commit_before_revocation(self, tps: frozenset[TP]) -> None:
        await self.owner.drain(tps)
        await self.commit()

    def forget(self, tps: Iterable[TP]) -> None:
        """Stop reading partitions; batches of them in transit become void.

        Their messages are discarded, or Faust's wait_empty would wait for them for ever.
        """
        gone = set(tps)
        self._forget_count += 1
        for tp in gone:
            self.in_flight.pop(self.session.get(tp, 0), None)
            self.session[tp] = next(self._sessions)
            self.ready.discard(tp)
        for message in [m for m in self._unacked_messages if m.tp in gone]:
            self._unacked_messages.discard(message)


class Transport(driver.Transport):
    """Faust's Kafka transport with batches."""

    Consumer = BatchConsumer


SCHEME: Final = "batch"
"""Broker URLs with this scheme use this transport."""
TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
