"""What a partition task applies in one call, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class RecordChunk:
    """Records that are applied in one call."""

    values: Sequence[bytes | None]
    times_ms: Sequence[int]
    appended: bytes | bytearray
    """One byte a record: whether the broker gave its time stamp."""
    offsets: Sequence[int]
    next_offset: int


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What became of the events of a chunk."""

    accepted: int = 0
    late: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """By reason."""
