"""Which events of a dead letter can be taken in now, and as which records they are sent again."""

from dataclasses import dataclass
from typing import NamedTuple

import orjson

from stream.dlq.dead_letters import CUT_BYTES
from stream.dlq.reader import Letter
from stream.events.batch import EventBatch
from stream.events.decode import decode_objects
from stream.events.language import Reason
from stream.events.names import Names
from stream.events.parse import UnreadableRecord, documents
from stream.events.partition import partition_of


@dataclass(frozen=True, slots=True)
class ResendRecord:
    """A record to be sent to the events' topic."""

    partition: int
    key: bytes
    """Its first floor's name."""
    value: bytes
    events: int
    oldest_ms: int
    """The earliest instant of its events."""


class Hopeless(Exception):
    """No event of a letter that was refused can be taken in."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(detail)
        self.why = why
        """In a few words, the same for all of a kind."""
        self.detail = detail


def resend_records(letter: Letter, topic: str, partitions: int, now_ms: int) -> list[ResendRecord]:
    """The records that bring in what can be taken in of a letter, one a partition.

    Of an array a letter tells how many events were refused, not which. If fewer are refused now,
    all that can be read are sent: those among them that were taken in at the time are repeats,
    which change no figure. If as many are, nothing would be gained, and nothing is sent. Of a
    misrouted record it is known which they were: only those are sent. A record that goes as a
    whole keeps its bytes; of one that is divided fields without a meaning may be left out.

    Args:
        letter: what was refused.
        topic: where events are read.
        partitions: how many it has.
        now_ms: Unix time.

    Raises:
        Hopeless: there is nothing to send.
    """
    if letter.is_cut:
        raise Hopeless("cut", f"{CUT_BYTES} of its {letter.size} bytes are in the letter")
    held = _documents(letter)
    names = Names()
    decoded = decode_objects(held, [now_ms] * len(held), names)
    same = [one.detail for one in decoded.rejected if one.reason == letter.reason]
    if len(same) >= letter.events or not len(decoded.batch):
        details = [*same, *(one.detail for one in decoded.rejected)]
        raise Hopeless("refused again", details[0])
    homes: dict[int, list[_LetterEvent]] = {}
    for event in _events(held, decoded.batch, names):
        home = partition_of(event.floor, partitions)
        if letter.reason == Reason.misrouted and (letter.topic, letter.partition) == (topic, home):
            continue
        homes.setdefault(home, []).append(event)
    if not homes:
        raise Hopeless("in its place", "its floors belong where the record stood")
    whole = letter.value if len(homes) == 1 and sum(map(len, homes.values())) == len(held) else None
    return [_record(home, events, whole) for home, events in sorted(homes.items())]


class _LetterEvent(NamedTuple):
    document: object
    floor: str
    ts_ms: int


def _documents(letter: Letter) -> list[object]:
    try:
        return documents(letter.value)
    except UnreadableRecord as error:
        raise Hopeless("refused again", error.detail) from None


def _events(held: list[object], batch: EventBatch, names: Names) -> list[_LetterEvent]:
    floors = names.source_floor.data[batch.source].tolist()
    rows = zip(batch.record.tolist(), floors, batch.ts_ms.tolist(), strict=True)
    return [_LetterEvent(held[at], names.floors.keys[floor], ts_ms) for at, floor, ts_ms in rows]


def _record(home: int, events: list[_LetterEvent], whole: bytes | None) -> ResendRecord:
    value = whole or orjson.dumps([event.document for event in events])
    oldest_ms = min(event.ts_ms for event in events)
    return ResendRecord(home, events[0].floor.encode(), value, len(events), oldest_ms)
