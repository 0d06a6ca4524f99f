"""The interface of the owner that the transport calls."""

from collections.abc import Mapping
from typing import Protocol

from faust.types import TP


class PartitionOwner(Protocol):
    """Keeps state and offset of partitions together.

    The transport calls all methods on the main event loop. A call of `acquire` is never concurrent
    with another; the other methods may be called while it awaits.
    """

    async def acquire(self, tps: frozenset[TP]) -> Mapping[TP, int]:
        """Acquire partitions; return the offsets from which to read those that could be acquired.

        Called after an assignment and again every RETRY_S until all are acquired. May wait for the
        store: Faust's flow resumes after SEEK_S_MAX anyway.

        Raises:
            Exception: any; it is logged, and tried again after RETRY_S.
        """

    async def drain(self, tps: frozenset[TP]) -> None:
        """Commit what was applied of partitions that are about to be revoked.

        Called at the start of a revocation, which waits for it for LAST_COMMIT_S_MAX, and when the
        worker stops.
        """

    def on_lost(self, tps: frozenset[TP]) -> None:
        """Drop the state of partitions that this worker no longer owns.

        Called after a revocation, before a new assignment, and when an acquisition fails. Must not
        block or raise; partitions that are not held are ignored.
        """

    def committable_offsets(self) -> Mapping[TP, int]:
        """The next offset to read by the state that is stored, for Kafka's lag monitors.

        Called once in a commit interval. Must not block.
        """
