"""Reads single records of partitions, beside the consumer: what a log holds, and where it begins.

aiokafka's consumer says neither: it moves to the log's start when its position is out of range, and
drops the log's start offset. So these requests are sent directly.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    BrokerResponseError,
    KafkaError,
    LeaderNotAvailableError,
    OffsetOutOfRangeError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from faust.types import TP

from stream.kafka.clients import new_client
from stream.store.record_fingerprint import RecordFingerprint

REQUEST_S_MAX: Final = 5.0
_CONSUMER: Final = -1
"""Id of a reader that is no replica."""
_EARLIEST: Final = -2
_UNCOMMITTED: Final = 0
"""A record that was delivered is in the log, whatever became of later transactions."""
_WAIT_MS: Final = 100
"""The embedded broker answers nothing at all to a fetch that does not wait."""
_NO_TIME: Final = -1
"""The oldest format of records has no time stamps."""
_ONE_BATCH: Final = 1
"""Bytes: a broker returns the first batch whole, however large it is."""


@dataclass(frozen=True, slots=True)
class LogReading:
    """What a log holds at an offset."""

    record: RecordFingerprint | None
    """None: no record has this offset."""
    reached: bool
    """Whether the log holds anything at or after the offset; False: it ends before."""
    start: int | None = None
    """Where the log begins, if that lies beyond the offset."""


class LogReader:
    """Reads records by offset; connects when first used, and again, by name, after each failure.

    Args:
        brokers: as "host:port,host:port".
    """

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._client: AIOKafkaClient | None = None
        self._connecting = asyncio.Lock()

    async def read(self, tp: TP, offset: int) -> LogReading:
        """Read the record at an offset.

        Raises:
            KafkaError: no leader of the partition answers, or the topic does not exist.
        """
        partition = (tp.partition, offset, _ONE_BATCH)
        request = FetchRequest(_WAIT_MS, 1, _ONE_BATCH, _UNCOMMITTED, [(tp.topic, [partition])])
        try:
            *_, records = await self._ask(tp, request)
        except OffsetOutOfRangeError:
            start = await self.start(tp)
            is_before = offset < start
            return LogReading(None, reached=is_before, start=start if is_before else None)
        return _reading(MemoryRecords(records or b""), offset)

    async def start(self, tp: TP) -> int:
        """Where the log begins.

        Raises:
            KafkaError: as `read`.
        """
        request = OffsetRequest(_CONSUMER, _UNCOMMITTED, [(tp.topic, [(tp.partition, _EARLIEST)])])
        *_, offset = await self._ask(tp, request)
        return int(offset)

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _ask(self, tp: TP, request: Any) -> list[Any]:  # noqa: ANN401 - aiokafka's requests
        """Send a request about one partition to its leader; the fields after the error code."""
        client = await self._connected()
        try:
            leader = client.cluster.leader_for_partition(TopicPartition(tp.topic, tp.partition))
            if leader in {None, -1}:
                raise LeaderNotAvailableError(f"{tp.topic}:{tp.partition}")
            response = await client.send(leader, request)
            return _answer(response, tp)
        except BrokerResponseError as error:
            if error.invalid_metadata and not await client.force_metadata_update():
                await self.close()
            raise
        except (KafkaError, OSError):
            # Its metadata may name brokers that are gone, or of a cluster that was replaced.
            await self.close()
            raise

    async def _connected(self) -> AIOKafkaClient:
        async with self._connecting:
            if self._client is None:
                client = new_client(self._brokers, int(REQUEST_S_MAX * 1_000))
                try:
                    await client.bootstrap()
                    await client.force_metadata_update()
                except BaseException:
                    with contextlib.suppress(KafkaError, OSError):
                        await client.close()
                    raise
                self._client = client
            return self._client


def _answer(response: Any, tp: TP) -> list[Any]:  # noqa: ANN401 - aiokafka's responses
    """The fields after the error code of the only partition that was asked for."""
    where = f"{tp.topic}:{tp.partition}"
    answers = [answer for _topic, partitions in response.topics for answer in partitions]
    if not answers:
        raise KafkaError(f"the answer says nothing of {where}")
    _partition, error_code, *fields = answers[0]
    if error_code:
        raise for_code(error_code)(where)
    return list(fields)


def _reading(records: MemoryRecords, offset: int) -> LogReading:
    """What a fetch from an offset holds there."""
    while records.has_next():
        batch = records.next_batch()
        if batch.next_offset <= offset:  # a compacted or empty batch before it
            continue
        for record in () if batch.is_control_batch else batch:
            if record.offset == offset:
                time_ms = _NO_TIME if record.timestamp is None else record.timestamp
                found = RecordFingerprint.of(offset, time_ms, record.value)
                return LogReading(found, reached=True)
        return LogReading(None, reached=True)
    return LogReading(None, reached=False)
