"""Sends dead letters to the events' topic again: `floorwatch dlq retry`.

Each batch takes two steps: its events are sent and acknowledged, then a mark for each of its dead
letters is written to the dead-letter topic. So an interruption may repeat a batch, and loses
nothing.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaProducer

from stream.clock import wall_ms
from stream.dlq.producer import ProducerRecord, new_producer, send
from stream.dlq.reader import RETRIED, DeadLetterReader, DeadLetterRecord, RetryMark, ShowProgress
from stream.dlq.resend import NotResendable, ResendRecord, resend_records
from stream.events.language import LATE
from stream.units import rfc3339

BATCH_LETTERS: Final = 500
BATCH_BYTES: Final = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters to send again; an empty criterion selects all."""

    reasons: Collection[str] = ()
    """Late ones are sent only if these name their reason."""
    origins: Collection[tuple[int, int]] = ()
    """(partition, offset) of records."""
    since_ms: int | None = None
    """Written at this time or later."""
    limit: int | None = None
    """At most so many dead letters, the first ones."""

    def has(self, dead_letter: DeadLetterRecord) -> bool:
        """Whether a dead letter is selected."""
        return (not self.reasons or dead_letter.reason in self.reasons) and (
            not self.origins or (dead_letter.partition, dead_letter.offset) in self.origins
        )

    def is_late(self, dead_letter: DeadLetterRecord) -> bool:
        """Whether a dead letter would be late again, and was not selected by its reason."""
        return dead_letter.reason in LATE and dead_letter.reason not in self.reasons


@dataclass(frozen=True, slots=True)
class RetryTarget:
    """Topics and brokers of a retry."""

    brokers: str
    events_topic: str
    partitions: int
    dead_letters_topic: str
    dry_run: bool
    """Send nothing."""


@dataclass(slots=True)
class RetryResult:
    """What became of the selected dead letters."""

    retried: int = 0
    """Dead letters that were sent again, and marked."""
    records: int = 0
    events: int = 0
    oldest_ms: int | None = None
    """The earliest instant of the events that were sent."""
    before: int = 0
    """Sent again by an earlier call."""
    late: Counter[str] = field(default_factory=Counter)
    """Left out because they would be late again, by reason."""
    not_resendable: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Cannot be sent, by reason and why."""
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    """The first of each of these."""


class Retry:
    """One call of the command.

    Args:
        reader: of the dead-letter topic.
        selection: which dead letters.
        target: where to.
        show: called with the progress.
    """

    def __init__(
        self,
        reader: DeadLetterReader,
        selection: Selection,
        target: RetryTarget,
        show: ShowProgress,
    ) -> None:
        self._reader, self._selection, self._target, self._show = (
            reader,
            selection,
            target,
            show,
        )
        self.outcome = RetryResult()
        """Counted batch by batch, so it holds after an interruption too."""
        self._producer: AIOKafkaProducer | None = None
        self._batch: list[tuple[DeadLetterRecord, list[ResendRecord]]] = []
        self._bytes = 0

    async def run(self) -> RetryResult:
        """Send what can be sent.

        Raises:
            KafkaError: a record was not acknowledged; its dead letter is not marked.
            ServiceError: Kafka no longer answers.
        """
        if not self._target.dry_run:
            self._producer = new_producer(self._target.brokers)
        try:
            if self._producer is not None:
                await self._producer.start()
            await self._read_twice()
        finally:
            if self._producer is not None:
                await self._producer.stop()
        return self.outcome

    async def _read_twice(self) -> None:
        """First the marks, which follow their dead letters, then the dead letters."""
        selection, marked, seen = self._selection, set[bytes](), set[bytes]()
        async for one in self._reader.records(selection.since_ms, self._show, "reading"):
            if isinstance(one, RetryMark):
                marked.add(one.key)
        chosen = 0
        async for one in self._reader.records(selection.since_ms, self._show, "sending"):
            if not isinstance(one, DeadLetterRecord) or one.key in seen or not selection.has(one):
                continue
            seen.add(one.key)
            if one.key in marked:
                self.outcome.before += 1
            elif selection.is_late(one):
                self.outcome.late[one.reason] += 1
            else:
                chosen += self._prepare(one)
                if len(self._batch) >= BATCH_LETTERS or self._bytes >= BATCH_BYTES:
                    await self._send()
                if chosen == selection.limit:
                    break
        await self._send()

    def _prepare(self, dead_letter: DeadLetterRecord) -> bool:
        """Add a dead letter to the batch, if it can be sent."""
        target, now_ms = self._target, wall_ms()
        try:
            records = resend_records(dead_letter, target.events_topic, target.partitions, now_ms)
        except NotResendable as error:
            what = (dead_letter.reason, error.why)
            self.outcome.not_resendable[what] += 1
            self.outcome.examples.setdefault(what, f"{dead_letter.origin}: {error.detail}")
            return False
        self._batch.append((dead_letter, records))
        self._bytes += sum(len(record.value) for record in records)
        return True

    async def _send(self) -> None:
        chunk, self._batch, self._bytes = self._batch, [], 0
        records = [record for _, records in chunk for record in records]
        if self._producer is not None:
            events = [
                ProducerRecord(one.key, one.value, partition=one.partition) for one in records
            ]
            await send(self._producer, self._target.events_topic, events)
            mark = ((RETRIED, rfc3339(wall_ms()).encode()),)
            marks = [
                ProducerRecord(dead_letter.key, None, mark, dead_letter.at)
                for dead_letter, _ in chunk
            ]
            await send(self._producer, self._target.dead_letters_topic, marks)
        outcome = self.outcome
        outcome.retried += len(chunk)
        outcome.records += len(records)
        outcome.events += sum(record.events for record in records)
        times = [record.oldest_ms for record in records]
        if times:
            outcome.oldest_ms = min([*times, outcome.oldest_ms or times[0]])
