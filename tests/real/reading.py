"""A worker reduced to its transport: it reads, remembers what it was given, and may be rewound."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from confluent_kafka import Producer
from faust.types import TP

from stream.agents.transport.faust_app import GroupTimes, batches_of, consumer_of, faust_app
from stream.agents.transport.fetched_batch import FetchedBatch

_numbers = count()


def fresh_name(what: str) -> str:
    """A topic or group that no other test uses."""
    return f"{what}-{next(_numbers)}"


async def make_topic(
    address: str,
    name: str,
    partitions: int,
    options: Mapping[str, str] | None = None,
    copies: int = 1,
) -> None:
    """Create a topic and return when its partitions have leaders."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, copies, topic_configs=options)])
        while True:
            (described,) = await admin.describe_topics([name])
            if len(described["partitions"]) == partitions and not described["error_code"]:
                return
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


@dataclass
class Record:
    """A record to be produced."""

    partition: int
    value: bytes | None
    time_ms: int | None = None
    key: bytes | None = None


async def produce(address: str, topic: str, records: Sequence[Record]) -> None:
    """Produce records, each to its partition, and return when all are acknowledged.

    By librdkafka and in a thread: a million records are too many for a producer in Python.

    Raises:
        RuntimeError: the broker did not take all of them.
    """
    await asyncio.to_thread(_produce, address, topic, records)


def _produce(address: str, topic: str, records: Sequence[Record]) -> None:
    failed: list[object] = []
    producer: Any = Producer(
        {
            "bootstrap.servers": address,
            "linger.ms": 5,
            "enable.idempotence": True,  # else a retry may change the order
            "message.max.bytes": 32 * 2**20,
            "on_delivery": lambda error, _: failed.extend([error] if error else []),
        }
    )
    for first in range(0, len(records), 20_000):
        for one in records[first : first + 20_000]:
            time_ms = one.time_ms or 0  # the present
            producer.produce(topic, one.value, one.key, one.partition, timestamp=time_ms)
        left = producer.flush(60)
        if left or failed:
            msg = f"{left} records were not sent, {len(failed)} refused: {failed[:1]}"
            raise RuntimeError(msg)


@dataclass
class Reader:
    """An owner that remembers; with `hold`, records are not released."""

    app: faust.App
    topic: str
    position: dict[TP, int] = field(default_factory=lambda: defaultdict(int))
    values: dict[int, list[bytes | None]] = field(default_factory=lambda: defaultdict(list))
    """What was read, by partition, from offset 0 on; a rewind cuts it."""
    batches: list[FetchedBatch] = field(default_factory=list)
    hold: bool = False
    acquisitions: int = 0
    acquire_delay_s: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def acquire(self, tps: frozenset[TP]) -> Mapping[TP, int]:
        self.acquisitions += 1
        await asyncio.sleep(self.acquire_delay_s)
        return {tp: self.position[tp] for tp in tps}

    async def drain(self, tps: frozenset[TP]) -> None:
        """Nothing is pending here."""

    def on_lost(self, tps: frozenset[TP]) -> None:
        """Nothing is held here."""

    def committable_offsets(self) -> Mapping[TP, int]:
        return dict(self.position)

    def take(self, batch: FetchedBatch) -> None:
        consumer = consumer_of(self.app)
        if batch.session != consumer.session.get(batch.tp):
            return
        offsets = batch.columns.offsets
        start = batch.columns.start_offset
        assert start == self.position[batch.tp], (start, offsets, self.position)
        self.position[batch.tp] = batch.columns.next_offset
        self.values[batch.tp.partition] += batch.columns.values
        self.batches.append(batch)
        self.changed.set()
        if not self.hold:
            consumer.release(batch.session, len(offsets))

    async def rewind(self, tp: TP, offset: int) -> None:
        """As after a MISMATCH: forget, and acquire again from an earlier offset."""
        consumer = consumer_of(self.app)
        consumer.forget([tp])
        self.position[tp] = offset
        del self.values[tp.partition][offset:]
        consumer.acquire_soon()

    async def until(self, condition: Any, timeout_s: float = 30.0) -> None:
        """Wait for a condition, checked after each batch and twenty times a second."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self.changed.clear()
                try:
                    await asyncio.wait_for(self.changed.wait(), 0.05)
                except TimeoutError:
                    continue


@asynccontextmanager
async def reading(
    address: str,
    topic: str,
    *,
    group: str | None = None,
    times: GroupTimes | None = None,
    share: Reader | None = None,
) -> AsyncIterator[Reader]:
    """A reader at work; with `share`, it keeps what it reads where another does."""
    app = faust_app(group or fresh_name("group"), address, times=times or GroupTimes(6.0, 1.0))
    app.loop = asyncio.get_running_loop()
    reader = Reader(app, topic)
    if share is not None:
        reader.position, reader.values = share.position, share.values

    @app.agent(batches_of(app, topic))
    async def read(stream: Any) -> None:
        async for event in stream.noack().events():
            reader.take(event.value)
            await stream.ack(event)

    app.finalize()
    consumer = consumer_of(app)
    consumer.owner = reader
    await app.start()
    try:
        yield reader
    finally:
        await app.stop()
