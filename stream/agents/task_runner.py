"""Keeps one lane: takes batches in, commits, tells, shows and saves, each in its order.

Order of a commit: dead letters acknowledged, hours archived, the commit, then what it decided is
told. While the store is away, reading, judging and telling go on from memory, within bounds.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from stream.agents.partition_task import PartitionTask, RecordChunk
from stream.agents.task_commit import Committed, archive_and_commit
from stream.agents.transport.fetched_batch import FetchedBatch
from stream.agents.view_publisher import ViewPublisher
from stream.agents.worker_services import WorkerServices
from stream.clock import monotonic_ms, wall_ms
from stream.errors import ServiceError
from stream.failpoints import failpoint
from stream.shard import ShardSnapshot as Parts
from stream.store.protocol import Outcome, Snapshot
from stream.units import SECOND_MS
from stream.windows.snapshot import FORMAT

log = logging.getLogger(__name__)

TICK_MS = SECOND_MS
"""How often figures are refreshed, where anything has changed."""
BEHIND_TICK_MS = 5 * SECOND_MS
"""How often with a backlog: nobody acts on what was, and it takes time from catching up."""
IDLE_TICK_MS = 10 * SECOND_MS
"""How often where nothing has changed: it shows whether the lane is still ours."""
RETRY_MS = SECOND_MS
GAP = "partition %d: records %d to %d are not there (retention, or a compacted topic)"


class TaskRunner:
    """Runs a lane until it is closed.

    Args:
        lane: what is kept.
        outlets: where it writes.
        released: called with (session, records) when records were applied.
        lost: called once when the lane turns out to be another's, or its store was set back.
        answered: whether Kafka has answered for this partition lately.
        end: the partition's end, as far as it is known.
    """

    def __init__(
        self,
        task: PartitionTask,
        services: WorkerServices,
        released: Callable[[int, int], None],
        lost: Callable[["TaskRunner", Outcome], None],
        *,
        answered: Callable[[], bool],
        end: Callable[[], int | None],
    ) -> None:
        self.task = task
        self.confirmed: int | None = task.lease.offset
        """Offset of the last confirmed commit, once a snapshot exists to restart from."""
        self._services = services
        self._released = released
        self._lost = lost
        self.kafka_answers = answered
        self._end = end
        self._view_publisher = ViewPublisher(task.lease)
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._unsaved: tuple[Parts, int, int] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._letters_wait = False  # for their topic, which took none at the last try
        # The store did not answer this lane's last call; said that the lane is another's.
        self._store_waits = self._is_refused = self._closed = False
        self._began_ms = self._committed_ms = self._saved_ms = monotonic_ms()
        self._ticked_ms = self._retry_ms = self._shown_ms = 0
        self._shown: tuple[int, int] | None = None
        self.owned_s = time.monotonic()
        """When the store last said that the lane is ours, or said nothing while Kafka answered."""

    @property
    def partition(self) -> int:
        """The partition that is kept."""
        return self.task.origin.partition

    # ------------------------------------------------------------------------------ records

    async def take(self, batch: FetchedBatch) -> None:
        """Apply a batch piece by piece, with a turn of the event loop after each."""
        task, given = self.task, 0
        task.reaches(batch.highwater)
        if batch.columns.offsets[0] > task.offset and not self._closed:
            log.warning(GAP, self.partition, task.offset, batch.columns.offsets[0] - 1)
        for chunk in task.chunks(batch.columns):
            if self._closed:
                return
            self._apply(chunk)
            given += len(chunk.offsets)
            self._released(batch.session, len(chunk.offsets))
            await asyncio.sleep(0)
            await self._wait_for_room()
        self._released(batch.session, len(batch.columns.values) - given)

    async def _wait_for_room(self) -> None:
        """Stop reading while too much waits for a store or a topic that is away."""
        while self.task.is_full and not self._closed:
            self._wake.set()
            await asyncio.sleep(RETRY_MS / 1_000)

    def _apply(self, chunk: RecordChunk) -> None:
        task, health = self.task, self._services.health
        replayed = task.replaying
        began_s = time.monotonic()
        counts = task.apply(chunk, monotonic_ms(), wall_ms())
        task.adapt_chunk_size(len(chunk.offsets), (time.monotonic() - began_s) * 1_000)
        if replayed and not task.replaying:
            health.restore_seconds.observe((monotonic_ms() - self._began_ms) / 1_000)
        self._services.count(counts, monotonic_ms())
        if task.is_commit_due(monotonic_ms() - self._committed_ms):
            self._wake.set()

    # ------------------------------------------------------------------------------ turns

    async def run(self) -> None:
        """Work until closed."""
        while not self._closed:
            await self._wait()
            if not self._closed:
                await self._turn()

    async def _wait(self) -> None:
        now = monotonic_ms()
        due_in = self.task.clock.passes_in_ms(self.task.shard.next_deadline(), now)
        tick_in = min(self._ticked_ms + TICK_MS - now, due_in)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(tick_in, 1) / 1_000)
        self._wake.clear()

    async def _turn(self) -> None:
        now = monotonic_ms()
        self.task.reaches(self._end())
        self.task.step(now, answered=self.kafka_answers())
        if now >= self._retry_ms and self.task.is_commit_due(now - self._committed_ms):
            await self.flush()
        if now - self._ticked_ms >= TICK_MS:
            self._ticked_ms = now
            await self._tell()
            if not self._closed and self._is_show_due():  # a write of this turn may close it
                await self.show()
        if not self._closed and self._is_save_due(now):
            self._saving = asyncio.create_task(self._save_quietly())

    def close(self) -> None:
        """Stop after the present piece."""
        self._closed = True
        self._wake.set()
        if self._saving is not None:
            self._saving.cancel()

    # ------------------------------------------------------------------------------ writes

    async def flush(self) -> bool:
        """Commit what was applied, then tell what it decided; whether the store has it."""
        async with self._flushing:
            result = await self._commit()
        self._services.health.commits.labels(result).inc()
        await self._tell()
        return result is Committed.stored

    async def _commit(self) -> Committed:
        task, began = self.task, monotonic_ms()
        commit, records, letters = task.commit(), task.records, list(task.letters)
        task.urgent, publisher = False, self._services.publisher
        self._letters_wait = bool(letters) and not await publisher.dead_letters(letters)
        if self._letters_wait:
            self._retry_ms = monotonic_ms() + RETRY_MS
            return Committed.letters_wait
        del task.letters[: len(letters)]
        try:
            outcome = await archive_and_commit(self._services.store, task, commit)
        except ServiceError as error:
            self._store_is_away(error)
            return Committed.store_away
        if not outcome.stored:
            self._is_lost(outcome)
            return Committed.refused
        self._store_waits, self.owned_s = False, time.monotonic()
        self._services.store_state.answered()
        self._services.health.commit_seconds.observe((monotonic_ms() - began) / 1_000)
        task.outbox.stored(commit.outbox, commit.delivered)
        task.records_committed, self.confirmed = records, commit.offset
        self._committed_ms = monotonic_ms()
        return Committed.stored

    async def _tell(self) -> None:
        """Hand out what is decided."""
        if not self._is_refused:  # what it decided since its last commit, its next owner decides
            # Nobody is paged late because nothing can be committed.
            unstored = self._letters_wait or self._store_waits
            await self._services.tell(self.task, self.owned_s, unstored=unstored)

    def _is_show_due(self) -> bool:
        task = self.task
        if task.replaying or task.shard.as_of_ms <= 0:
            return False
        tick_ms = TICK_MS if task.clock.live or task.at_end else BEHIND_TICK_MS
        if self._shown == self._mark:
            tick_ms = IDLE_TICK_MS
        return monotonic_ms() - self._shown_ms >= tick_ms

    @property
    def _mark(self) -> tuple[int, int]:  # changes whenever figures may have changed
        return self.task.offset, self.task.shard.as_of_ms

    async def show(self) -> None:
        """Refresh figures: for Prometheus, and as views in the store."""
        task, services = self.task, self._services
        self._shown_ms, mark = monotonic_ms(), self._mark
        figures = task.shard.figures()
        services.exporter.publish(self.partition, figures)
        services.health.tick_seconds.observe((monotonic_ms() - self._shown_ms) / 1_000)
        try:
            with failpoint("views"):
                outcome = await self._view_publisher.write(services, figures)
        except ServiceError as error:
            self._store_is_away(error)
            return
        self._shown = mark
        services.store_state.answered()
        if outcome in {Outcome.FENCED, Outcome.MISMATCH}:
            self._is_lost(outcome)
        else:
            self.owned_s = time.monotonic()

    def _is_save_due(self, now: int) -> bool:
        idle = self._saving is None or self._saving.done()
        if self._saving is not None and idle:
            self._saving.result()  # raises what is no ServiceError: the worker ends with it
        due = self._unsaved is not None or self.task.is_snapshot_due(now - self._saved_ms)
        return idle and due and not self.task.replaying and now >= self._retry_ms

    async def _save_quietly(self) -> None:
        try:
            await self.save()
        except ServiceError as error:
            self._store_is_away(error)

    async def save(self) -> None:
        """Save a snapshot; a commit that covers it comes first.

        Raises:
            ServiceError: the store is away; what was to be saved goes with the next call.
        """
        task = self.task
        if self._unsaved is None or self._closed:
            self._unsaved = (self._parts(), task.offset, max(0, task.shard.as_of_ms))
            self._saved_ms, task.records_saved = monotonic_ms(), task.records
        parts, offset, as_of_ms = self._unsaved
        if (self.confirmed is None or self.confirmed < offset) and not await self.flush():
            return
        snapshot = Snapshot(parts.changed, parts.names, offset, as_of_ms, FORMAT, task.partitions)
        outcome = await self._services.store.save(task.lease, snapshot)
        self._unsaved = None
        if not outcome.stored:
            self._is_lost(outcome)

    def _parts(self) -> Parts:
        """What changed since the last snapshot that was saved."""
        parts = self.task.shard.snapshot()
        if self._unsaved is None:
            return parts
        return Parts({**self._unsaved[0].changed, **parts.changed}, parts.names)

    async def drain(self) -> None:
        """Close; store what was applied, and a snapshot, so that the next owner starts at once.

        Raises:
            ServiceError: the store is away.
        """
        self.close()
        if self.task.replaying:
            return
        if await self.flush() and (self._unsaved or self.task.records > self.task.records_saved):
            await self.save()

    def _store_is_away(self, error: ServiceError) -> None:
        self._retry_ms = monotonic_ms() + RETRY_MS
        self._store_waits = True
        if self.kafka_answers():  # who reaches neither may have lost the lane, and not know it
            self.owned_s = time.monotonic()
        if self._services.store_state.failed():
            log.warning("the store is away, going on from memory: %s", error)

    def _is_lost(self, outcome: Outcome) -> None:
        self._is_refused = True
        log.warning("partition %d: %s", self.partition, outcome)
        if not self._closed:
            self.close()
            self._lost(self, outcome)
