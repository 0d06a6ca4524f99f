"""Runs one partition task: applies batches, commits, delivers, publishes figures, saves snapshots.

Order of a commit: dead letters are acknowledged, hours are archived, the commit is stored, and only
then is what it decided delivered. While the store is unavailable, reading, evaluating and
delivering continue from memory, within bounds.

A runner belongs to one event loop. Its methods may interleave wherever they await.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Final

from stream.agents.cycle_times import CycleTimes
from stream.agents.fetched_records import FetchedRecords
from stream.agents.log_guard import LogGuard
from stream.agents.partition_task import PartitionTask
from stream.agents.task_commit import CommitResult, archive_and_commit, snapshot_of
from stream.agents.transport.fetched_batch import FetchedBatch
from stream.agents.view_publisher import ViewPublisher
from stream.agents.worker_services import STORE_ERRORS, WorkerServices
from stream.clock import monotonic_ms
from stream.errors import DamagedKeyError, FloorwatchError, ServiceError
from stream.store.lease import Outcome
from stream.store.protocol import Snapshot
from stream.units import SECOND_MS

log = logging.getLogger(__name__)

RETRY_MS = SECOND_MS
GATHERED_RECORDS_MAX: Final = 2_000
"""How many records of a live task wait for its next cycle; more are applied at once."""


class TaskRunner:
    """Runs a task until it is closed.

    Args:
        task: what is run.
        services: where it writes.
        log_guard: watches the partition's log.
        release_credit: called with (session, records) when records were applied.
        on_lost: called once when another worker owns the task, or its store was set back.
        is_kafka_answering: whether Kafka has answered a fetch of this partition recently.
        end_offset: the partition's end, if it is known.
    """

    def __init__(
        self,
        task: PartitionTask,
        services: WorkerServices,
        log_guard: LogGuard,
        release_credit: Callable[[int, int], None],
        on_lost: Callable[["TaskRunner", Outcome], None],
        *,
        is_kafka_answering: Callable[[], bool],
        end_offset: Callable[[], int | None],
    ) -> None:
        self.task = task
        self.committed_offset: int | None = task.lease.offset
        """Offset of the last confirmed commit, once a snapshot exists to restart from."""
        self._services = services
        self.log_guard = log_guard
        self._fetched = FetchedRecords(task, services, log_guard, release_credit)
        self._on_lost = on_lost
        self.is_kafka_answering = is_kafka_answering
        self._end_offset = end_offset
        self._view_publisher = ViewPublisher(task)
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._unsaved: Snapshot | None = None
        self._saving: asyncio.Task[None] | None = None
        # At the last call: the topic acknowledged none; the store did not answer; it refused.
        self._dead_letters_blocked = self._store_unavailable = self._lease_lost = False
        self._closed = False
        self.cycles = CycleTimes()
        self._saved_ms = monotonic_ms()
        self._committed_tick = self.cycles.tick(self._saved_ms)
        self._tick = self._retry_at_ms = 0
        self.owned_s = time.monotonic()
        """When the store last confirmed the ownership, or did not answer while Kafka did."""

    @property
    def partition(self) -> int:
        """The number of the task's partition."""
        return self.task.origin.partition

    # ------------------------------------------------------------------------------ records

    async def process(self, batch: FetchedBatch) -> None:
        """Apply a batch chunk by chunk, and yield to the event loop after each.

        Called by the transport's agent, one batch at a time. While the task is live and little
        waits, the batch is left to the next cycle of `run`. Waits only while the task is full.
        """
        self.task.observe_end(batch.highwater)
        self._fetched.append(batch)
        if self.task.clock.live and self._fetched.count <= GATHERED_RECORDS_MAX:
            return
        for _ in self._fetched.apply():
            if self.task.is_commit_due(0):
                self._wake.set()
            await asyncio.sleep(0)
            await self._wait_for_capacity()

    async def _wait_for_capacity(self) -> None:
        """Stop reading while too much waits for an unavailable store or topic."""
        while self.task.is_full and not self._closed:
            self._wake.set()
            await asyncio.sleep(RETRY_MS / 1_000)

    def _apply_gathered(self) -> None:
        # After a sleep of the process it would move the frozen clock over what is still to be read.
        if not self.task.is_full and self.is_kafka_answering():
            for _ in self._fetched.apply():
                pass

    # ------------------------------------------------------------------------------ turns

    async def run(self) -> None:
        """Step, commit, deliver, publish and save as each becomes due, until closed.

        Started by the `TaskManager` beside `process`. May wait for the store and for Kafka.

        Raises:
            Exception: anything but `ServiceError`; the worker must end.
        """
        while not self._closed:
            now = monotonic_ms()
            with contextlib.suppress(TimeoutError):
                pause_ms = self.cycles.next_cycle_ms(now) - now
                await asyncio.wait_for(self._wake.wait(), pause_ms / 1_000)
            self._wake.clear()
            if not self._closed:
                await self.turn()

    async def turn(self) -> None:
        """Do what is due now: called by `run` for each cycle, and when much was applied.

        Raises:
            Exception: as `run`.
        """
        now, task, answering = monotonic_ms(), self.task, self.is_kafka_answering()
        tick = self.cycles.tick(now)
        is_tick, self._tick = tick != self._tick, tick
        task.observe_end(self._end_offset())
        changes = task.changes
        self._apply_gathered()
        task.update_clock(now, kafka_answered=answering)
        woken = task.is_wake_up_due(now)
        publishes = is_tick and self._view_publisher.is_due(tick, now)
        if task.changes == changes and (woken or publishes):
            task.step(now, kafka_answered=answering)
        task.changes += woken
        if now >= self._retry_at_ms and task.is_commit_due(tick - self._committed_tick):
            await self.flush()
        if is_tick:
            await self._deliver()
            if publishes and not self._closed:  # a write of this turn may have closed the runner
                await self.publish()
        if not self._closed and self._is_snapshot_due(now):
            self._saving = asyncio.create_task(self._save_or_log())

    def close(self) -> None:
        """Stop after the present chunk. Called by the `TaskManager`; does not block."""
        self._closed = True
        self._fetched.close()
        self._wake.set()
        if self._saving is not None:
            self._saving.cancel()

    # ------------------------------------------------------------------------------ writes

    async def flush(self) -> bool:
        """Commit what was applied, then deliver what it decided; whether the store has it.

        Waits for the dead-letter topic and the store, at most as long as each of them tries.
        """
        async with self._flushing:
            result = await self._commit()
        self._services.health.commits.labels(result).inc()
        await self._deliver()
        return result is CommitResult.stored

    async def _commit(self) -> CommitResult:
        task, start_ms = self.task, monotonic_ms()
        commit, records, dead_letters = task.commit(), task.records, list(task.dead_letters)
        changes, tick = task.changes, self.cycles.tick(start_ms)
        task.urgent, publisher = False, self._services.publisher
        acknowledged = not dead_letters or await publisher.dead_letters(dead_letters)
        self._dead_letters_blocked = not acknowledged
        if self._dead_letters_blocked:
            self._retry_at_ms = monotonic_ms() + RETRY_MS
            return CommitResult.dead_letters_blocked
        del task.dead_letters[: len(dead_letters)]
        try:
            outcome = await archive_and_commit(self._services.store, task, commit)
        except STORE_ERRORS as error:
            self._on_store_unavailable(error)
            return CommitResult.store_unavailable
        if not outcome.stored:
            self._on_lease_lost(outcome)
            return CommitResult.refused
        self._store_unavailable, self.owned_s = False, time.monotonic()
        self._services.store_state.on_commit(self.partition)
        self._services.health.commit_seconds.observe((monotonic_ms() - start_ms) / 1_000)
        task.outbox.on_committed(commit.outbox, commit.delivered)
        task.records_committed, task.changes_committed = records, changes
        self.committed_offset, self._committed_tick = commit.offset, tick
        return CommitResult.stored

    async def _deliver(self) -> None:
        """Deliver what was decided."""
        if not self._lease_lost:  # the next owner decides what was not committed
            # Nobody is paged late because nothing can be committed.
            unstored = self._dead_letters_blocked or self._store_unavailable
            await self._services.deliver(self.task, self.owned_s, unstored=unstored)

    async def publish(self) -> None:
        """Publish figures, to Prometheus and as views. Waits for the store."""
        try:
            outcome = await self._view_publisher.publish(self._services, self._tick)
        except STORE_ERRORS as error:
            self._on_store_unavailable(error)
            return
        self._services.store_state.mark_available()
        if outcome in {Outcome.FENCED, Outcome.MISMATCH}:
            self._on_lease_lost(outcome)
        else:
            self.owned_s = time.monotonic()

    def _is_snapshot_due(self, now: int) -> bool:
        idle = self._saving is None or self._saving.done()
        if self._saving is not None and idle:
            self._saving.result()  # raises all but a ServiceError: the worker ends with it
        due = self._unsaved is not None or self.task.is_snapshot_due(now - self._saved_ms)
        return idle and due and not self.task.replaying and now >= self._retry_at_ms

    async def _save_or_log(self) -> None:
        try:
            await self.save()
        except DamagedKeyError as error:  # commits go on: only a restore would read more
            self._services.store_state.on_save_error(error, self.partition)
        except ServiceError as error:
            self._on_store_unavailable(error)

    async def save(self) -> None:
        """Save a snapshot, after a commit that covers it. Called beside `run`, and by `drain`.

        Raises:
            ServiceError: the store is unavailable; the next call saves these parts too.
        """
        task = self.task
        if self._unsaved is None or self._closed:
            self._unsaved = snapshot_of(task, self._unsaved)
            self._saved_ms, task.records_saved = monotonic_ms(), task.records
        snapshot = self._unsaved
        covered = self.committed_offset is not None and self.committed_offset >= snapshot.offset
        # A snapshot of another log's records would hide that its position is not of this one.
        if not await self.log_guard.check() or (not covered and not await self.flush()):
            return
        outcome = await self._services.store.save(task.lease, snapshot)
        self._unsaved = None
        self._services.store_state.unsaved.pop(self.partition, None)
        if not outcome.stored:
            self._on_lease_lost(outcome)

    async def drain(self) -> None:
        """Apply what was gathered, close, commit and save, so that the next owner starts at once.

        Called by the `TaskManager` before partitions are revoked or the worker stops. Waits for the
        store; the caller bounds the time.

        Raises:
            ServiceError: the store is unavailable.
        """
        self._apply_gathered()
        self.close()
        if self.task.replaying:
            return
        if await self.flush() and (self._unsaved or self.task.records > self.task.records_saved):
            await self.save()

    def _on_store_unavailable(self, error: FloorwatchError) -> None:
        self._retry_at_ms = monotonic_ms() + RETRY_MS
        self._store_unavailable = True
        # Cut off from both, it may have lost the partition without knowing.
        if self.is_kafka_answering():
            self.owned_s = time.monotonic()
        self._services.store_state.on_error(error, self.partition)

    def _on_lease_lost(self, outcome: Outcome) -> None:
        self._lease_lost = True
        log.warning("partition %d: %s", self.partition, outcome)
        if not self._closed:
            self.close()
            self._on_lost(self, outcome)
