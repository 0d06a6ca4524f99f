"""Sealed hours go into the archive before the commit that covers the event which sealed them.

So none is missing whatever happens between the two: what was not committed is read again, seals
the same hours, and puts the same bytes in their place.
"""

from enum import StrEnum

from stream.agents.partition_task import PartitionTask
from stream.failpoints import failpoint
from stream.store.protocol import Commit, Outcome, Store


class Committed(StrEnum):
    """How a commit ended; the values are in metrics (`stream.render.worker_metrics.COMMITTED`)."""

    stored = "stored"
    letters_wait = "letters_wait"
    """Dead letters are acknowledged first, and their topic took none."""
    store_away = "store_away"
    refused = "refused"
    """The shard is another's, or the store was set back."""


async def archive_and_commit(store: Store, task: PartitionTask, commit: Commit) -> Outcome:
    """Write both, in this order; nothing is committed unless all hours are there.

    Raises:
        ServiceError: the store is away; what was not written goes with the next call.
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
