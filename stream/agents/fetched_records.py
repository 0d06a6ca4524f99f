"""The fetched records of one partition that are not applied yet, and how they are applied."""

import time
from collections import deque
from collections.abc import Callable, Iterator

from stream.agents.log_guard import LogGuard
from stream.agents.partition_task import PartitionTask
from stream.agents.record_chunk import RecordChunk
from stream.agents.transport.fetched_batch import FetchedBatch
from stream.agents.transport.unpacking import joined
from stream.agents.worker_services import WorkerServices
from stream.clock import monotonic_ms


class FetchedRecords:
    """Holds the batches of one task in the order of offsets until they are applied.

    Batches that follow each other are applied as one: what a batch costs hardly depends on its
    size, and how records are split changes no figure.

    Args:
        task: to what they are applied.
        services: where events are counted.
        log_guard: says whether a batch may be applied.
        release_credit: called with (session, records) when records were applied.
    """

    def __init__(
        self,
        task: PartitionTask,
        services: WorkerServices,
        log_guard: LogGuard,
        release_credit: Callable[[int, int], None],
    ) -> None:
        self._task = task
        self._services = services
        self._log_guard = log_guard
        self._release_credit = release_credit
        self._batches: deque[FetchedBatch] = deque()
        self._applying = self._closed = False
        self._start_ms = monotonic_ms()
        self.count = 0
        """Records that wait."""

    def append(self, batch: FetchedBatch) -> None:
        """Add what one fetch brought; after `close` it is left to the next owner."""
        if self._closed:
            return
        self._batches.append(batch)
        self.count += len(batch.columns.values)

    def close(self) -> None:
        """Drop what waits and what comes. An application that goes on ends after its chunk."""
        self._closed = True
        self._batches.clear()
        self.count = 0

    def apply(self) -> Iterator[None]:
        """Apply all that waits; an item for each chunk, so that the caller may pause between two.

        Without items while another application goes on.
        """
        if self._applying:
            return
        self._applying = True
        try:
            while self._batches:
                yield from self._apply_batch(self._next())
        finally:
            self._applying = False

    def _next(self) -> FetchedBatch:
        """The first batch, with those that continue it."""
        first = last = self._batches.popleft()
        columns = [first.columns]
        while self._batches and _continues(last, self._batches[0]):
            last = self._batches.popleft()
            columns.append(last.columns)
        whole = FetchedBatch(first.tp, first.session, joined(columns), last.highwater)
        self.count -= len(whole.columns.values)
        return whole

    def _apply_batch(self, batch: FetchedBatch) -> Iterator[None]:
        columns, released = batch.columns, 0
        if not self._log_guard.admit(columns.start_offset):
            return
        for chunk in self._task.chunks(columns):
            self._apply_chunk(chunk)
            released += len(chunk.offsets)
            self._release_credit(batch.session, len(chunk.offsets))
            yield
            if self._closed:
                return
        self._task.skip_to(columns.next_offset)
        self._release_credit(batch.session, len(columns.values) - released)

    def _apply_chunk(self, chunk: RecordChunk) -> None:
        task, replayed, start_s = self._task, self._task.replaying, time.monotonic()
        counts = task.apply(chunk, monotonic_ms())
        task.adapt_chunk_size(len(chunk.offsets), (time.monotonic() - start_s) * 1_000)
        if replayed and not task.replaying:
            restore_s = (monotonic_ms() - self._start_ms) / 1_000
            self._services.health.restore_seconds.observe(restore_s)
        self._services.count(counts, monotonic_ms())


def _continues(batch: FetchedBatch, following: FetchedBatch) -> bool:
    same = (batch.tp, batch.session) == (following.tp, following.session)
    return same and batch.columns.next_offset == following.columns.start_offset
