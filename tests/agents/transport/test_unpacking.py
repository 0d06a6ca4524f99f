"""Columns of a fetch hold what aiokafka's own records hold, and lose nothing to damage or gaps."""

import random
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from stream.agents.transport.fetched_batch import NO_TIMESTAMP, RecordColumns
from stream.agents.transport.unpacking import joined, unpack

TP = TopicPartition("floor-events", 0)
CONTROL_ATTRIBUTE = 0x20
LOG_APPEND_TIME_ATTRIBUTE = 0x08
ATTRIBUTES_AT = 22
VALUE = b'{"type":"heartbeat"}'


def record_batch(
    base: int, deltas: list[int], *, values: list[bytes | None] | None = None, codec: int = 0
) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 20)
    for i, delta in enumerate(deltas):
        value = values[i] if values else VALUE + str(base + delta).encode()
        builder.append(delta, 1_700_000_000_000 + base + delta, b"floor", value, [])
    raw = builder.build()
    raw[:8] = base.to_bytes(8, "big")
    return bytes(raw)


def fetched(
    data: bytes, position: int, *, isolation: int = READ_UNCOMMITTED, aborted: Any = None
) -> PartitionRecords:
    return PartitionRecords(TP, MemoryRecords(data), aborted, position, None, None, True, isolation)


def columns_of(data: bytes, position: int = 0, **options: Any) -> list[RecordColumns]:
    return list(unpack(fetched(data, position, **options)))


def damaged(batch: bytes) -> bytes:
    return batch[:-1] + bytes([batch[-1] ^ 1])


def test_columns_equal_the_records_of_aiokafka_for_any_gaps_codecs_and_positions() -> None:
    rng = random.Random(1)
    for _ in range(200):
        data, base = b"", rng.randrange(1000)
        start = base
        for _ in range(rng.randrange(1, 6)):
            size = rng.randrange(1, 20)
            deltas = sorted(rng.sample(range(size), rng.randrange(1, size + 1)))
            data += record_batch(base, deltas, codec=rng.choice([0, 1]))
            base += deltas[-1] + 1 + rng.choice([0, 0, 3])
        position = rng.randrange(start, base)
        stock = fetched(data, position)
        records = list(stock)
        mine = fetched(data, position)
        got = list(unpack(mine))
        assert len(got) == (stock.next_fetch_offset > position)
        if got:
            assert got[0].start_offset == position
            assert got[0].values == [r.value for r in records]
            assert got[0].times_ms == [r.timestamp for r in records]
            assert list(got[0].appended) == [r.timestamp_type for r in records]
            assert list(got[0].offsets) == [r.offset for r in records]
            assert got[0].next_offset == stock.next_fetch_offset
        assert mine.next_fetch_offset == stock.next_fetch_offset


def test_offsets_without_a_gap_are_a_range() -> None:
    (columns,) = columns_of(record_batch(5, [0, 1]) + record_batch(7, [0, 1, 2]), 5)

    assert columns.offsets == range(5, 10)


def test_tombstones_and_empty_values_stay_apart() -> None:
    (columns,) = columns_of(record_batch(0, [0, 1, 2], values=[None, b"", b"x"]))

    assert columns.values == [None, b"", b"x"]


def test_records_before_a_damaged_batch_are_delivered_and_the_damage_is_met_next() -> None:
    data = record_batch(0, [0, 1]) + damaged(record_batch(2, [0, 1])) + record_batch(4, [0])
    first = fetched(data, 0)

    (columns,) = unpack(first)

    assert columns.offsets == range(2)
    assert first.next_fetch_offset == 2
    with pytest.raises(CorruptRecordException):
        columns_of(data[len(record_batch(0, [0, 1])) :], 2)


def control_batch(base: int) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 1, 7, 0, 0, 1 << 20)
    builder.append(0, 1_700_000_000_000, b"\x00\x00\x00\x01", b"\x00\x00\x00\x00\x00\x00", [])
    raw = builder.build()
    raw[:8] = base.to_bytes(8, "big")
    return with_attribute(bytes(raw), CONTROL_ATTRIBUTE)


def with_attribute(batch: bytes, attribute: int) -> bytes:
    """A batch as the builder cannot make it; attributes are covered by the checksum."""
    from aiokafka.record.util import calc_crc32c

    raw = bytearray(batch)
    raw[ATTRIBUTES_AT] |= attribute
    raw[17:21] = calc_crc32c(bytes(raw[21:])).to_bytes(4, "big")
    return bytes(raw)


def test_each_record_says_whether_the_broker_gave_its_time_stamp() -> None:
    by_broker = with_attribute(record_batch(2, [0, 1]), LOG_APPEND_TIME_ATTRIBUTE)
    parts = [*columns_of(record_batch(0, [0, 1]) + by_broker), *columns_of(record_batch(4, [0]), 4)]

    columns = joined(parts)

    assert list(columns.appended) == [0, 0, 1, 1, 0]
    assert columns.times_ms[2:4] == [1_700_000_000_003] * 2  # the greatest of its batch


def test_a_control_batch_moves_the_position_and_is_no_record() -> None:
    only_control = fetched(control_batch(3), 3)

    (position,) = unpack(only_control)
    assert (position.values, list(position.offsets)) == ([], [])
    assert (position.start_offset, position.next_offset) == (3, 4)
    assert only_control.next_fetch_offset == 4
    (columns,) = columns_of(record_batch(0, [0, 1, 2]) + control_batch(3))
    assert columns.offsets == range(3)
    assert columns.next_offset == 4


def test_records_of_an_aborted_transaction_are_not_delivered_when_reading_committed() -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 1, 7, 0, 0, 1 << 20)
    builder.append(0, 1_700_000_000_000, None, b"aborted", [])
    data = bytes(builder.build()) + record_batch(1, [0])

    (committed,) = columns_of(data, isolation=READ_COMMITTED, aborted=[(7, 0)])
    (uncommitted,) = columns_of(data)

    assert list(committed.offsets) == [1]
    assert list(uncommitted.offsets) == [0, 1]


@pytest.mark.parametrize(
    ("magic", "codec"), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3)]
)
def test_records_of_older_formats_are_read_and_the_oldest_have_no_time_stamps(
    magic: int, codec: int
) -> None:
    time_ms = 1_700_000_000_000 if magic else NO_TIMESTAMP
    builder = LegacyRecordBatchBuilder(magic, codec, 1 << 20)
    for offset in range(3):
        builder.append(offset, 1_700_000_000_000, b"floor", VALUE)

    raw = builder.build()
    if codec:  # a broker gives the wrapper of compressed records the offset of the last one
        raw[:8] = (2).to_bytes(8, "big")

    (columns,) = columns_of(bytes(raw), isolation=READ_COMMITTED)

    assert (columns.values, list(columns.offsets)) == ([VALUE] * 3, [0, 1, 2])
    assert columns.times_ms == [time_ms] * 3
    assert columns.next_offset == 3
