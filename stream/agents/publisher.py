"""Produces dead letters and transitions to Kafka, and waits until they are acknowledged."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream.dlq.dead_letters import DeadLetter
from stream.dlq.producer import ProducerRecord, new_producer, send
from stream.failpoints import failpoint
from stream.store.protocol import OutboxEntry

log = logging.getLogger(__name__)

AT_ONCE: Final = 500
"""Records between two waits for their acknowledgement."""
PAUSE_S: Final = 0.5
"""After a failure: who waited for the same topic meanwhile is refused at once."""
FORGOTTEN_S: Final = 15.0
"""What nobody has tried to produce for so long, nobody has any more: its lane went elsewhere."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Where to."""

    dead_letters: str
    control: str


class KafkaPublisher:
    """Produces to both topics; one that takes nothing does not hold up the other."""

    def __init__(self, brokers: str, topics: Topics) -> None:
        addresses = [address.strip() for address in brokers.split(",")]
        self._dead_letters = _Pipe(addresses, topics.dead_letters)
        self._control = _Pipe(addresses, topics.control)

    async def dead_letters(self, letters: list[DeadLetter]) -> bool:
        """Produce dead letters; whether all were acknowledged."""
        records = [ProducerRecord(letter.key, letter.value, letter.headers) for letter in letters]
        with failpoint("letters"):
            return await self._dead_letters.produce(records)

    async def transitions(self, entries: list[OutboxEntry]) -> bool:
        """Produce to the audit topic; whether all were acknowledged."""
        records = [ProducerRecord(entry.id.encode(), entry.body) for entry in entries]
        with failpoint("audit"):
            return await self._control.produce(records)

    def refusals(self) -> list[str]:
        """Which topics take nothing, since when and why; empty if all is well."""
        now_s = time.monotonic()
        return [
            f"topic {pipe.topic} has taken nothing for {now_s - pipe.refused_since_s:.0f} s: "
            f"{pipe.refusal}"
            for pipe in self._refusing()
        ]

    def refused_topics(self) -> set[str]:
        """The same, by name."""
        return {pipe.topic for pipe in self._refusing()}

    async def close(self) -> None:
        """Drop the connections; what is not acknowledged is in the outbox, or not committed."""
        await asyncio.gather(self._dead_letters.close(), self._control.close())

    def _refusing(self) -> list["_Pipe"]:
        return [pipe for pipe in (self._dead_letters, self._control) if pipe.is_refusing]


class _Pipe:
    """The way to one topic: it connects when it is first needed, and again after each failure."""

    def __init__(self, brokers: list[str], topic: str) -> None:
        self.topic = topic
        self.refusal = ""
        """Why it took nothing at the last try; empty if it did."""
        self.refused_since_s = 0.0
        self._brokers = brokers
        self._producer: AIOKafkaProducer | None = None
        self._one_at_a_time = asyncio.Lock()
        self._next_try_s = 0.0

    @property
    def is_refusing(self) -> bool:
        """Whether it took nothing at the last try, and anybody tries still."""
        tried = self._one_at_a_time.locked() or time.monotonic() < self._next_try_s + FORGOTTEN_S
        return bool(self.refusal) and tried

    async def produce(self, records: Sequence[ProducerRecord]) -> bool:
        """Whether all were acknowledged. While the topic takes nothing only one caller waits."""
        async with self._one_at_a_time:
            if time.monotonic() < self._next_try_s:
                return False
            try:
                producer = await self._connected()
                for at in range(0, len(records), AT_ONCE):
                    await send(producer, self.topic, records[at : at + AT_ONCE])
            except (KafkaError, OSError) as error:
                await self._refused(error)
                return False
            self.refusal = ""
            return True

    async def _refused(self, error: Exception) -> None:
        log.warning("topic %s took no records: %r; they are sent again", self.topic, error)
        if not self.refusal:
            self.refused_since_s = time.monotonic()
        self.refusal = type(error).__name__
        await self._disconnect()
        self._next_try_s = time.monotonic() + PAUSE_S

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = new_producer(self._brokers)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(producer.stop(), 1.0)

    async def close(self) -> None:
        """Drop the connection."""
        async with self._one_at_a_time:
            await self._disconnect()
