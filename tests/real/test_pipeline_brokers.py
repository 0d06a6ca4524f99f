"""Workers on three real brokers: leaders of partitions are killed under load, nothing differs.

Goal: what was acknowledged counts, once, whichever broker dies. Method: a producer with `acks=all`
and idempotence sends on and on; twice the broker that leads a partition is killed with -9,
events go on without it, it is started again and catches up. At the end every window of every team
equals one shard in process, fed what was sent.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.components import KafkaCluster
from tests.real.staging import (
    PARTITIONS,
    MakeRedis,
    MakeStage,
    assert_all_same,
    ends,
    one_redis,
    ordinary,
)
from tests.real.working import Stage, Stored, Written, wait_until

AT_ONCE = 500
PAUSE_S = 0.2
"""Between two pieces: brokers that start need some of the machine as well."""


@dataclass
class Sender:
    """Sends what `ordinary` makes, chunk after chunk, until stopped."""

    stage: Stage
    sent: int = 0
    """Events that were acknowledged."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.stage.brokers,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            retry_backoff_ms=50,
        )
        await producer.start()
        try:
            while not self.stop.is_set():
                await self._send(producer, ordinary(AT_ONCE, self.sent))
                self.sent += AT_ONCE
                self.moved.set()
                await asyncio.sleep(PAUSE_S)
        finally:
            await producer.stop()

    async def _send(self, producer: AIOKafkaProducer, chunk: Written) -> None:
        acknowledged = [
            await producer.send(self.stage.topic, value, partition=p, timestamp_ms=time_ms)
            for p in chunk.values
            for value, time_ms in zip(chunk.values[p], chunk.times_ms[p], strict=True)
        ]
        await asyncio.gather(*acknowledged)

    async def more(self, events: int) -> None:
        """Wait until so many more were acknowledged."""
        goal = self.sent + events
        async with asyncio.timeout(30):
            while self.sent < goal:
                self.moved.clear()
                await self.moved.wait()


async def partitions_of(stage: Stage, cluster: KafkaCluster) -> list[dict[str, Any]]:
    """What the brokers say of the partitions of the events' topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.address)
    try:
        await admin.start()
        (found,) = await admin.describe_topics([stage.topic])
        partitions: list[dict[str, Any]] = found["partitions"]
        return partitions
    finally:
        await admin.close()


async def busiest_leader(stage: Stage, cluster: KafkaCluster) -> int:
    """The broker that leads most partitions."""
    leaders = Counter(one["leader"] for one in await partitions_of(stage, cluster))
    leader: int = leaders.most_common(1)[0][0]
    return leader


async def until_all_copies_are_in_sync(stage: Stage, cluster: KafkaCluster) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                found = await partitions_of(stage, cluster)
            except KafkaError:
                found = []
            if found and all(len(one["isr"]) == len(cluster.nodes) for one in found):
                return
            await asyncio.sleep(0.1)


@pytest.mark.slow
@one_redis
async def test_leaders_that_are_killed_under_load_lose_nothing_that_was_acknowledged(
    kafka_cluster: KafkaCluster, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka_cluster.address, make_redis().url, copies=3)
    sender = Sender(stage)
    with stage.workers("one", "two") as workers:
        stored = Stored(stage)
        sending = asyncio.create_task(sender.run())
        await sender.more(2_000)
        killed = []
        for _ in range(2):
            leader = await busiest_leader(stage, kafka_cluster)
            killed.append(leader)
            await asyncio.to_thread(kafka_cluster.nodes[leader].stop, "KILL")
            await sender.more(3_000)
            await asyncio.to_thread(kafka_cluster.nodes[leader].start)
            await until_all_copies_are_in_sync(stage, kafka_cluster)
        sender.stop.set()
        await sending
        written = ordinary(sender.sent)
        wait_until(lambda: stored.offsets() == ends(written), "all is applied, and nothing twice")
        assert_all_same(stage, stored, written)
        for worker in workers:
            wait_until(worker.is_ready, "it is ready")
            assert worker.process is not None
            assert worker.process.poll() is None
            assert "Traceback" not in worker.log
        assert len(killed) == len(set(killed)) == 2
        assert sum(ends(written)) == sender.sent >= 8_000
        assert all(ends(written)[partition] for partition in range(PARTITIONS))
        stored.close()
