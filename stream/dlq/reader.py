"""The dead-letter topic as it is read by people: its letters, and marks of those sent again.

A worker writes letters (`deadletters`), `floorwatch dlq retry` a mark for each that it has sent
again: a record with the letter's key, the header ``retried`` and no value. Both may stand there
more than once under one key.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from stream.errors import ServiceError

RETRIED: Final = "retried"
STILL_S_MAX: Final = 20.0
"""Without an answer for so long, Kafka is not there."""
QUIET_S: Final = 1.0
"""Shorter work shows no progress."""

Show = Callable[[str, int, int], None]
"""Told (step, done, total) now and then."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; a record that lacks what a worker writes is none."""

    key: bytes
    """Where it comes from and why: repeats of a letter have the same."""
    reason: str
    detail: str
    """Of the first event that had this reason."""
    events: int
    """How many events of the record had this reason."""
    topic: str
    partition: int
    offset: int
    """With topic and partition: of the record that it tells of."""
    size: int
    """Bytes of that record, whole."""
    is_cut: bool
    """Only its beginning is here."""
    value: bytes | None
    time_ms: int
    """When the letter was written."""
    at: int
    """The partition of the dead-letter topic in which it stands."""

    @property
    def origin(self) -> str:
        """The record that it tells of."""
        return f"{self.topic} {self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class Mark:
    """The letter with this key was sent again."""

    key: bytes
    time_ms: int


def letter_of(record: "ConsumerRecord[Any, Any]") -> Letter | Mark | None:
    """What a record of the topic says; None if Floorwatch did not write it."""
    told = {name: bytes(value).decode(errors="replace") for name, value in record.headers}
    key, value = record.key or b"", record.value
    if RETRIED in told:
        return Mark(key, record.timestamp)
    try:
        return Letter(
            key=key,
            reason=told["reason"],
            detail=told["detail"],
            events=int(told["events"]),
            topic=told["source_topic"],
            partition=int(told["source_partition"]),
            offset=int(told["source_offset"]),
            size=int(told.get("size", len(value or b""))),
            is_cut="truncated" in told,
            value=value,
            time_ms=record.timestamp,
            at=record.partition,
        )
    except (KeyError, ValueError):
        return None


class DeadLetterReader:
    """All of the topic, up to where it ended when it was opened."""

    def __init__(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._ends = ends

    async def records(
        self, since_ms: int | None, show: Show, step: str
    ) -> AsyncIterator[Letter | Mark | None]:
        """What each record says, in order within a partition; may be called again.

        Args:
            since_ms: leave out what was written before.
            show: told how far it has come, as the step of this name.
            step: see there.

        Raises:
            ServiceError: Kafka does not answer any more.
        """
        position = await self._starts(since_ms)
        began_s = heard_s = time.monotonic()
        done, total = 0, sum(self._ends.values()) - sum(position.values())
        while done < total:
            found = await self._consumer.getmany(timeout_ms=500)
            if found:
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > STILL_S_MAX:
                raise ServiceError(f"Kafka has not answered for {STILL_S_MAX:.0f} s")
            for tp, records in found.items():
                for record in records:
                    if record.offset < self._ends[tp]:
                        yield letter_of(record)
            for tp, end in self._ends.items():
                position[tp] = min(end, await self._consumer.position(tp))
            done = total - sum(self._ends.values()) + sum(position.values())
            if time.monotonic() - began_s > QUIET_S:
                show(step, done, total)

    async def _starts(self, since_ms: int | None) -> dict[TopicPartition, int]:
        """Go to the beginning, by partition."""
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
    """The topic as it is now.

    Raises:
        KafkaError: no broker answers.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=brokers, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(tps)
        yield DeadLetterReader(consumer, await consumer.end_offsets(tps))
    finally:
        # While Kafka is away aiokafka's fetcher is cancelled in a pause, and lets that escape.
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()
