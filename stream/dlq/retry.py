"""Dead letters that are sent again to the events' topic: `floorwatch dlq retry`.

Each piece goes in two steps: its events, acknowledged, and then a mark for each of its letters in
the dead-letter topic. So an interruption may repeat a piece, and loses nothing.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaProducer

from stream.clock import wall_ms
from stream.dlq.producer import ProducerRecord, new_producer, send
from stream.dlq.reader import RETRIED, DeadLetterReader, Letter, Mark, Show
from stream.dlq.resend import Hopeless, ResendRecord, resend_records
from stream.events.language import LATE
from stream.units import rfc3339

LETTERS_AT_ONCE: Final = 500
BYTES_AT_ONCE: Final = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters to send again; what is empty chooses all."""

    reasons: Collection[str] = ()
    """Only with these are late ones sent."""
    origins: Collection[tuple[int, int]] = ()
    """(partition, offset) of records."""
    since_ms: int | None = None
    """Written at this time or later."""
    limit: int | None = None
    """At most so many letters, the first ones."""

    def has(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        return (not self.reasons or letter.reason in self.reasons) and (
            not self.origins or (letter.partition, letter.offset) in self.origins
        )

    def is_late(self, letter: Letter) -> bool:
        """Whether a letter would be late again, and was not asked for by name."""
        return letter.reason in LATE and letter.reason not in self.reasons


@dataclass(frozen=True, slots=True)
class Goal:
    """Where to."""

    brokers: str
    events_topic: str
    partitions: int
    letters_topic: str
    dry_run: bool
    """Send nothing."""


@dataclass(slots=True)
class RetryResult:
    """What became of the letters that were chosen."""

    retried: int = 0
    """Letters that were sent again, and marked."""
    records: int = 0
    events: int = 0
    oldest_ms: int | None = None
    """The earliest instant of the events that were sent."""
    before: int = 0
    """Had been sent again by an earlier call."""
    late: Counter[str] = field(default_factory=Counter)
    """Left out because they would be late again, by reason."""
    hopeless: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Cannot be sent, by reason and why."""
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    """The first of each of these."""


class Retry:
    """One call of the command.

    Args:
        box: the dead-letter topic.
        choice: which letters.
        goal: where to.
        show: told how far it has come.
    """

    def __init__(self, box: DeadLetterReader, choice: Choice, goal: Goal, show: Show) -> None:
        self._box, self._choice, self._goal, self._show = box, choice, goal, show
        self.outcome = RetryResult()
        """Counted piece by piece, so it holds after an interruption too."""
        self._producer: AIOKafkaProducer | None = None
        self._piece: list[tuple[Letter, list[ResendRecord]]] = []
        self._bytes = 0

    async def run(self) -> RetryResult:
        """Send what can be sent.

        Raises:
            KafkaError: a record was not acknowledged; what it belongs to bears no mark.
            ServiceError: Kafka does not answer any more.
        """
        if not self._goal.dry_run:
            self._producer = new_producer(self._goal.brokers)
        try:
            if self._producer is not None:
                await self._producer.start()
            await self._read_twice()
        finally:
            if self._producer is not None:
                await self._producer.stop()
        return self.outcome

    async def _read_twice(self) -> None:
        """First the marks, which stand behind their letters, then the letters."""
        choice, marked, seen = self._choice, set[bytes](), set[bytes]()
        async for one in self._box.records(choice.since_ms, self._show, "reading"):
            if isinstance(one, Mark):
                marked.add(one.key)
        chosen = 0
        async for one in self._box.records(choice.since_ms, self._show, "sending"):
            if not isinstance(one, Letter) or one.key in seen or not choice.has(one):
                continue
            seen.add(one.key)
            if one.key in marked:
                self.outcome.before += 1
            elif choice.is_late(one):
                self.outcome.late[one.reason] += 1
            else:
                chosen += self._prepare(one)
                if len(self._piece) >= LETTERS_AT_ONCE or self._bytes >= BYTES_AT_ONCE:
                    await self._send()
                if chosen == choice.limit:
                    break
        await self._send()

    def _prepare(self, letter: Letter) -> bool:
        """Put a letter into the piece, if it can be sent."""
        goal, now_ms = self._goal, wall_ms()
        try:
            records = resend_records(letter, goal.events_topic, goal.partitions, now_ms)
        except Hopeless as error:
            what = (letter.reason, error.why)
            self.outcome.hopeless[what] += 1
            self.outcome.examples.setdefault(what, f"{letter.origin}: {error.detail}")
            return False
        self._piece.append((letter, records))
        self._bytes += sum(len(record.value) for record in records)
        return True

    async def _send(self) -> None:
        chunk, self._piece, self._bytes = self._piece, [], 0
        records = [record for _, records in chunk for record in records]
        if self._producer is not None:
            events = [
                ProducerRecord(one.key, one.value, partition=one.partition) for one in records
            ]
            await send(self._producer, self._goal.events_topic, events)
            mark = ((RETRIED, rfc3339(wall_ms()).encode()),)
            marks = [ProducerRecord(letter.key, None, mark, letter.at) for letter, _ in chunk]
            await send(self._producer, self._goal.letters_topic, marks)
        outcome = self.outcome
        outcome.retried += len(chunk)
        outcome.records += len(records)
        outcome.events += sum(record.events for record in records)
        times = [record.oldest_ms for record in records]
        if times:
            outcome.oldest_ms = min([*times, outcome.oldest_ms or times[0]])
