"""Records to a batch of events, in columns.

Events that have the same fields are checked together, column by column. A group in which anything
is unusual is read again one by one by `fields.read`, which alone gives reasons. Both paths accept
the same events and give the same columns: the tests hold them against each other.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np

from stream.events import columns
from stream.events.batch import CallRows, Decoded, EventBatch, QueueRows, StateRows
from stream.events.columns import Table, Unusual
from stream.events.fields import Refused, read
from stream.events.language import I64, Bool, Kind, Reason, Rejected
from stream.events.names import Names
from stream.events.parse import parse
from stream.events.partition import Route
from stream.units import SECOND_MS, rfc3339

RECORDS_AT_ONCE = 1_000
"""Their documents stay in the processor's cache, which makes decoding a third faster."""
SKEW_MS_MOST = 5 * SECOND_MS
"""How far an event may lie ahead of Kafka's own time stamp of its record."""


def decode(
    values: Sequence[bytes | None],
    times_ms: Sequence[int] | None,
    names: Names,
    route: Route | None = None,
) -> Decoded:
    """Decode records; what cannot be read is a value with a reason and harms no neighbour.

    `times_ms` are Kafka's time stamps of the records; without them skew is not judged. An event
    whose floor does not belong to the route's partition is misrouted.
    """
    seen_ms = None if times_ms is None else np.array(times_ms, np.int64)
    parts: list[EventBatch] = []
    rejected: list[Rejected] = []
    for first in range(0, max(1, len(values)), RECORDS_AT_ONCE):
        documents, records, unread = parse(values[first : first + RECORDS_AT_ONCE])
        rejected += [replace(one, record=one.record + first) for one in unread]
        record = np.array(records, np.int64) + first
        decoded = _decode(documents, record, seen_ms, names, route)
        parts.append(decoded.batch)
        rejected += decoded.rejected
    rejected.sort(key=lambda one: one.record)
    return Decoded(EventBatch.joined(parts), rejected)


def decode_objects(
    objects: Sequence[object], times_ms: Sequence[int] | None, names: Names
) -> Decoded:
    """The same for documents that are parsed already, one a record."""
    seen_ms = None if times_ms is None else np.array(times_ms, np.int64)
    return _decode(objects, np.arange(len(objects)), seen_ms, names, None)


def _decode(
    documents: Sequence[Any],
    record: I64,
    times_ms: I64 | None,
    names: Names,
    route: Route | None,
) -> Decoded:
    names.route = route
    rejected: dict[int, Rejected] = {}
    table = Table(len(documents))
    for shape, at in _by_shape(documents).items():
        group = documents if len(at) == len(documents) else [documents[index] for index in at]
        where = np.array(at, np.int64)
        try:
            _by_columns(table, where, shape, group, names)
        except Unusual:
            _one_by_one(table, at, group, record, names, rejected)
    seen_ms = table.ts_ms if times_ms is None else times_ms[record]
    if times_ms is not None:
        _refuse_ahead(table, seen_ms, record, rejected)
    in_order = [rejected[index] for index in sorted(rejected)]
    return Decoded(_compact(table, record, seen_ms), in_order)


def _by_shape(documents: Sequence[Any]) -> dict[tuple[str, ...] | None, list[int]]:
    groups: dict[tuple[str, ...] | None, list[int]] = defaultdict(list)
    for index, document in enumerate(documents):
        groups[tuple(document) if type(document) is dict else None].append(index)
    return groups


def _by_columns(
    table: Table, at: I64, shape: tuple[str, ...] | None, group: Sequence[Any], names: Names
) -> None:
    if shape is None or len(shape) < 2:
        raise Unusual
    cells = dict(zip(shape, zip(*map(itemgetter(*shape), group), strict=True), strict=True))
    columns.fill(table, at, cells, len(group), names)


def _one_by_one(
    table: Table,
    at: Sequence[int],
    group: Sequence[Any],
    record: I64,
    names: Names,
    rejected: dict[int, Rejected],
) -> None:
    for index, document in zip(at, group, strict=True):
        try:
            table.put(index, read(document), names)
        except Refused as refused:
            table.kept[index] = False
            rejected[index] = Rejected(int(record[index]), refused.reason, refused.detail)


def _refuse_ahead(table: Table, seen_ms: I64, record: I64, rejected: dict[int, Rejected]) -> None:
    ahead = table.kept & (table.ts_ms > seen_ms + SKEW_MS_MOST)
    for index in np.flatnonzero(ahead).tolist():
        detail = (
            f"ts {rfc3339(int(table.ts_ms[index]))} lies more than "
            f"{SKEW_MS_MOST // SECOND_MS} s ahead of Kafka's time stamp "
            f"{rfc3339(int(seen_ms[index]))}; check the source's clock"
        )
        rejected[index] = Rejected(int(record[index]), Reason.ahead, detail)
    table.kept &= ~ahead


def _compact(table: Table, record: I64, seen_ms: I64) -> EventBatch:
    kept = np.flatnonzero(table.kept)
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
        list(map(table.call.__getitem__, at.tolist())),
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
    return EventBatch(record[kept], ts_ms, source, seen_ms[kept], states, calls, queues)
