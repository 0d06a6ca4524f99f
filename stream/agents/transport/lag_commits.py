"""Commits to Kafka, for lag monitors only: truth is the offset that is stored with the state.

With transport.py, all that touches Faust's private interface.
"""

import logging
from collections.abc import Mapping
from typing import Any

from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from stream.agents.transport.fetched_batch import PartitionOwner
from stream.failpoints import failpoint

log = logging.getLogger(__name__)


class Unread(dict[TP, int | None]):
    """Faust compares offsets with `_read_offset`, which it sets *after* delivery.

    So a rewind at run time would be overwritten, and new batches dropped in silence. It always
    answers None ("nothing read yet"); the owner slices off what it has.
    """

    def __getitem__(self, tp: TP) -> None:
        return None


class LagCommits(driver.Consumer):
    """Faust's consumer, which tells Kafka what its owner has confirmed, and counts no acks."""

    owner: PartitionOwner

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own
        super().__init__(*args, **kwargs)
        self._read_offset = Unread()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> list[TP]:  # type: ignore[override]  # noqa: ANN401, ARG002
        return list(self.owner.confirmed())

    def _new_offset(self, tp: TP) -> int | None:
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        return self.owner.confirmed().get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: gaps matter to Faust's count of acks, which is not used."""

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,  # noqa: FBT001, FBT002 - Faust's signature
    ) -> bool:
        """Commit; a commit that failed is not taken for done, as Faust does."""
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
