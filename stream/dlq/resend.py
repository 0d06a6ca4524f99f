"""Builds the records that resend the events of a dead letter which are accepted now."""

from dataclasses import dataclass
from typing import NamedTuple

import orjson

from stream.dlq.dead_letters import CUT_BYTES
from stream.dlq.reader import DeadLetterRecord
from stream.events.batch import EventBatch
from stream.events.decode import decode_objects
from stream.events.language import Reason
from stream.events.names import Names
from stream.events.parse import UnreadableRecord, documents
from stream.events.partition import partition_of


@dataclass(frozen=True, slots=True)
class ResendRecord:
    """A record to send to the events' topic."""

    partition: int
    key: bytes
    """Its first floor's name."""
    value: bytes
    events: int
    oldest_ms: int
    """The earliest instant of its events."""


class NotResendable(Exception):
    """No event of a dead letter would be accepted."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(detail)
        self.why = why
        """In a few words, the same for all of a kind."""
        self.detail = detail


def resend_records(
    dead_letter: DeadLetterRecord, topic: str, partitions: int, now_ms: int
) -> list[ResendRecord]:
    """The records that resend the acceptable events of a dead letter, one a partition.

    For an array, a dead letter says how many events were rejected, not which. If fewer are rejected
    now, all readable events are sent: those that were accepted the first time are repeats, which
    change no figure. If as many are rejected, nothing would be gained, and nothing is sent. For a
    misrouted record the events are known: only those are sent. A record that is resent whole keeps
    its bytes; of one that is divided, unknown fields may be left out.

    Args:
        dead_letter: what is resent.
        topic: where events are read.
        partitions: how many it has.
        now_ms: Unix time.

    Raises:
        NotResendable: there is nothing to send.
    """
    if dead_letter.is_cut:
        raise NotResendable(
            "cut", f"{CUT_BYTES} of its {dead_letter.size} bytes are in the dead letter"
        )
    parsed = _documents(dead_letter)
    names = Names()
    decoded = decode_objects(parsed, [now_ms] * len(parsed), names)
    same = [one.detail for one in decoded.rejected if one.reason == dead_letter.reason]
    if len(same) >= dead_letter.events or not len(decoded.batch):
        details = [*same, *(one.detail for one in decoded.rejected)]
        raise NotResendable("rejected again", details[0])
    by_partition: dict[int, list[_ResentEvent]] = {}
    for event in _events(parsed, decoded.batch, names):
        partition = partition_of(event.floor, partitions)
        where = (topic, partition)
        if (
            dead_letter.reason == Reason.misrouted
            and (dead_letter.topic, dead_letter.partition) == where
        ):
            continue
        by_partition.setdefault(partition, []).append(event)
    if not by_partition:
        raise NotResendable("already in place", "its floors belong where the record stood")
    events = sum(map(len, by_partition.values()))
    is_whole = len(by_partition) == 1 and events == len(parsed)
    unchanged = dead_letter.value if is_whole else None
    return [_record(at, some, unchanged) for at, some in sorted(by_partition.items())]


class _ResentEvent(NamedTuple):
    document: object
    floor: str
    ts_ms: int


def _documents(dead_letter: DeadLetterRecord) -> list[object]:
    try:
        return documents(dead_letter.value)
    except UnreadableRecord as error:
        raise NotResendable("rejected again", error.detail) from None


def _events(parsed: list[object], batch: EventBatch, names: Names) -> list[_ResentEvent]:
    floors = names.source_floor.data[batch.source].tolist()
    rows = zip(batch.record.tolist(), floors, batch.ts_ms.tolist(), strict=True)
    return [_ResentEvent(parsed[at], names.floors.keys[floor], ts_ms) for at, floor, ts_ms in rows]


def _record(partition: int, events: list[_ResentEvent], unchanged: bytes | None) -> ResendRecord:
    value = unchanged or orjson.dumps([event.document for event in events])
    oldest_ms = min(event.ts_ms for event in events)
    return ResendRecord(partition, events[0].floor.encode(), value, len(events), oldest_ms)
