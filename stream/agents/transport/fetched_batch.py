"""What the transport delivers: the records of one fetch."""

from dataclasses import dataclass

from faust.types import TP

from stream.agents.transport.record_columns import RecordColumns


@dataclass(slots=True)
class FetchedBatch:
    """What one fetch brought for one partition."""

    tp: TP
    session: int
    columns: RecordColumns
    highwater: int
    """The partition's end as of this fetch; what follows belongs to open transactions."""
