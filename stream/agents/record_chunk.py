"""What a partition task applies in one call, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from stream.events.language import LATE


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
    odd_facts: Counter[str] = field(default_factory=Counter)
    """Facts of calls, by what is odd about them."""

    @classmethod
    def of(cls, counts: Counter[str], odd_facts: Counter[str]) -> Self:
        """From counts by "accepted" and by reason."""
        late = sum(counts[reason] for reason in LATE)
        reasons = counts.keys() - LATE - {"accepted"}
        rejected = Counter({name: counts[name] for name in reasons})
        return cls(counts["accepted"], late, rejected, odd_facts)
