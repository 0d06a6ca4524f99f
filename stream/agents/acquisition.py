"""Acquires a partition: takes its lease, restores its shard, and finds the offset to read from."""

import logging
from dataclasses import dataclass, field, replace
from typing import Final

from faust.types import TP

from stream.agents.log_check import LogCheck, LogMatch
from stream.agents.outbox import Outbox
from stream.agents.partition_task import NoticeFormat, PartitionTask, TaskLimits
from stream.agents.shard_clock import ShardClock
from stream.control.model import Transition
from stream.dlq.dead_letters import Origin
from stream.errors import FloorwatchError, StateError, UnreadableStateError
from stream.failpoints import failpoint
from stream.roster import Roster
from stream.shard import Shard
from stream.spec import Spec
from stream.store.keys import PREFIX, ShardKey
from stream.store.lease import Lease, LeaseLost, Outcome
from stream.store.protocol import Commit, Snapshot, Store
from stream.store.record_fingerprint import RecordFingerprint
from stream.store.restore_checks import check_compatible, is_state_lost
from stream.windows.snapshot import FORMAT, READS

log = logging.getLogger(__name__)

RETENTION: Final = "partition %d: retention removed records %d to %d before they were read"
DAMAGE: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""Raised by bytes of others, or parts of several snapshots: anything may be wrong in them."""


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """What every task of a worker is configured with."""

    spec: Spec
    roster: Roster
    notice_format: NoticeFormat
    limits: TaskLimits = field(default_factory=TaskLimits)
    track_active: bool = False
    """Some sink needs every active alert sent repeatedly (Alertmanager)."""
    rebuild: bool = False
    """Recompute state that is lost, or of another log, from what Kafka retains; otherwise the
    worker refuses to start the task."""
    prefix: str = PREFIX
    """Of all keys of the store."""
    pause_s: float = 10.0
    """Wait before acquiring a partition that another worker took: one session timeout."""


@dataclass(frozen=True, slots=True)
class PartitionRef:
    """A partition, and how many its topic has."""

    key: ShardKey
    partitions: int

    @property
    def tp(self) -> TP:
        """The partition, as Kafka's clients name it."""
        return TP(self.key.topic, self.key.partition)

    def __str__(self) -> str:
        return f"{self.key.topic}:{self.key.partition}"


class LogTooShort(FloorwatchError):
    """The log ends before a record that was delivered, perhaps for a moment: try again."""


async def acquire_task(
    store: Store,
    log_check: LogCheck,
    partition_ref: PartitionRef,
    committed: int | None,
    config: TaskConfig,
    now_ms: int,
) -> PartitionTask:
    """Acquire a shard and restore it; reading begins at the task's offset.

    Called by the `TaskManager` for each newly assigned partition. Waits for the store and Kafka.

    Args:
        store: where the state is.
        log_check: checks that the state belongs to the partition's log.
        partition_ref: which partition.
        committed: the group's offset in Kafka; None if it has none.
        config: of the task.
        now_ms: monotonic time.

    Raises:
        ServiceError: the store is unavailable.
        KafkaError: Kafka is unavailable.
        StateError: the stored state must not be used, or is gone; the text says what to do.
        UnreadableStateError: it is damaged, and is not to be computed again.
        LeaseLost: another worker acquired the partition meanwhile.
        LogTooShort: whether the log is that of the state is not known yet.
    """
    with failpoint("acquire"):
        lease = await store.acquire(partition_ref.key)
    check_compatible(lease, READS, partition_ref.partitions)
    outbox = Outbox(lease.outbox, track_active=config.track_active)
    try:
        _check_usable(lease, partition_ref, committed, rebuild=config.rebuild)
        if not await _is_of_this_log(lease, log_check, partition_ref):
            lease = await _start_anew(store, lease, partition_ref, config, outbox)
        shard = await _restore(store, lease, config)
    except UnreadableStateError as error:
        lease = await _start_anew(store, lease, partition_ref, config, outbox, damage=error)
        shard = await _restore(store, lease, config)
    offset, lost = await _position(lease, log_check, partition_ref)
    task = PartitionTask(
        origin=Origin(partition_ref.key.topic, partition_ref.key.partition),
        partitions=partition_ref.partitions,
        shard=shard,
        lease=lease,
        clock=ShardClock(by_events=config.spec.event_clock, as_of_ms=lease.as_of_ms, now_ms=now_ms),
        notice_format=config.notice_format,
        limits=config.limits,
        offset=offset,
        resume_offset=lease.offset or 0,
        outbox=outbox,
        fingerprint=lease.manifest.fingerprint if lease.manifest else None,
        records_lost=lost,
    )
    if lease.manifest is None or (lost and not task.replaying):
        await _save_position(store, task)
    return task


async def _restore(store: Store, lease: Lease, config: TaskConfig) -> Shard:
    with failpoint("restore"):
        parts = await store.load(lease)
        try:
            if lease.control is not None:
                _read_all(lease.control, config)
            return Shard.restore(config.spec, config.roster, parts, lease.control)
        except DAMAGE as error:
            raise UnreadableStateError(f"its snapshot or commit is damaged ({error!r})") from error


def _read_all(control: bytes, config: TaskConfig) -> list[Transition]:
    """The end of each active alert; decodes what a task would decode only after its replay."""
    return Shard.restore(config.spec, config.roster, {}, control).control.abandon()


def _check_usable(
    lease: Lease, partition_ref: PartitionRef, committed: int | None, *, rebuild: bool
) -> None:
    if lease.unreadable:
        raise UnreadableStateError(lease.unreadable)
    if not is_state_lost(lease, committed):
        return
    if not rebuild:
        msg = (
            f"Redis holds no state of {partition_ref}, but this group has read it up to "
            f"{committed}: "
            'restore Redis from its backup, or set [redis] on_loss = "rebuild" to compute '
            "the state again from what Kafka retains"
        )
        raise StateError(msg)
    log.warning("no state of %s in the store: recomputing it from Kafka", partition_ref)


async def _is_of_this_log(lease: Lease, log_check: LogCheck, partition_ref: PartitionRef) -> bool:
    """Whether the records that the state was computed from are those of the partition's log."""
    tp, fingerprints = partition_ref.tp, _fingerprints(lease)
    matches = [await log_check.check(tp, fingerprint) for fingerprint in fingerprints]
    position = max(lease.offset or 0, lease.manifest.offset if lease.manifest else 0)
    # Behind the last record may be markers, or records that a worker of 0.1.0 read without noting.
    if max((one.offset for one in fingerprints), default=-1) < position - 1:
        matches.append(await log_check.check_offset(tp, position - 1))
    if LogMatch.replaced in matches:
        return False
    if LogMatch.short in matches:
        raise LogTooShort(f"the log of {partition_ref} ends before the position {position}")
    _warn_if_unverified(matches, partition_ref, noted=bool(fingerprints))
    return True


def _warn_if_unverified(
    matches: list[LogMatch], partition_ref: PartitionRef, *, noted: bool
) -> None:
    if matches and all(match is LogMatch.unverifiable for match in matches):
        log.warning(
            "retention has removed the record of %s that was delivered last: that the state "
            "belongs to this log cannot be verified",
            partition_ref,
        )
    elif matches and not noted:
        log.warning(
            "the state of %s was stored by an earlier version, which noted no record of the "
            "log: that it belongs to this log is not verified; the next commit notes one",
            partition_ref,
        )


def _fingerprints(lease: Lease) -> list[RecordFingerprint]:
    """Those of the snapshot and of the last commit, as far as they are stored."""
    stored = (lease.manifest.fingerprint if lease.manifest else None, lease.fingerprint)
    return list(dict.fromkeys(one for one in stored if one is not None))


async def _start_anew(
    store: Store,
    lease: Lease,
    partition_ref: PartitionRef,
    config: TaskConfig,
    outbox: Outbox,
    damage: UnreadableStateError | None = None,
) -> Lease:
    """Drop state of another log, or damaged state; end its alerts: nothing is known of them now.

    The ends are committed with the old state first. After a crash between the two they are decided
    again, under the same ids.
    """
    if not config.rebuild:
        raise _refusal(partition_ref, damage)
    why = "is damaged" if damage else "is of another log"
    log.warning(
        "the state of %s %s: computing it from the log's start%s",
        *(partition_ref, why, f" ({damage})" if damage else ""),
        exc_info=damage if damage and damage.__cause__ else None,
    )
    await _end_alerts(store, lease, config, outbox)
    _check_stored(await store.reset(lease), lease.shard)
    empty = replace(lease, manifest=None, control=None, offset=None, as_of_ms=None)
    return replace(empty, fingerprint=None, unreadable="")


async def _end_alerts(store: Store, lease: Lease, config: TaskConfig, outbox: Outbox) -> None:
    """Commit the ends of active alerts with the state as it is, if all of the commit is there.

    With a position made up, damaged state would look whole after a crash before the reset.
    """
    control, offset, as_of_ms = lease.control, lease.offset, lease.as_of_ms
    if control is None or offset is None or as_of_ms is None:
        log.warning("the commit of %s lacks a field, so no alert is ended", lease.shard)
        return
    try:
        ends = _read_all(control, config)
    except (UnreadableStateError, *DAMAGE) as error:
        log.warning("which alerts were active cannot be read, so none is ended: %r", error)
        return
    outbox.add(ends, config.notice_format.describe, config.notice_format.language)
    entries, delivered = outbox.for_commit()
    commit = Commit(control, offset, as_of_ms, entries, delivered, lease.fingerprint)
    _check_stored(await store.commit(lease, commit), lease.shard)
    outbox.on_committed(entries, delivered)


def _refusal(partition_ref: PartitionRef, damage: UnreadableStateError | None) -> StateError:
    """The error that says what to do with state that must not be used."""
    if damage is not None:
        return UnreadableStateError(
            f"the state of {partition_ref} in Redis is damaged: {damage}. Restore Redis from a "
            'backup, or set [redis] on_loss = "rebuild" to compute the state again from what '
            "Kafka retains"
        )
    return StateError(
        f"the log of {partition_ref} is not the one that its state was computed from: the "
        "topic was made again, its tail was cut by an unclean election, or this is another "
        "cluster. Restore topic or state from a backup, or set [redis] on_loss = "
        '"rebuild" to compute the state again from the start of this log'
    )


def _check_stored(outcome: Outcome, shard: ShardKey) -> None:
    if not outcome.stored:
        raise LeaseLost.because(outcome, shard)


async def _position(
    lease: Lease, log_check: LogCheck, partition_ref: PartitionRef
) -> tuple[int, int]:
    """The offset to read from, and how many records before it retention has removed unread."""
    start = await log_check.start(partition_ref.tp)
    if lease.manifest is None:
        return start, 0
    lost = max(0, start - lease.manifest.offset)
    if lost:
        log.error(RETENTION, partition_ref.key.partition, lease.manifest.offset, start - 1)
    return lease.manifest.offset + lost, lost


async def _save_position(store: Store, task: PartitionTask) -> None:
    """Store where a new task begins to read, before it reads anything.

    An empty state that is stored tells state lost later from state never written. A position that
    retention has moved is stored so that what was lost counts once.
    """
    parts, commit = task.shard.snapshot(), task.commit()
    if task.lease.offset is None or task.lease.offset < task.offset:
        _check_stored(await store.commit(task.lease, commit), task.lease.shard)
        task.outbox.on_committed(commit.outbox, commit.delivered)
    head = (task.offset, commit.as_of_ms, FORMAT, task.partitions)
    await store.save(task.lease, Snapshot(parts.changed, parts.names, *head, task.fingerprint))
