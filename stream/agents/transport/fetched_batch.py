"""What the transport delivers: the records of one fetch, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faust.types import TP

NO_TIMESTAMP: Final = -1


@dataclass(slots=True)
class RecordColumns:
    """Records of one partition in the order of their offsets; columns of equal length N ≥ 0.

    Without records they hold a position alone: that of a fetch of transaction markers, of aborted
    transactions or of batches that compaction has emptied.
    """

    values: list[bytes | None]
    times_ms: list[int]
    """Kafka's own time stamps; NO_TIMESTAMP: a record has none."""
    appended: bytes | bytearray
    """One byte a record: 1 if the broker gave its time stamp (LogAppendTime), 0 if the producer."""
    offsets: Sequence[int]
    """A range if no offset is missing, else a list. Transactions and compaction leave gaps."""
    start_offset: int
    """Where the fetch began."""
    next_offset: int
    """Where the next fetch begins: beyond the last record, control batches included."""


@dataclass(slots=True)
class FetchedBatch:
    """What one fetch brought for one partition."""

    tp: TP
    session: int
    columns: RecordColumns
    highwater: int
    """The partition's end as of this fetch; what follows belongs to open transactions."""
