"""Acquires a partition: takes its lease, restores its shard, and finds the offset to read from."""

import logging
from dataclasses import dataclass, field

from stream.agents.outbox import Outbox
from stream.agents.partition_task import NoticeFormat, PartitionTask, TaskLimits
from stream.agents.shard_clock import ShardClock
from stream.dlq.dead_letters import Origin
from stream.errors import StateError
from stream.failpoints import failpoint
from stream.roster import Roster
from stream.shard import Shard
from stream.spec import Spec
from stream.store.keys import PREFIX, ShardKey
from stream.store.protocol import Lease, Snapshot, Store
from stream.store.restore_checks import check_compatible, is_state_lost
from stream.windows.snapshot import FORMAT, READS

log = logging.getLogger(__name__)


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
    """Recompute lost state from what Kafka retains; otherwise the worker refuses to start the
    task."""
    prefix: str = PREFIX
    """Of all keys of the store."""
    pause_s: float = 10.0
    """Wait before acquiring a partition that another worker took: one session timeout."""


@dataclass(frozen=True, slots=True)
class PartitionRef:
    """A partition, and how many its topic has."""

    key: ShardKey
    partitions: int

    def __str__(self) -> str:
        return f"{self.key.topic}:{self.key.partition}"


async def acquire_task(
    store: Store,
    partition_ref: PartitionRef,
    committed: int | None,
    config: TaskConfig,
    now_ms: int,
) -> PartitionTask:
    """Acquire a shard and restore it; reading begins at the task's offset.

    Called by the `TaskManager` for each newly assigned partition. Waits for the store.

    Args:
        store: where the state is.
        partition_ref: which partition.
        committed: the group's offset in Kafka; None if it has none.
        config: of the task.
        now_ms: monotonic time.

    Raises:
        ServiceError: the store is unavailable.
        StateError: the stored state must not be used, or is gone; the text says what to do.
        LeaseLost: another worker acquired the partition meanwhile.
    """
    with failpoint("acquire"):
        lease = await store.acquire(partition_ref.key)
    check_compatible(lease, READS, partition_ref.partitions)
    _check_not_lost(lease, partition_ref, committed, rebuild=config.rebuild)
    with failpoint("restore"):
        parts = await store.load(lease)
        shard = Shard.restore(config.spec, config.roster, parts, lease.control)
    task = PartitionTask(
        origin=Origin(partition_ref.key.topic, partition_ref.key.partition),
        partitions=partition_ref.partitions,
        shard=shard,
        lease=lease,
        clock=ShardClock(by_events=config.spec.event_clock, as_of_ms=lease.as_of_ms, now_ms=now_ms),
        notice_format=config.notice_format,
        limits=config.limits,
        offset=0 if lease.manifest is None else lease.manifest.offset,
        resume_offset=lease.offset or 0,
        outbox=Outbox(lease.outbox, track_active=config.track_active),
    )
    if lease.manifest is None:
        await _save_initial(store, task)
    return task


def _check_not_lost(
    lease: Lease, partition_ref: PartitionRef, committed: int | None, *, rebuild: bool
) -> None:
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


async def _save_initial(store: Store, task: PartitionTask) -> None:
    """Store an empty initial state, which tells state lost later from state never written."""
    parts = task.shard.snapshot()
    if task.lease.offset is None:
        await store.commit(task.lease, task.commit())
    await store.save(
        task.lease, Snapshot(parts.changed, parts.names, 0, 0, FORMAT, task.partitions)
    )
