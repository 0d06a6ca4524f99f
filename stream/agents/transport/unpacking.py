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
from operator import attrgetter
from typing import Any, Final

from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException, KafkaError, UnsupportedCodecError
from aiokafka.structs import TopicPartition

from stream.agents.transport.fetched_batch import NO_TIMESTAMP, RecordColumns
from stream.errors import FloorwatchError

LOG_APPEND_TIME: Final = 1
_offset = attrgetter("offset")


def unpack(fetched: PartitionRecords) -> Iterator[RecordColumns]:
    """Yield what a fetch holds from its position on, as one item; nothing if it moves no position.

    A damaged batch ends the item before it, so that no good record is lost; it raises when the next
    fetch begins with it.

    Raises:
        CorruptRecordException: the first batch fails its checksum.
    """
    start = fetched.next_fetch_offset
    columns = RecordColumns([], [], bytearray(), [], start, start)
    spans: list[Sequence[int]] = []
    while fetched._records.has_next():
        batch = fetched._records.next_batch()
        if fetched._check_crcs and not batch.validate_crc():
            if columns.next_offset > start:
                break
            msg = f"Invalid CRC - {fetched._tp}"
            raise CorruptRecordException(msg)
        if not _is_skipped(fetched, batch):
            span = _append(columns, batch, fetched.next_fetch_offset)
            if span:
                spans.append(span)
        fetched.next_fetch_offset = columns.next_offset = batch.next_offset
    if columns.next_offset > start:
        columns.offsets = _join(spans)
        yield columns


def joined(parts: Sequence[RecordColumns]) -> RecordColumns:
    """One for several, each of which begins where the one before ends."""
    if len(parts) == 1:
        return parts[0]
    return RecordColumns(
        [value for part in parts for value in part.values],
        [time_ms for part in parts for time_ms in part.times_ms],
        b"".join(part.appended for part in parts),
        _join([part.offsets for part in parts if part.offsets]),
        parts[0].start_offset,
        parts[-1].next_offset,
    )


def _append(columns: RecordColumns, batch: Any, first_wanted: int) -> Sequence[int]:
    """Append a record batch; return the offsets of what was appended."""
    records = _records(batch)
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
    times_ms = [record.timestamp for record in records]
    # The oldest format of records has no time stamps.
    columns.times_ms += [NO_TIMESTAMP if time is None else time for time in times_ms]
    is_appended = bool(records) and records[0].timestamp_type == LOG_APPEND_TIME
    columns.appended += bytes([is_appended]) * len(records)  # one type for a whole batch
    return offsets


def _records(batch: Any) -> list[Any]:
    try:
        return list(batch)
    except UnsupportedCodecError as error:
        msg = (
            f"records at offset {batch.base_offset} cannot be decompressed ({error}): install what "
            "floorwatch requires anew, it brings gzip, snappy, lz4 and zstd"
        )
        raise FloorwatchError(msg) from None


def _join(spans: list[Sequence[int]]) -> Sequence[int]:
    if not spans:
        return ()
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
    empty result: nothing came in time, or the group cannot be joined (`GroupMonitor` says why).
    `tps` must not be empty, which to aiokafka means all partitions.
    """
    if fetcher._subscriptions.reassignment_in_progress:
        try:
            await fetcher._subscriptions.wait_for_assignment()
        except KafkaError:
            return {}
    got = await _drain(fetcher, tps)
    if got:
        return got
    waiter = fetcher._create_fetch_waiter()
    await asyncio.wait([waiter], timeout=timeout_s)
    if not waiter.done():
        waiter.cancel()
        return {}
    failed = waiter.exception() is not None  # only the group's coordinator sets one
    if failed or fetcher._closed or fetcher._subscriptions.reassignment_in_progress:
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
    state = _state_of(consumer, tp)
    return (None, None) if state is None else (state.timestamp, end_of(state))


def open_transaction(consumer: Any, tp: TopicPartition) -> int | None:
    """The offset at which a partition waits for the end of a transaction; None: it does not."""
    state = _state_of(consumer, tp)
    if state is None or state.highwater is None or end_of(state) == state.highwater:
        return None
    return end_of(state)


def end_of(state: Any) -> int | None:
    """Up to where a partition can be read, by aiokafka's state of it; None: no fetch was answered.

    That is its last stable offset: what follows belongs to open transactions. A broker that knows
    no transactions answers -1.
    """
    known = state.lso is not None and state.lso >= 0
    end: int | None = state.lso if known else state.highwater
    return end


def _state_of(consumer: Any, tp: TopicPartition) -> Any:
    subscription = None if consumer is None else consumer._subscription.subscription
    assignment = None if subscription is None else subscription.assignment
    if assignment is None or tp not in assignment.tps:
        return None
    return assignment.state_value(tp)
