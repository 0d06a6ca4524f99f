"""One partition's work: its shard, its position, and what waits to be delivered.

No I/O: the `TaskRunner` commits and delivers. All times but as_of are monotonic, in milliseconds.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from stream.agents.outbox import Outbox
from stream.agents.record_chunk import EventCounts, RecordChunk
from stream.agents.shard_clock import ShardClock
from stream.agents.transport.fetched_batch import RecordColumns
from stream.dlq.dead_letters import (
    DeadLetter,
    Origin,
    make_dead_letters,
    make_refused_dead_letters,
)
from stream.events.batch import Decoded
from stream.events.decode import decode
from stream.events.partition import Route
from stream.failpoints import failpoint
from stream.notify.notice import Describe
from stream.shard import Shard
from stream.store.lease import Lease
from stream.store.protocol import Commit, SealedHour
from stream.store.record_fingerprint import RecordFingerprint
from stream.units import DAY_MS, MINUTE_MS
from stream.windows.closing.archive import encode

QUIET_TICKS: Final = 3
"""Seconds between two commits, and two refreshes, while nothing but heartbeats comes. A view counts
as stale when it is five seconds old, and a crowded machine may take a second to write it."""

CHUNK_RECORDS_MIN: Final = 2_000
"""Each chunk costs some ten milliseconds, whatever its size. Smaller ones, on a machine that others
keep so busy that any chunk takes long, would cost several times as much a record: such a worker
never caught up."""


@dataclass(frozen=True, slots=True)
class TaskLimits:
    """How much is done at once, and how much may wait."""

    chunk_records: int = 16_000
    """Records between two turns of the event loop, at most; fewer if they take long. Smaller chunks
    cost more per record (8 000: a tenth, 4 000: a third), larger ones no less."""
    chunk_ms: int = 250
    commit_records: int = 20_000
    snapshot_records: int = 100_000
    """About what a restart replays in a second. At the partition's end all tasks of a worker share
    it, since a new owner may have to replay all of them; with a backlog each task has it alone,
    since snapshots take time from catching up."""
    snapshot_ms: int = 5 * MINUTE_MS
    archive_keep_ms: int = 35 * DAY_MS
    sealed_bytes_max: int = 64 * 1024 * 1024
    """Sealed hours not yet archived, 20 or more of 10 000 agents each: above it, reading waits."""
    entries_max: int = 10_000
    """Outbox entries not yet delivered, and dead letters not acknowledged: above it, reading
    waits."""
    dead_letter_bytes_max: int = 64 * 2**20
    """Bytes of dead letters not acknowledged: above it, reading waits."""


@dataclass(frozen=True, slots=True)
class NoticeFormat:
    """How transitions are turned into notices: texts and language."""

    describe: Describe
    language: str


@dataclass(slots=True)
class PartitionTask:
    """A shard and its position.

    A `TaskRunner` owns it and makes all calls, on the event loop. No method blocks or does I/O;
    `apply` and `step` use the CPU, `apply` for about `TaskLimits.chunk_ms`.

    Records below `resume_offset` are replayed: they were evaluated, and delivered, before.
    """

    origin: Origin
    partitions: int
    shard: Shard
    lease: Lease
    clock: ShardClock
    notice_format: NoticeFormat
    limits: TaskLimits
    offset: int
    """The next record to apply."""
    resume_offset: int
    outbox: Outbox
    fingerprint: RecordFingerprint | None = None
    """Of the record that was applied last; None before one."""
    records_lost: int = 0
    """Records that retention removed before they were read."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    """Not yet acknowledged by the dead-letter topic."""
    sealed: list[SealedHour] = field(default_factory=list)
    """Not yet archived."""
    records: int = 0
    """Applied since the task started."""
    changes: int = 0
    """Grows with whatever may change a figure at once: all but heartbeats and the time."""
    records_committed: int = 0
    changes_committed: int = 0
    records_saved: int = 0
    urgent: bool = False
    """A transition waits to be committed."""
    end: int | None = None
    """The partition's end, as of the last fetch."""
    chunk_records: int = 8_000
    """Of the next chunk, at most. At first as many as any machine applies within `chunk_ms`."""
    task_count: int = 1
    """Tasks of this worker, which share the records of a restart."""

    def __post_init__(self) -> None:
        if not self.replaying:
            self.shard.resume()

    @property
    def replaying(self) -> bool:
        """Whether the next record was evaluated before."""
        return self.offset < self.resume_offset

    @property
    def at_end(self) -> bool:
        """Whether all records that the partition is known to hold were applied."""
        return self.end is not None and self.offset >= self.end and not self.replaying

    @property
    def lag(self) -> int:
        """Records that are known and not yet applied."""
        return max(0, (self.end or 0) - self.offset)

    def observe_end(self, end: int | None) -> None:
        """Note the partition's end, as a fetch reported it; for each batch and on each turn."""
        if end is not None:
            self.end = max(self.end or 0, end)

    def chunks(self, columns: RecordColumns) -> Iterator[RecordChunk]:
        """Split the new part of a batch into chunks; a chunk ends where the replay ends."""
        offsets = columns.offsets
        at, count = bisect_left(offsets, self.offset), len(offsets)
        while at < count:
            chunks = -(-(count - at) // self.chunk_records)
            end = at - (at - count) // chunks  # as even as possible, rounded up
            if offsets[at] < self.resume_offset:
                end = min(end, bisect_left(offsets, self.resume_offset))
            next_offset = columns.next_offset if end == count else offsets[end - 1] + 1
            yield RecordChunk(
                columns.values[at:end],
                columns.times_ms[at:end],
                columns.appended[at:end],
                offsets[at:end],
                next_offset,
            )
            at = end

    def adapt_chunk_size(self, records: int, elapsed_ms: float) -> None:
        """Fit the size of the next chunks to the time of the last one; called after `apply`."""
        target = int(records * self.limits.chunk_ms / max(elapsed_ms, 0.1))
        largest = self.limits.chunk_records
        self.chunk_records = min(max(target, CHUNK_RECORDS_MIN), 2 * self.chunk_records, largest)

    def apply(self, chunk: RecordChunk, now_ms: int) -> EventCounts:
        """Decode and apply a chunk, then step; a replayed chunk counts nothing.

        While live, heartbeats alone are not worth a step: nothing changes before the next wake-up.

        Called by `FetchedRecords` for each chunk.
        """
        decoded = self._decode(chunk)
        held, known = self.shard.held, self.shard.counts.copy()
        with failpoint("push"):
            late = self.shard.push(decoded.batch)
        rejected = [*decoded.rejected, *self.shard.take_rejected()]
        refused = self.shard.take_refused()
        replayed, hours, odd = (
            self.replaying, self.shard.take_sealed(), self.shard.take_odd_facts()
        )  # fmt: skip
        batch = decoded.batch
        changes = sum(len(rows.event) for rows in (batch.states, batch.calls, batch.queues))
        changes += len(rejected) + len(refused) + max(0, held - self.shard.held)
        self.changes += changes
        self.offset = chunk.next_offset
        last = chunk.offsets[-1], chunk.times_ms[-1], chunk.values[-1]
        self.fingerprint = RecordFingerprint.of(*last)
        self.records += len(chunk.offsets)
        self.clock.observe(self.shard.engine.sources.take_counted(), now_ms)
        if replayed:
            if not self.replaying:
                self.shard.resume()
            return EventCounts()
        self.sealed += (SealedHour(hour.floor, hour.start_ms, encode(hour)) for hour in hours)
        self.dead_letters += make_dead_letters(
            self.origin, chunk.values, chunk.offsets, rejected, late
        )
        self.dead_letters += make_refused_dead_letters(self.origin, refused)
        if changes or self.shard.has_ends or not self.clock.live:
            self.step(now_ms, kafka_answered=True)
        found = self.shard.counts - known
        found.update(str(one.reason) for one in decoded.rejected)
        return EventCounts.of(found, odd)

    def _decode(self, chunk: RecordChunk) -> Decoded:
        with failpoint("decode"):
            return decode(
                chunk.values,
                chunk.times_ms,
                self.shard.names,
                Route(self.origin.partition, self.partitions),
                appended=chunk.appended,
                offsets=chunk.offsets,
            )

    def skip_to(self, offset: int) -> None:
        """Move the position over what is no record: markers of transactions, and aborted records.

        Called by `FetchedRecords` after a batch; does nothing if the position is there.
        """
        if offset <= self.offset:
            return
        replayed = self.replaying
        self.offset = offset
        self.records += 1  # so that the position is committed and saved too
        if replayed and not self.replaying:
            self.shard.resume()

    def update_clock(self, now_ms: int, *, kafka_answered: bool) -> None:
        """Decide between live and behind; called on each turn of `TaskRunner.run`."""
        if not self.replaying:
            self.clock.update(now_ms, at_end=self.at_end, kafka_answered=kafka_answered)

    def is_wake_up_due(self, now_ms: int) -> bool:
        """Whether something may have changed without records since the last step."""
        return self.clock.ms_until(self.shard.next_deadline(), now_ms) == 0

    def step(self, now_ms: int, *, kafka_answered: bool) -> None:
        """Advance event time, and add what it decides to the outbox. Does nothing while replaying.

        Called by `apply`, and by `TaskRunner.run` when a wake-up is due and before figures are
        published.
        """
        if self.replaying:
            return
        self.update_clock(now_ms, kafka_answered=kafka_answered)
        with failpoint("step"):
            transitions = self.shard.step(self.clock.as_of_ms(self.shard.watermark_ms, now_ms))
        if transitions:
            self.outbox.add(transitions, self.notice_format.describe, self.notice_format.language)
            self.urgent = True
            self.changes += 1

    def is_commit_due(self, ticks: int) -> bool:
        """Whether to commit now, so many ticks after the last commit.

        Asked on each turn, and after each chunk of a backlog.
        """
        records = self.records - self.records_committed
        if self.replaying:
            return False
        changed = self.changes > self.changes_committed or self.outbox.changed
        return (
            self.urgent
            or records >= self.limits.commit_records
            or (ticks >= 1 and changed)
            or (ticks >= QUIET_TICKS and records > 0)
        )

    def is_snapshot_due(self, since_last_ms: int) -> bool:
        """Whether a restart from the last snapshot would replay too much; asked on each turn."""
        records = self.records - self.records_saved
        task_count = self.task_count if self.at_end else 1
        return records >= self.limits.snapshot_records // task_count or (
            since_last_ms >= self.limits.snapshot_ms and records > 0
        )

    @property
    def is_full(self) -> bool:
        """Whether so much waits to be stored or acknowledged that reading must wait."""
        waiting = max(len(self.outbox), len(self.dead_letters))
        dead_letters = sum(len(dead_letter.value or b"") for dead_letter in self.dead_letters)
        hours = sum(len(hour.blob) for hour in self.sealed)
        return (
            waiting >= self.limits.entries_max
            or dead_letters >= self.limits.dead_letter_bytes_max
            or hours >= self.limits.sealed_bytes_max
        )

    def commit(self) -> Commit:
        """What a commit stores now; called before its dead letters are sent: it covers no more."""
        entries, delivered = self.outbox.for_commit()
        control = self.shard.control_state()
        as_of_ms = max(0, self.shard.as_of_ms)
        return Commit(control, self.offset, as_of_ms, entries, delivered, self.fingerprint)
