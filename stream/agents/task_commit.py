"""What a task stores: its commits and snapshots.

Sealed hours are archived before the commit that covers the event that sealed them. So none is
missing whatever happens between the two: what was not committed is read again, seals the same
hours, and writes the same bytes in their place.
"""

from enum import StrEnum

from stream.agents.partition_task import PartitionTask
from stream.failpoints import failpoint
from stream.store.lease import Outcome
from stream.store.protocol import Commit, Snapshot, Store
from stream.windows.snapshot import FORMAT


class CommitResult(StrEnum):
    """How a commit ended; the values are in metrics (`stream.render.worker_metrics.COMMITTED`)."""

    stored = "stored"
    dead_letters_blocked = "letters_wait"
    """Dead letters are acknowledged first, and their topic did not acknowledge them."""
    store_unavailable = "store_away"
    refused = "refused"
    """Another worker owns the shard, or the store was set back."""


async def archive_and_commit(store: Store, task: PartitionTask, commit: Commit) -> Outcome:
    """Archive, then commit; commits nothing unless all hours are archived. Waits for the store.

    Raises:
        ServiceError: the store is unavailable; the next call writes what was not written.
    """
    hours = list(task.sealed)
    if hours:
        with failpoint("archive"):
            outcome = await store.archive(task.lease, hours, task.limits.archive_keep_ms)
        if not outcome.stored:
            return outcome
        del task.sealed[: len(hours)]
    with failpoint("commit"):
        return await store.commit(task.lease, commit)


def snapshot_of(task: PartitionTask, unsaved: Snapshot | None) -> Snapshot:
    """What has changed since the last saved snapshot; `unsaved`: one that could not be saved."""
    parts = task.shard.snapshot()
    changed = {**unsaved.parts, **parts.changed} if unsaved else parts.changed
    head = (task.offset, max(0, task.shard.as_of_ms), FORMAT, task.partitions)
    return Snapshot(changed, parts.names, *head, task.fingerprint)
