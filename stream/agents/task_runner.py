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

from stream.agents.log_guard import LogGuard
from stream.agents.partition_task import PartitionTask, RecordChunk
from stream.agents.task_commit import CommitResult, archive_and_commit
from stream.agents.transport.fetched_batch import FetchedBatch
from stream.agents.view_publisher import TICK_MS, ViewPublisher
from stream.agents.worker_services import STORE_ERRORS, WorkerServices
from stream.clock import monotonic_ms, wall_ms
from stream.errors import DamagedKeyError, FloorwatchError, ServiceError
from stream.store.lease import Outcome
from stream.store.protocol import Snapshot
from stream.units import SECOND_MS
from stream.windows.snapshot import FORMAT

log = logging.getLogger(__name__)

RETRY_MS = SECOND_MS


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
        self._release_credit = release_credit
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
        self._start_ms = self._committed_ms = self._saved_ms = monotonic_ms()
        self._ticked_ms = self._retry_at_ms = 0
        self.owned_s = time.monotonic()
        """When the store last confirmed the ownership, or did not answer while Kafka did."""

    @property
    def partition(self) -> int:
        """The number of the task's partition."""
        return self.task.origin.partition

    # ------------------------------------------------------------------------------ records

    async def process(self, batch: FetchedBatch) -> None:
        """Apply a batch chunk by chunk, and yield to the event loop after each.

        Called by the transport's agent, one batch at a time. Waits only while the task is full.
        """
        task, start, released = self.task, batch.columns.start_offset, 0
        task.observe_end(batch.highwater)
        if not self.log_guard.admit(start):
            return
        for chunk in task.chunks(batch.columns):
            if self._closed:
                return
            self._apply(chunk)
            released += len(chunk.offsets)
            self._release_credit(batch.session, len(chunk.offsets))
            await asyncio.sleep(0)
            await self._wait_for_capacity()
        task.skip_to(batch.columns.next_offset)
        self._release_credit(batch.session, len(batch.columns.values) - released)

    async def _wait_for_capacity(self) -> None:
        """Stop reading while too much waits for an unavailable store or topic."""
        while self.task.is_full and not self._closed:
            self._wake.set()
            await asyncio.sleep(RETRY_MS / 1_000)

    def _apply(self, chunk: RecordChunk) -> None:
        task, health = self.task, self._services.health
        replayed = task.replaying
        start_s = time.monotonic()
        counts = task.apply(chunk, monotonic_ms(), wall_ms())
        task.adapt_chunk_size(len(chunk.offsets), (time.monotonic() - start_s) * 1_000)
        if replayed and not task.replaying:
            health.restore_seconds.observe((monotonic_ms() - self._start_ms) / 1_000)
        self._services.count(counts, monotonic_ms())
        if task.is_commit_due(monotonic_ms() - self._committed_ms):
            self._wake.set()

    # ------------------------------------------------------------------------------ turns

    async def run(self) -> None:
        """Step, commit, deliver, publish and save as each becomes due, until closed.

        Started by the `TaskManager` beside `process`. May wait for the store and for Kafka.

        Raises:
            Exception: anything but `ServiceError`; the worker must end.
        """
        while not self._closed:
            await self._wait()
            if not self._closed:
                await self._turn()

    async def _wait(self) -> None:
        now = monotonic_ms()
        due_in = self.task.clock.ms_until(self.task.shard.next_deadline(), now)
        tick_in = min(self._ticked_ms + TICK_MS - now, due_in)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(tick_in, 1) / 1_000)
        self._wake.clear()

    async def _turn(self) -> None:
        now = monotonic_ms()
        self.task.observe_end(self._end_offset())
        self.task.step(now, kafka_answered=self.is_kafka_answering())
        if now >= self._retry_at_ms and self.task.is_commit_due(now - self._committed_ms):
            await self.flush()
        if now - self._ticked_ms >= TICK_MS:
            self._ticked_ms = now
            await self._deliver()
            # A write of this turn may have closed the runner.
            if not self._closed and self._view_publisher.is_due():
                await self.publish()
        if not self._closed and self._is_snapshot_due(now):
            self._saving = asyncio.create_task(self._save_or_log())

    def close(self) -> None:
        """Stop after the present chunk. Called by the `TaskManager`; does not block."""
        self._closed = True
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
        task.records_committed, self.committed_offset = records, commit.offset
        self._committed_ms = monotonic_ms()
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
            outcome = await self._view_publisher.publish(self._services)
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
            self._unsaved = self._snapshot()
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

    def _snapshot(self) -> Snapshot:
        """What has changed since the last saved snapshot."""
        task, parts = self.task, self.task.shard.snapshot()
        changed = {**self._unsaved.parts, **parts.changed} if self._unsaved else parts.changed
        head = (task.offset, max(0, task.shard.as_of_ms), FORMAT, task.partitions)
        return Snapshot(changed, parts.names, *head, task.fingerprint)

    async def drain(self) -> None:
        """Close; commit what was applied, and save, so that the next owner starts at once.

        Called by the `TaskManager` before partitions are revoked or the worker stops. Waits for the
        store; the caller bounds the time.

        Raises:
            ServiceError: the store is unavailable.
        """
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
