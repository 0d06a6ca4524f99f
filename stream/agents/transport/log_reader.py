"""Reads single records of partitions, beside the consumer: what a log holds, and where it begins.

aiokafka's consumer says neither: it moves to the log's start when its position is out of range, and
drops the log's start offset. So these requests are sent directly.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    LeaderNotAvailableError,
    NodeNotReadyError,
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
"""How long a request may take in all, with connecting."""
ANSWER_S_MAX: Final = 3.0
"""How long a broker may take to connect, or to answer. Shorter than a request may take, so that
aiokafka closes the connection to a silent broker."""
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

_Connect = Callable[[], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class LogReading:
    """What a log holds at an offset."""

    record: RecordFingerprint | None
    """None: no record has this offset."""
    reached: bool
    """Whether the log holds anything at or after the offset; False: it ends before."""
    start: int | None = None
    """Where the log begins, if that lies beyond the offset."""
    cut: bool = False
    """Whether the leader says that its log ends before the offset. Not reached and not cut: the log
    goes on, but consumers may not read it yet, since a new leader is waiting for replicas."""


class LogReader:
    """Reads records of one topic by offset.

    Connects when first used, and again, by name, once no broker that it knows answers. A request
    waits for `REQUEST_S_MAX` at most. Attempts to connect are shared by all requests and outlive
    them: neither a silent address nor a silent broker is waited for once per partition.

    Args:
        brokers: as "host:port,host:port".
    """

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._client: AIOKafkaClient | None = None
        self._attempts: dict[object, asyncio.Task[Any]] = {}
        """Attempts to connect, by what to."""
        self._closing: set[asyncio.Task[None]] = set()

    async def read(self, tp: TP, offset: int) -> LogReading:
        """Read the record at an offset.

        Raises:
            KafkaError: no leader of the partition answers, or the topic does not exist.
        """
        try:
            reading = _reading(await self._fetch(tp, offset), offset)
            if not reading.reached:
                # Only beyond the end is out of range: not the end, nor what is not readable yet.
                await self._fetch(tp, offset + 1)
        except OffsetOutOfRangeError:
            start = await self.start(tp)
            if offset < start:
                return LogReading(None, reached=True, start=start)
            return LogReading(None, reached=False, cut=True)
        return reading

    async def _fetch(self, tp: TP, offset: int) -> MemoryRecords:
        partition = (tp.partition, offset, _ONE_BATCH)
        request = FetchRequest(_WAIT_MS, 1, _ONE_BATCH, _UNCOMMITTED, [(tp.topic, [partition])])
        *_, records = await self._ask(tp, request)
        return MemoryRecords(records or b"")

    async def start(self, tp: TP) -> int:
        """Where the log begins.

        Raises:
            KafkaError: as `read`.
        """
        request = OffsetRequest(_CONSUMER, _UNCOMMITTED, [(tp.topic, [(tp.partition, _EARLIEST)])])
        *_, offset = await self._ask(tp, request)
        return int(offset)

    async def find(self, topic: str, times_ms: Mapping[int, int]) -> dict[int, tuple[int, int]]:
        """Find the first record of each partition that is not older than an instant.

        While a log is the same and holds that record, the answer is. Brokers look it up without
        sending it, and each leader is asked once for all of its partitions.

        Args:
            topic: of the partitions.
            times_ms: by partition, Kafka's own time stamp; not negative.

        Returns:
            By partition, time stamp and offset of the record, or -1 for both; without those whose
            leader does not answer.
        """
        asked = defaultdict[int | None, list[tuple[int, int]]](list)
        for partition, time_ms in times_ms.items():
            asked[self._leader(TP(topic, partition))].append((partition, time_ms))
        answers = await asyncio.gather(
            *(
                self._ask(
                    TP(topic, partitions[0][0]),
                    OffsetRequest(_CONSUMER, _UNCOMMITTED, [(topic, partitions)]),
                    _found,
                )
                for partitions in asked.values()
            ),
            return_exceptions=True,
        )
        return {
            partition: place
            for answer in answers
            if isinstance(answer, dict)
            for partition, place in answer.items()
        }

    def _leader(self, tp: TP) -> int | None:
        """Of a partition, as far as this client knows."""
        if self._client is None:
            return None
        leader: int | None = self._client.cluster.leader_for_partition(TopicPartition(*tp))
        return leader

    async def close(self) -> None:
        """Close the connections."""
        for attempt in self._attempts.values():
            attempt.cancel()
        if self._client is not None:
            self._forget(self._client)
        await asyncio.gather(*self._attempts.values(), *self._closing, return_exceptions=True)

    async def _ask(
        self,
        tp: TP,
        request: Any,  # noqa: ANN401 - aiokafka's requests
        parse: Callable[[Any, TP], Any] | None = None,
    ) -> Any:  # noqa: ANN401 - what `parse` returns
        """Send a request to the leader of a partition.

        Returns:
            What `parse` makes of the answer; without it, the fields after the error code.
        """
        try:
            async with asyncio.timeout(REQUEST_S_MAX):
                client = self._client or await self._shared(None, lambda: self._connect(tp.topic))
                return await self._send(client, tp, request, parse or _answer)
        except OSError as error:  # also TimeoutError
            msg = f"the leader of {tp.topic}:{tp.partition} does not answer: {error!r}"
            raise KafkaConnectionError(msg) from error

    async def _send(
        self,
        client: AIOKafkaClient,
        tp: TP,
        request: Any,  # noqa: ANN401 - aiokafka's requests
        parse: Callable[[Any, TP], Any],
    ) -> Any:  # noqa: ANN401 - what `parse` returns
        try:
            leader = client.cluster.leader_for_partition(TopicPartition(tp.topic, tp.partition))
            if leader in {None, -1}:
                raise LeaderNotAvailableError(f"{tp.topic}:{tp.partition}")
            if not await self._shared((client, leader), lambda: client.ready(leader)):
                raise NodeNotReadyError(leader)
            return parse(await client.send(leader, request), tp)
        except OffsetOutOfRangeError:
            raise
        except (KafkaError, OSError):
            self._update_metadata(client)
            raise

    def _update_metadata(self, client: AIOKafkaClient) -> None:
        """Update what a client knows of the cluster, for later requests; forget it if it cannot.

        Its metadata may name brokers that are gone, or of a cluster that was replaced. Nothing
        awaits the update: aiokafka never ends the future of one that closing its client cancels.
        """

        def on_done(update: asyncio.Future[bool]) -> None:
            if not update.cancelled() and not update.result():
                self._forget(client)

        client.force_metadata_update().add_done_callback(on_done)

    def _forget(self, client: AIOKafkaClient) -> None:
        """Close a client, unless that was done: its failures may come late."""
        is_current = self._client is client
        if is_current:
            self._client = None
            closing = asyncio.create_task(client.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _connect(self, topic: str) -> AIOKafkaClient:
        client = new_client(self._brokers, int(ANSWER_S_MAX * 1_000), topic)
        try:
            await client.bootstrap()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REQUEST_S_MAX):
                    await client.force_metadata_update()
        except BaseException:
            with contextlib.suppress(KafkaError, OSError):
                await client.close()
            raise
        self._client = client
        return client

    async def _shared(self, to: object, connect: _Connect) -> Any:  # noqa: ANN401 - its result
        """The result of the attempt to connect that is going on, or of a new one."""
        attempt = self._attempts.get(to)
        if attempt is None:
            attempt = self._attempts[to] = asyncio.create_task(connect())
            attempt.add_done_callback(lambda done: self._on_attempt_done(to, done))
        return await asyncio.shield(attempt)

    def _on_attempt_done(self, to: object, attempt: asyncio.Task[Any]) -> None:
        del self._attempts[to]
        if not attempt.cancelled():
            attempt.exception()  # nobody may be waiting for it any more


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


def _found(response: Any, _tp: TP) -> dict[int, tuple[int, int]]:  # noqa: ANN401 - aiokafka's
    """Time stamp and offset by partition, without those of which the broker knows nothing."""
    answers = [answer for _topic, partitions in response.topics for answer in partitions]
    return {
        partition: (time_ms, offset)
        for partition, error_code, time_ms, offset, *_ in answers
        if not error_code
    }


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
