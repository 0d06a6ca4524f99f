"""Kafka topics read back: what they really hold decides what must come out."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

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
        self._brokers, self._topic = brokers, topic
        self.next = dict.fromkeys(range(partitions), 0)
        """By partition, the first offset that was not read."""
        self._consumer = self._assigned()

    def _assigned(self) -> Any:
        consumer: Any = Consumer(
            {
                "bootstrap.servers": self._brokers,
                "group.id": f"{self._topic}-auditor",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,  # nothing else says that markers are passed
                "reconnect.backoff.ms": 500,
                "fetch.wait.max.ms": 50,
                "fetch.queue.backoff.ms": 5,  # else it waits a second before it fetches more
                "log_level": 0,  # while Kafka is down, it would say so many times a second
            }
        )
        consumer.assign([TopicPartition(self._topic, p, at) for p, at in self.next.items()])
        return consumer

    def read_from(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions from other offsets on, perhaps of another log under this name."""
        self.close()
        self.next |= offsets
        self._consumer = self._assigned()

    def starts(self) -> dict[int, int]:
        """By partition, the offset of the first record."""
        return {p: start for p, (start, _) in self._watermarks().items()}

    def ends(self) -> dict[int, int]:
        """By partition, the offset after the last record that consumers may read."""
        return {p: end for p, (_, end) in self._watermarks().items()}

    def _watermarks(self) -> dict[int, tuple[int, int]]:
        """By partition, start and end; a broker may have just come back."""
        give_up_s = time.monotonic() + ENDS_S_MAX
        while True:
            try:
                return {
                    p: self._consumer.get_watermark_offsets(TopicPartition(self._topic, p), 10)
                    for p in self.next
                }
            except KafkaException:
                if time.monotonic() > give_up_s:
                    raise
            time.sleep(0.2)

    def read(self) -> Iterator[Logged]:
        """All new records that the topic holds now, by partition in their order."""
        ends = self.ends()
        while left := sum(max(0, end - self.next[p]) for p, end in ends.items()):
            # It waits until it has as many as it was asked for.
            for message in self._consumer.consume(min(left, AT_ONCE), timeout=1.0):
                error = message.error()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:
                        partition = message.partition()
                        self.next[partition] = max(self.next[partition], message.offset())
                        continue
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
