"""Reads the dead-letter topic: dead letters, and marks of those that were retried.

A worker writes dead letters (`dead_letters`); `floorwatch dlq retry` writes a mark for each that it
has sent again: a record with the dead letter's key, the header ``retried`` and no value. There may
be more than one record of both kinds under one key.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream.errors import ServiceError
from stream.kafka.clients import new_consumer

RETRIED: Final = "retried"
ANSWER_TIMEOUT_S: Final = 20.0
"""Without an answer for so long, Kafka is unavailable."""
PROGRESS_AFTER_S: Final = 1.0
"""Shorter work shows no progress."""

ShowProgress = Callable[[str, int, int], None]
"""Called with (step, done, total) now and then."""


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """A dead letter as read from the topic; a record without a worker's headers is none."""

    key: bytes
    """Source and reason: repeats of a dead letter have the same."""
    reason: str
    detail: str
    """Of the first event that had this reason."""
    events: int
    """How many events of the record had this reason."""
    topic: str
    partition: int
    offset: int
    """With topic and partition: of the source record."""
    size: int
    """Bytes of the whole source record."""
    is_cut: bool
    """Only its beginning was kept."""
    value: bytes | None
    time_ms: int
    """When the dead letter was written."""
    at: int
    """Its partition in the dead-letter topic."""

    @property
    def origin(self) -> str:
        """The source record, as text."""
        return f"{self.topic} {self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class RetryMark:
    """The dead letter with this key was sent again."""

    key: bytes
    time_ms: int


def parse_record(record: "ConsumerRecord[Any, Any]") -> DeadLetterRecord | RetryMark | None:
    """Parse a record of the topic; None if Floorwatch did not write it."""
    headers = {name: bytes(value).decode(errors="replace") for name, value in record.headers}
    key, value = record.key or b"", record.value
    if RETRIED in headers:
        return RetryMark(key, record.timestamp)
    try:
        return DeadLetterRecord(
            key=key,
            reason=headers["reason"],
            detail=headers["detail"],
            events=int(headers["events"]),
            topic=headers["source_topic"],
            partition=int(headers["source_partition"]),
            offset=int(headers["source_offset"]),
            size=int(headers.get("size", len(value or b""))),
            is_cut="truncated" in headers,
            value=value,
            time_ms=record.timestamp,
            at=record.partition,
        )
    except (KeyError, ValueError):
        return None


class DeadLetterReader:
    """The whole topic, up to its end when it was opened."""

    def __init__(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._ends = ends

    async def records(
        self, since_ms: int | None, show: ShowProgress, step: str
    ) -> AsyncIterator[DeadLetterRecord | RetryMark | None]:
        """Each record, in order within a partition; may be called again.

        Args:
            since_ms: skip what was written before.
            show: called with the progress of this step.
            step: name of the step.

        Raises:
            ServiceError: Kafka no longer answers.
        """
        position = await self._starts(since_ms)
        start_s = answered_s = time.monotonic()
        done, total = 0, sum(self._ends.values()) - sum(position.values())
        while done < total:
            found = await self._consumer.getmany(timeout_ms=500)
            if found:
                answered_s = time.monotonic()
            elif time.monotonic() - answered_s > ANSWER_TIMEOUT_S:
                raise ServiceError(f"Kafka has not answered for {ANSWER_TIMEOUT_S:.0f} s")
            for tp, records in found.items():
                for record in records:
                    if record.offset < self._ends[tp]:
                        yield parse_record(record)
            for tp, end in self._ends.items():
                position[tp] = min(end, await self._consumer.position(tp))
            done = total - sum(self._ends.values()) + sum(position.values())
            if time.monotonic() - start_s > PROGRESS_AFTER_S:
                show(step, done, total)

    async def _starts(self, since_ms: int | None) -> dict[TopicPartition, int]:
        """Seek to the beginning, by partition."""
        if since_ms is None:
            starts = await self._consumer.beginning_offsets(list(self._ends))
        else:
            found = await self._consumer.offsets_for_times(dict.fromkeys(self._ends, since_ms))
            starts = {tp: at.offset if at else self._ends[tp] for tp, at in found.items()}
        starts = {tp: min(starts[tp], end) for tp, end in self._ends.items()}
        for tp, start in starts.items():
            self._consumer.seek(tp, start)
        return starts


@contextlib.asynccontextmanager
async def open_reader(brokers: str, topic: str, partitions: int) -> AsyncIterator[DeadLetterReader]:
    """Open the topic as it is now.

    Raises:
        KafkaError: no broker answers.
    """
    consumer = new_consumer(brokers, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await consumer.start()
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(tps)
        yield DeadLetterReader(consumer, await consumer.end_offsets(tps))
    finally:
        # While Kafka is down aiokafka's fetcher is cancelled in a pause, and lets that escape.
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()
