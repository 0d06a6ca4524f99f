"""The broker and the Redis that the benchmark starts, and the topics that it makes."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from workload import PARTITIONS, Record

from stream.cli.embedded import broker_program, free_port

ROOT = Path(__file__).resolve().parent.parent
KAFKA_SCRIPT = ROOT / "tests" / "real" / "kafka.sh"
KAFKA_JARS = Path(os.environ.get("FLOORWATCH_KAFKA_JARS") or KAFKA_SCRIPT.parent / "jars")

APACHE = "Apache Kafka"
TANSU = "Tansu (embedded; no Apache Kafka here)"


def broker_here() -> str:
    """Which broker this machine has."""
    has_jars = any(KAFKA_JARS.glob("kafka_2.13-*.jar"))
    return APACHE if has_jars and shutil.which("java") else TANSU


@contextmanager
def broker(kind: str, directory: Path) -> Iterator[str]:
    """A fresh broker for the length of the block; its address."""
    if kind != APACHE:
        with broker_program(directory) as program:
            yield program.address
        return
    port = free_port(2)
    directory.mkdir(parents=True)
    _script("start", str(port), str(directory))
    try:
        yield f"127.0.0.1:{port}"
    finally:
        _script("stop", str(directory), "KILL")


def _script(*arguments: str) -> None:
    # No pipe: the broker would inherit it and hold it open.
    subprocess.run(
        [KAFKA_SCRIPT, *arguments],
        env={**os.environ, "FLOORWATCH_KAFKA_JARS": str(KAFKA_JARS)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def make_topics(address: str, events: str, others: Sequence[str]) -> None:
    """Make the topic of the events and those that a worker writes to."""
    # The records' own times lie in the past, and must not be taken for old.
    keep = {"retention.ms": "-1"}
    topics = [NewTopic(events, PARTITIONS, 1, config=keep)]
    topics += [NewTopic(other, 1, 1) for other in others]
    client = AdminClient({"bootstrap.servers": address})
    for made in client.create_topics(topics).values():
        made.result(30)


def produce(address: str, topic: str, records: Sequence[Record]) -> None:
    """Send all records, in order, to the partitions of their floors.

    Raises:
        RuntimeError: the broker did not take all of them.
    """
    failed: list[object] = []
    producer = Producer(
        {
            "bootstrap.servers": address,
            "linger.ms": 5,
            "enable.idempotence": True,  # else a retry may change the order
            "queue.buffering.max.messages": 200_000,
            "on_delivery": lambda error, _: failed.extend([error] if error else []),
        }
    )
    for number, one in enumerate(records):
        while True:
            try:
                producer.produce(
                    topic, one.value, one.floor, partition=one.partition, timestamp=one.ts_ms
                )
            except BufferError:
                producer.poll(0.1)
            else:
                break
        if number % 1_000 == 0:
            producer.poll(0)
    left = producer.flush(60)
    if left or failed:
        msg = f"{left} records were not sent, {len(failed)} refused: {failed[:1]}"
        raise RuntimeError(msg)
