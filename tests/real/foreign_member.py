"""Another application in the consumer group of the workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer

from tests.real.working import wait_until


@contextmanager
def foreign_member(address: str, group: str, topic: str, **options: Any) -> Iterator[None]:
    """Another application in the group."""
    settings = {"bootstrap.servers": address, "group.id": group, "session.timeout.ms": 6_000}
    consumer = Consumer({**settings, **options})
    assigned: list[Any] = []
    consumer.subscribe([topic], on_assign=lambda _, found: assigned.append(found))
    try:
        wait_until(lambda: (consumer.poll(0.2), assigned)[1], "the other application has joined")
        yield
    finally:
        consumer.close()
