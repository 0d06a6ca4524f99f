"""Commits offsets to Kafka for lag monitors only: the offset stored with the state is what counts.

Touches Faust's private interface, as batch_consumer.py does.
"""

import logging
from collections.abc import Mapping
from typing import Any

from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from stream.agents.transport.partition_owner import PartitionOwner
from stream.failpoints import failpoint

log = logging.getLogger(__name__)


class NoReadOffsets(dict[TP, int | None]):
    """Faust compares offsets with `_read_offset`, which it sets *after* delivery.

    So a rewind at run time would be overwritten, and new batches dropped silently. This always
    returns None ("nothing read yet"); the owner skips records that it has applied.
    """

    def __getitem__(self, tp: TP) -> None:
        return None


class LagCommitConsumer(driver.Consumer):
    """Faust's consumer, which commits what its owner has stored, and counts no acks."""

    owner: PartitionOwner

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own
        super().__init__(*args, **kwargs)
        self._read_offset = NoReadOffsets()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> list[TP]:  # type: ignore[override]  # noqa: ANN401, ARG002
        return list(self.owner.committable_offsets())

    def _new_offset(self, tp: TP) -> int | None:
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.owner.committable_offsets().get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: gaps matter to Faust's count of acks, which is not used."""

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,  # noqa: FBT001, FBT002 - Faust's signature
    ) -> bool:
        """Commit; a failed commit does not count as done, as it does in Faust."""
        before = {tp: self._committed_offset[tp] for tp in offsets}
        with failpoint("kafka_commit"):
            done = await super()._commit_offsets(offsets, start_new_transaction)
        if not done:
            self._committed_offset.update(before)
        return done

    async def verify_all_partitions_active(self) -> None:
        """Faust's livelock detector, which raises while the consumer starts or is not assigned."""
        try:
            await super().verify_all_partitions_active()
        except (ConsumerNotStarted, AttributeError, AssertionError, KeyError) as error:
            log.debug("livelock detector: %r", error)
