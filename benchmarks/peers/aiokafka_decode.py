"""The bare loop: aiokafka's getmany and orjson, and nothing is kept."""

import asyncio
from collections.abc import Iterable

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.structs import TopicPartition
from job import Job, Meter


class _Assigned(ConsumerRebalanceListener):
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        pass

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        self._meter.begin()


async def main() -> None:
    job, meter = Job.given(), Meter()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=job.brokers,
        group_id=job.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 2**20,
    )
    consumer.subscribe([job.topic], listener=_Assigned(meter))
    await consumer.start()
    count = 0
    loads = orjson.loads
    while count < job.records:
        fetched = await consumer.getmany(timeout_ms=200)
        for tp, records in fetched.items():
            end = job.ends[tp.partition]
            for record in records:
                loads(record.value)
                count += record.offset < end
    meter.end(count)
    await consumer.stop()


asyncio.run(main())
