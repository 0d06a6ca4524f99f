"""Records to a batch of events, in columns.

The events of a run of records are parsed into types and checked together, column by column. A run
with anything unusual is halved until that is among few, and these are read again one by one by
`fields.read`, which alone gives reasons. Both paths accept the same events and give the same
columns: the tests compare them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from stream.events import columns
from stream.events.batch import CallRows, Decoded, EventBatch, QueueRows, StateRows
from stream.events.columns import EventColumns
from stream.events.fields import InvalidEvent, read
from stream.events.language import I64, Bool, Kind, Reason, Rejected
from stream.events.names import Names
from stream.events.parse import Parsed, UnreadableRecord, Unusual, convert, documents, parse
from stream.events.partition import Route
from stream.units import SECOND_MS, rfc3339

RECORDS_AT_ONCE = 1_000
"""The events of so many stay in the processor's cache, which makes decoding a third faster."""
FEW = 16
"""A run of at most so many is read one by one when anything in it is unusual."""
SKEW_MS_MOST = 5 * SECOND_MS
"""How far an event may be ahead of Kafka's time stamp of its record."""


def decode(
    values: Sequence[bytes | None],
    times_ms: Sequence[int] | None,
    names: Names,
    route: Route | None = None,
) -> Decoded:
    """Decode records; an invalid event is returned with its reason and affects no other.

    `times_ms` are Kafka's time stamps of the records; without them skew is not checked. An event
    whose floor does not belong to the route's partition is misrouted.

    New names are drafts: `Shard.push` keeps those of the events that it admits. So push a batch
    before the next one is decoded.
    """
    names.route = route
    names.begin_drafts()
    return _Decoding(parse, documents, times_ms, names).of(values)


def decode_objects(
    objects: Sequence[object], times_ms: Sequence[int] | None, names: Names
) -> Decoded:
    """Decode documents that are parsed already, one a record."""
    names.route = None
    names.begin_drafts()
    return _Decoding(convert, lambda one: [one], times_ms, names).of(objects)


class _Decoding:
    """One call of `decode`: how records are read, and the results so far."""

    def __init__(
        self,
        read_run: Callable[[Sequence[Any]], Parsed],
        read_one: Callable[[Any], list[Any]],
        times_ms: Sequence[int] | None,
        names: Names,
    ) -> None:
        self._read_run = read_run
        self._read_one = read_one
        self._names = names
        self._seen_ms = None if times_ms is None else np.array(times_ms, np.int64)
        self._table = EventColumns(0)
        self._unread: list[Rejected] = []
        self._refused: dict[int, Rejected] = {}
        """By place in the table."""

    def of(self, records: Sequence[Any]) -> Decoded:
        """Decode all records."""
        self._table = table = EventColumns(len(records))
        for first in range(0, len(records), RECORDS_AT_ONCE):
            self._decode_run(records[first : first + RECORDS_AT_ONCE], first)
        record = table.record[: table.used]
        seen_ms = self._seen(record, table.ts_ms[: table.used])
        self._refuse_ahead(seen_ms)
        rejected = self._unread + [self._refused[place] for place in sorted(self._refused)]
        rejected.sort(key=lambda one: one.record)
        return Decoded(_compact(table, seen_ms), rejected)

    def _seen(self, record: I64, ts_ms: I64) -> I64:
        """When each event was seen: Kafka's time stamp of its record, else its own time."""
        if self._seen_ms is None:
            return ts_ms
        seen_ms = self._seen_ms[record]
        return np.where(seen_ms < 0, ts_ms, seen_ms)

    def _decode_run(self, run: Sequence[Any], first: int) -> None:
        """Decode a run of records; first: the index of its first record.

        If anything is unusual, halve the run until that is among few.
        """
        used = self._table.used
        try:
            parsed = self._read_run(run)
            record = np.array(range(len(run)) if parsed.place is None else parsed.place) + first
            columns.fill(self._table, self._table.reserve(record), parsed, self._names)
        except Unusual:
            self._table.used = used  # each event is written to the same place again
            if len(run) <= FEW:
                self._one_by_one(run, first)
                return
            half = len(run) // 2
            self._decode_run(run[:half], first)
            self._decode_run(run[half:], first + half)

    def _one_by_one(self, run: Sequence[Any], first: int) -> None:
        for record, one in enumerate(run, first):
            try:
                held = self._read_one(one)
            except UnreadableRecord as error:
                self._unread.append(Rejected(record, error.reason, error.detail))
                continue
            place = self._table.reserve(np.full(len(held), record))
            for index, document in enumerate(held, place):
                try:
                    self._table.write(index, read(document), self._names)
                except InvalidEvent as error:
                    self._refuse(index, error.reason, error.detail)

    def _refuse(self, place: int, reason: Reason, detail: str) -> None:
        self._table.kept[place] = False
        self._refused[place] = Rejected(int(self._table.record[place]), reason, detail)

    def _refuse_ahead(self, seen_ms: I64) -> None:
        table = self._table
        ts_ms, kept = table.ts_ms[: table.used], table.kept[: table.used]
        for place in np.flatnonzero(kept & (ts_ms > seen_ms + SKEW_MS_MOST)).tolist():
            detail = (
                f"ts {rfc3339(int(ts_ms[place]))} lies more than "
                f"{SKEW_MS_MOST // SECOND_MS} s ahead of Kafka's time stamp "
                f"{rfc3339(int(seen_ms[place]))}; check the source's clock"
            )
            self._refuse(place, Reason.ahead, detail)


def _compact(table: EventColumns, seen_ms: I64) -> EventBatch:
    kept = np.flatnonzero(table.kept[: table.used])
    kind = table.kind[kept]
    source, ts_ms = table.source[kept], table.ts_ms[kept]

    def of(what: Kind) -> tuple[I64, I64]:
        event: I64 = np.flatnonzero(kind == what)
        return event, kept[event]

    event, at = of(Kind.state)
    sync: Bool = table.sync[at]
    states = StateRows(
        event, ts_ms[event], table.seq[at], table.seat[at], table.state[at], source[event], sync
    )
    event, at = of(Kind.call)
    calls = CallRows(
        event,
        ts_ms[event],
        table.floor[at],
        table.call[at].tolist(),
        table.phase[at],
        table.pool[at],
        table.seat[at],
        table.wait_ms[at],
        table.talk_ms[at],
        table.hold_ms[at],
        table.acw_ms[at],
    )
    event, at = of(Kind.queue)
    queues = QueueRows(event, ts_ms[event], table.pool[at], table.waiting[at], table.wait_ms[at])
    return EventBatch(table.record[kept], ts_ms, source, seen_ms[kept], states, calls, queues)
