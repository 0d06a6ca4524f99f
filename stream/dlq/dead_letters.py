"""Rejected, refused and late events as records of the dead-letter topic.

One dead letter for each record and reason, however many events the record held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stream.events.language import Reason, Rejected
from stream.windows.jumps import Refused
from stream.windows.lateness import Late

WHOLE_BYTES_MAX: Final = 512 * 1024
"""A larger record is truncated, so that it fits into any topic."""
CUT_BYTES: Final = 64 * 1024

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record for the dead-letter topic."""

    reason: Reason
    events: int
    """How many events of the record had this reason."""
    key: bytes
    """Source and reason, by which readers of the topic recognise repeats."""
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of records."""

    topic: str
    partition: int


def make_dead_letters(
    origin: Origin,
    values: Sequence[bytes | None],
    offsets: Sequence[int],
    rejected: Sequence[Rejected],
    late: Sequence[Late],
) -> list[DeadLetter]:
    """The dead letters of one batch, by offset; `values` and `offsets` as they were decoded."""
    details_by_reason: dict[tuple[int, Reason], list[str]] = {}
    for one in rejected:
        details_by_reason.setdefault((one.record, one.reason), []).append(one.detail)
    for event in late:
        details_by_reason.setdefault((event.record, event.reason), []).append("")
    return [
        _dead_letter(origin, offsets[record], values[record], reason, details)
        for (record, reason), details in sorted(details_by_reason.items())
    ]


def make_refused_dead_letters(origin: Origin, refused: Sequence[Refused]) -> list[DeadLetter]:
    """The dead letters of events that were held and refused since, by offset."""
    records = {one.offset: one.value for one in refused}
    details_by_reason: dict[tuple[int, Reason], list[str]] = {}
    for one in refused:
        details_by_reason.setdefault((one.offset, one.reason), []).append(one.detail)
    return [
        _dead_letter(origin, offset, records[offset], reason, details)
        for (offset, reason), details in sorted(details_by_reason.items())
    ]


def _dead_letter(
    origin: Origin, offset: int, value: bytes | None, reason: Reason, details: list[str]
) -> DeadLetter:
    headers = {
        "reason": str(reason),
        "detail": details[0],
        "events": str(len(details)),
        "source_topic": origin.topic,
        "source_partition": str(origin.partition),
        "source_offset": str(offset),
    }
    if value is not None and len(value) > WHOLE_BYTES_MAX:
        headers |= {"size": str(len(value)), "truncated": "true"}
        value = value[:CUT_BYTES]
    encoded = tuple((name, text.encode(errors="replace")) for name, text in headers.items())
    key = f"{origin.topic}:{origin.partition}:{offset}:{reason}".encode()
    return DeadLetter(reason, len(details), key, value, encoded)
