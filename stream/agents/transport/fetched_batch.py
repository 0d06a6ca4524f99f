"""What the transport hands over, and to whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from faust.types import TP

from stream.agents.transport.record_columns import RecordColumns


@dataclass(slots=True)
class FetchedBatch:
    """What one fetch brought for one partition."""

    tp: TP
    session: int
    columns: RecordColumns
    highwater: int
    """The partition's end as of this fetch."""


class PartitionOwner(Protocol):
    """Who keeps state and offset together."""

    async def acquire(self, tps: frozenset[TP]) -> Mapping[TP, int]:
        """Take partitions over; the offsets from which to read, for those that could be taken.

        Raises:
            Exception: any; it is logged, and tried again after RETRY_S.
        """

    async def drain(self, tps: frozenset[TP]) -> None:
        """Commit what was applied of partitions that are about to go."""

    def lost(self, tps: frozenset[TP]) -> None:
        """Drop what is held of partitions: they are no longer ours."""

    def confirmed(self) -> Mapping[TP, int]:
        """Next offset to read by what was stored with the state, for Kafka's lag monitors."""
