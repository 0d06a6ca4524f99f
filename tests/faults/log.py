"""Kafka topics read back: what they really hold decides what must come out."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

AT_ONCE = 5_000
ENDS_S_MAX = 60.0


@dataclass(frozen=True)
class Logged:
    """A record as Kafka holds it."""

    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, str]


class Log:
    """Reads one topic from its beginning, as far as it goes at the moment."""

    def __init__(self, brokers: str, topic: str, partitions: int) -> None:
        self._topic = topic
        self.next = dict.fromkeys(range(partitions), 0)
        """By partition, the first offset that was not read."""
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": f"{topic}-auditor",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "reconnect.backoff.ms": 500,
                "fetch.wait.max.ms": 50,
                "fetch.queue.backoff.ms": 5,  # else it waits a second before it fetches more
                "log_level": 0,  # while Kafka is down, it would say so many times a second
            }
        )
        self._consumer.assign([TopicPartition(topic, p, 0) for p in self.next])

    def ends(self) -> dict[int, int]:
        """By partition, the offset after the last record; a broker may have just come back."""
        give_up_s = time.monotonic() + ENDS_S_MAX
        while True:
            try:
                return {p: self._end(p) for p in self.next}
            except KafkaException:
                if time.monotonic() > give_up_s:
                    raise
            time.sleep(0.2)

    def _end(self, partition: int) -> int:
        place = TopicPartition(self._topic, partition)
        end: int = self._consumer.get_watermark_offsets(place, timeout=10)[1]
        return end

    def read(self) -> Iterator[Logged]:
        """All new records that the topic holds now, by partition in their order."""
        ends = self.ends()
        while left := sum(max(0, end - self.next[p]) for p, end in ends.items()):
            # It waits until it has as many as it was asked for.
            for message in self._consumer.consume(min(left, AT_ONCE), timeout=1.0):
                error = message.error()
                if error is not None:
                    if error.retriable() or not error.fatal():
                        continue
                    raise RuntimeError(f"{self._topic}: {error}")
                self.next[message.partition()] = message.offset() + 1
                yield Logged(
                    message.partition(),
                    message.offset(),
                    message.timestamp()[1],
                    message.key(),
                    message.value(),
                    {name: value.decode() for name, value in message.headers() or ()},
                )

    def close(self) -> None:
        self._consumer.close()
