"""Taking a partition over: own its shard, restore it, and say from which record to read on."""

import logging
from dataclasses import dataclass, field

from stream.agents.outbox import Outbox
from stream.agents.partition_task import PartitionTask, TaskLimits, Wording
from stream.agents.shard_clock import ShardClock
from stream.dlq.dead_letters import Origin
from stream.errors import StateError
from stream.failpoints import failpoint
from stream.roster import Roster
from stream.shard import Shard
from stream.spec import Spec
from stream.store.keys import ShardKey
from stream.store.protocol import Lease, Snapshot, Store
from stream.store.restore_checks import is_lost, refuse_foreign
from stream.windows.snapshot import FORMAT, READS

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """What each lane is told."""

    spec: Spec
    roster: Roster
    wording: Wording
    limits: TaskLimits = field(default_factory=TaskLimits)
    stands: bool = False
    """Some sink has to be told again and again what stands."""
    rebuild: bool = False
    """Lost state is computed anew from what Kafka retains; else the worker refuses to go on."""
    pause_s: float = 10.0
    """Before a lane that another took is asked for again: one session timeout."""


@dataclass(frozen=True, slots=True)
class PartitionRef:
    """A partition, of how many."""

    key: ShardKey
    partitions: int

    def __str__(self) -> str:
        return f"{self.key.topic}:{self.key.partition}"


async def take_over(
    store: Store, place: PartitionRef, committed: int | None, rules: TaskConfig, now_ms: int
) -> PartitionTask:
    """Become the owner of a shard and restore it; reading begins at the lane's offset.

    Args:
        store: where the state is.
        place: which partition.
        committed: the group's offset in Kafka; None if it has none.
        rules: for the lane.
        now_ms: monotonic time.

    Raises:
        ServiceError: the store is away.
        StateError: what is stored must not be used, or is gone; the text says what to do.
        LeaseLost: another took it meanwhile.
    """
    with failpoint("acquire"):
        lease = await store.acquire(place.key)
    refuse_foreign(lease, READS, place.partitions)
    _refuse_lost(lease, place, committed, rebuild=rules.rebuild)
    with failpoint("restore"):
        parts = await store.load(lease)
        shard = Shard.restore(rules.spec, rules.roster, parts, lease.control)
    task = PartitionTask(
        origin=Origin(place.key.topic, place.key.partition),
        partitions=place.partitions,
        shard=shard,
        lease=lease,
        clock=ShardClock(by_events=rules.spec.event_clock, as_of_ms=lease.as_of_ms, now_ms=now_ms),
        wording=rules.wording,
        limits=rules.limits,
        offset=0 if lease.manifest is None else lease.manifest.offset,
        resume_offset=lease.offset or 0,
        outbox=Outbox(lease.outbox, stands=rules.stands),
    )
    if lease.manifest is None:
        await _begin(store, task)
    return task


def _refuse_lost(
    lease: Lease, place: PartitionRef, committed: int | None, *, rebuild: bool
) -> None:
    if not is_lost(lease, committed):
        return
    if not rebuild:
        msg = (
            f"Redis holds no state of {place}, but this group has read it up to {committed}: "
            'restore Redis from its backup, or set [redis] on_loss = "rebuild" to compute '
            "the state anew from what Kafka retains"
        )
        raise StateError(msg)
    log.warning("no state of %s in the store: computing it anew from Kafka", place)


async def _begin(store: Store, task: PartitionTask) -> None:
    """Store an empty beginning, so that state that is gone later can be told from none."""
    parts = task.shard.snapshot()
    if task.lease.offset is None:
        await store.commit(task.lease, task.commit())
    await store.save(
        task.lease, Snapshot(parts.changed, parts.names, 0, 0, FORMAT, task.partitions)
    )
