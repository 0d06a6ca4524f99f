"""Records to a batch of events, in columns.

The events of a run of records are parsed into types and checked together, column by column. A run
with anything unusual is halved until that is among few, and these are read again one by one by
`fields.read`, which alone gives reasons. Both paths accept the same events and give the same
columns: the tests compare them.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from stream.events import columns
from stream.events.batch import (
    NOBODY,
    CallRows,
    Decoded,
    EventBatch,
    QueueRows,
    SnapshotRows,
    SourceRecords,
    StateRows,
)
from stream.events.call_hashes import name_hashes
from stream.events.columns import EventColumns
from stream.events.fields import NO_SEQ, InvalidEvent, read
from stream.events.language import I64, U8, Kind, Reason, Rejected, StampType, State
from stream.events.names import Names
from stream.events.parse import Parsed, UnreadableRecord, Unusual, convert, documents, parse
from stream.events.partition import Route
from stream.events.ranks import ranks as ranks_of
from stream.units import SECOND_MS, rfc3339

RECORDS_AT_ONCE = 1_000
"""The events of so many stay in the processor's cache, which makes decoding a third faster."""
FEW = 16
"""A run of at most so many is read one by one when anything in it is unusual."""
SKEW_MS_MOST = 5 * SECOND_MS
"""How far an event may be ahead of Kafka's time stamp of its record."""
Flags = bytes | bytearray
"""One byte a record, 0 or 1."""


def decode(
    values: Sequence[bytes | None],
    times_ms: Sequence[int] | None,
    names: Names,
    route: Route | None = None,
    *,
    appended: Flags | None = None,
    offsets: Sequence[int] | None = None,
    ranks: I64 | None = None,
) -> Decoded:
    """Decode records; an invalid event is returned with its reason and affects no other.

    New names are drafts: `Shard.push` keeps those of the events that it admits. So push a batch
    before the next one is decoded.

    Args:
        values: N records.
        times_ms: (N,) Kafka's time stamps of the records; None: a file that is read in the order of
            time, of which it cannot be checked whether an event is ahead.
        names: of the shard.
        route: an event whose floor does not belong to its partition is misrouted; None: none is.
        appended: (N,) whether the broker gave the time stamp (LogAppendTime); None: it gave none.
        offsets: (N,) the places of the records; None: counted from 0.
        ranks: (N,) the `seq` of each record's state event that gives none; None: its rank among the
            different rows of its agent, source and time in the same record.
    """
    names.route = route
    if route is not None:
        names.has_all_floors = route.partitions == 1
    names.begin_drafts()
    places = range(len(values)) if offsets is None else offsets
    records = SourceRecords(values, times_ms, places, ranks)
    return _Decoding(parse, documents, _Stamps.of(times_ms, appended), names).of(records)


def decode_objects(
    objects: Sequence[object], times_ms: Sequence[int] | None, names: Names
) -> Decoded:
    """Decode documents that are parsed already, one a record."""
    names.route = None
    names.begin_drafts()
    records = SourceRecords(objects, times_ms, range(len(objects)))
    return _Decoding(convert, lambda one: [one], _Stamps.of(times_ms, None), names).of(records)


class _Stamps(NamedTuple):
    """The time stamps of records."""

    time_ms: I64 | None
    kind: U8 | None
    """`StampType` by record; None: nobody gave any."""

    @classmethod
    def of(cls, times_ms: Sequence[int] | None, appended: Flags | None) -> "_Stamps":
        if times_ms is None:
            return cls(None, None)
        times = np.array(times_ms, np.int64)
        kind = np.full(len(times), StampType.producer, np.uint8)
        if appended is not None:
            kind[np.frombuffer(appended, np.bool_)] = StampType.broker
        return cls(times, kind)

    def of_events(self, record: I64, ts_ms: I64) -> tuple[I64, U8]:
        """When each event was seen, and by whose time stamp: without one at its own time."""
        if self.time_ms is None or self.kind is None:
            return ts_ms, np.full(len(record), StampType.none, np.uint8)
        seen_ms = self.time_ms[record]
        return np.where(seen_ms < 0, ts_ms, seen_ms), self.kind[record]


class _Decoding:
    """One call of `decode`: how records are read, and the results so far."""

    def __init__(
        self,
        read_run: Callable[[Sequence[Any]], Parsed],
        read_one: Callable[[Any], list[Any]],
        stamps: _Stamps,
        names: Names,
    ) -> None:
        self._read_run = read_run
        self._read_one = read_one
        self._names = names
        self._stamps = stamps
        self._table = EventColumns(0)
        self._unread: list[Rejected] = []
        self._refused: dict[int, Rejected] = {}
        """By place in the table."""

    def of(self, records: SourceRecords) -> Decoded:
        """Decode all records."""
        values = records.values
        self._table = table = EventColumns(len(values))
        for first in range(0, len(values), RECORDS_AT_ONCE):
            self._decode_run(values[first : first + RECORDS_AT_ONCE], first)
        record = table.record[: table.used]
        seen_ms, stamp = self._stamps.of_events(record, table.ts_ms[: table.used])
        self._refuse_ahead(seen_ms)
        self._rank(records.ranks)
        rejected = self._unread + [self._refused[place] for place in sorted(self._refused)]
        rejected.sort(key=lambda one: one.record)
        kept = np.flatnonzero(table.kept[: table.used])
        return Decoded(_compact(table, kept, seen_ms[kept], stamp[kept], records), rejected)

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

    def _rank(self, ranks: I64 | None) -> None:
        """Give the state rows without `seq` a rank as one."""
        table = self._table
        open_rows = (table.seq[: table.used] == NO_SEQ) & table.kept[: table.used]
        at = np.flatnonzero(open_rows & (table.kind[: table.used] == Kind.state))
        record = table.record[at]
        if ranks is not None:
            table.seq[at] = ranks[record]
        elif (record[1:] == record[:-1]).any():
            agent = self._names.seat_agent.data[table.seat[at]]
            of_time = (record, agent, table.source[at], table.ts_ms[at])
            table.seq[at] = ranks_of(of_time, (table.seat[at], table.state[at], table.sync[at]))
        else:
            table.seq[at] = 0


def _compact(
    table: EventColumns, kept: I64, seen_ms: I64, stamp: U8, records: SourceRecords
) -> EventBatch:
    """The kept events, (K,) places in the table; seen_ms and stamp are theirs."""
    kind = table.kind[kept]
    source, ts_ms = table.source[kept], table.ts_ms[kept]

    def of(what: Kind) -> tuple[I64, I64]:
        event: I64 = np.flatnonzero(kind == what)
        return event, kept[event]

    event, at = of(Kind.state)
    states = StateRows(
        event,
        ts_ms[event],
        table.seq[at],
        table.seat[at],
        table.state[at],
        source[event],
        table.sync[at],
        _ringing_calls(table, at),
        table.reason[at],
    )
    calls = _calls(table, *of(Kind.call), ts_ms, source)
    event, at = of(Kind.queue)
    queues = QueueRows(event, ts_ms[event], table.pool[at], table.waiting[at], table.wait_ms[at])
    snapshots = _snapshots(table, *of(Kind.snapshot), ts_ms, source)
    record, place = table.record[kept], _places(table.record[: table.used])[kept]
    return EventBatch(
        record, place, ts_ms, source, seen_ms, stamp,
        states, calls, queues, snapshots, table.reasons, records,
    )  # fmt: skip


def _places(record: I64) -> I64:
    """(N,): the place of each event in its record; record: (N,) the index of each one's record."""
    if (record[1:] == record[:-1]).any():
        return np.arange(len(record)) - np.searchsorted(record, record)
    return np.zeros(len(record), np.int64)


def _calls(table: EventColumns, event: I64, at: I64, ts_ms: I64, source: I64) -> CallRows:
    """The call events at places of the table; event: their places in the batch."""
    return CallRows(
        event,
        ts_ms[event],
        table.floor[at],
        table.call[at].tolist(),
        table.phase[at],
        table.pool[at],
        table.pool_given[at],
        table.seat[at],
        source[event],
        table.by[at],
        table.reason[at],
        table.wait_ms[at],
        table.talk_ms[at],
        table.hold_ms[at],
        table.acw_ms[at],
    )


def _ringing_calls(table: EventColumns, at: I64) -> I64:
    """`StateRows.call` of the state events at these places."""
    calls = np.zeros(len(at), np.int64)
    rings = np.flatnonzero(table.state[at] == State.ringing)
    names = table.call[at[rings]]
    named = names != ""
    calls[rings[named]] = name_hashes(names[named].tolist()).view(np.int64)
    return calls


def _snapshots(table: EventColumns, event: I64, at: I64, ts_ms: I64, source: I64) -> SnapshotRows:
    """The snapshots at places of the table; event: their places in the batch."""
    named = [[NOBODY, *table.agents[place]] for place in at.tolist()]
    event = np.repeat(event, [len(one) for one in named])
    agent = np.array([agent for one in named for agent in one], np.int64)
    return SnapshotRows(event, ts_ms[event], source[event], agent)
