"""A fetched partition as columns, straight from aiokafka's record batches.

aiokafka 0.14 builds a ConsumerRecord for each record: 1.1 µs of CPU for one of 180 bytes, where
unpacking the same bytes to columns takes 0.3 µs (measured; `docs/decisions`). So the iterator of
each fetched partition is replaced by one that unpacks it at once. Positions, assignment checks and
errors stay aiokafka's own. Touches aiokafka's private interface; the contract test in
tests/agents/transport names what it relies on.
"""

# ruff: noqa: SLF001, ANN401 - the private, untyped interface of aiokafka is this file's business

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.structs import TopicPartition

_offset = attrgetter("offset")


@dataclass(slots=True)
class RecordColumns:
    """Records of one partition in the order of their offsets; columns of equal length N ≥ 1."""

    values: list[bytes | None]
    times_ms: list[int]
    """Kafka's own time stamps."""
    offsets: Sequence[int]
    """A range if no offset is missing, else a list."""
    next_offset: int
    """Where the next fetch begins: beyond the last record, control batches included."""


def unpack(fetched: PartitionRecords) -> Iterator[RecordColumns]:
    """Yield what a fetch holds from its position on, as one item, or nothing.

    A damaged batch ends the item before it, so that no good record is lost; it raises when the next
    fetch begins with it.

    Raises:
        CorruptRecordException: the first batch fails its checksum.
    """
    columns = RecordColumns([], [], [], fetched.next_fetch_offset)
    spans: list[Sequence[int]] = []
    while fetched._records.has_next():
        batch = fetched._records.next_batch()
        if fetched._check_crcs and not batch.validate_crc():
            if spans:
                break
            msg = f"Invalid CRC - {fetched._tp}"
            raise CorruptRecordException(msg)
        if not _is_skipped(fetched, batch):
            span = _append(columns, batch, fetched.next_fetch_offset)
            if span:
                spans.append(span)
        fetched.next_fetch_offset = columns.next_offset = batch.next_offset
    if spans:
        columns.offsets = _join(spans)
        yield columns


def _append(columns: RecordColumns, batch: Any, first_wanted: int) -> Sequence[int]:
    """Append a record batch; return the offsets of what was appended."""
    records = list(batch)
    if not records:
        return ()
    offsets: Sequence[int] = range(records[0].offset, records[-1].offset + 1)
    if len(offsets) != len(records):  # compaction left gaps
        offsets = list(map(_offset, records))
    if offsets[0] < first_wanted:  # a batch is sent whole, even if the position lies within it
        kept = [i for i, offset in enumerate(offsets) if offset >= first_wanted]
        records = [records[i] for i in kept]
        offsets = [offsets[i] for i in kept]
    columns.values += [record.value for record in records]
    columns.times_ms += [record.timestamp for record in records]
    return offsets


def _join(spans: list[Sequence[int]]) -> Sequence[int]:
    first, last = spans[0][0], spans[-1][-1]
    if sum(map(len, spans)) == last - first + 1:
        return range(first, last + 1)
    return [offset for span in spans for offset in span]


def _is_skipped(fetched: PartitionRecords, batch: Any) -> bool:
    """Whether a batch is a control batch or, read committed, of an aborted transaction."""
    if fetched._isolation_level == READ_COMMITTED and batch.producer_id is not None:
        fetched._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and fetched._contains_abort_marker(batch):
            fetched._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in fetched._aborted_producers:
            return True
    return bool(batch.is_control_batch)


def unpack_all(records: dict[TopicPartition, Any]) -> None:
    """Make each fetch that waits in a fetcher yield columns. Call it on the fetcher's thread."""
    for result in records.values():
        if type(result) is FetchResult and result.has_more():
            fetched = result._partition_records
            if fetched._records_iterator.__name__ != unpack.__name__:
                fetched._records_iterator = unpack(fetched)


async def fetched_columns(
    fetcher: Any, tps: Iterable[Any], timeout_s: float
) -> dict[TopicPartition, list[RecordColumns]]:
    """Drain a fetcher into columns, as its own `fetched_records` does.

    Runs on the fetcher's thread. Nothing is awaited between taking the records and returning. An
    empty result: nothing came in time. `tps` must not be empty, which to aiokafka means all
    partitions.
    """
    if fetcher._subscriptions.reassignment_in_progress:
        await fetcher._subscriptions.wait_for_assignment()
    got = await _drain(fetcher, tps)
    if got:
        return got
    waiter = fetcher._create_fetch_waiter()
    await asyncio.wait([waiter], timeout=timeout_s)
    if not waiter.done():
        waiter.cancel()
        return {}
    waiter.result()  # raises the coordinator's error, such as a lost authorisation
    if fetcher._closed or fetcher._subscriptions.reassignment_in_progress:
        return {}
    return await _drain(fetcher, tps)


async def _drain(fetcher: Any, tps: Iterable[Any]) -> dict[TopicPartition, list[RecordColumns]]:
    unpack_all(fetcher._records)
    got: dict[TopicPartition, list[RecordColumns]] = await fetcher.fetched_records(tps, timeout=0)
    return got


def touch(subscription: Any) -> None:
    """Make aiokafka believe that its consumer is polled. Call it on the consumer's thread."""
    with subscription.fetch_context():
        pass


def last_fetch(consumer: Any, tp: TopicPartition) -> tuple[int | None, int | None]:
    """A stamp of a partition's last answered fetch, which changes with each fetch, and the end.

    Both None if there was none. A fetch that brought no records reports the end too.
    """
    subscription = None if consumer is None else consumer._subscription.subscription
    assignment = None if subscription is None else subscription.assignment
    if assignment is None or tp not in assignment.tps:
        return None, None
    state = assignment.state_value(tp)
    return state.timestamp, state.highwater
