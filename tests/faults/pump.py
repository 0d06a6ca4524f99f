"""Produces the traffic to Kafka: at a speed, at a rate, or at once."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import Producer

from stream.units import SECOND_MS
from tests.faults.feed import Event, Feed
from tests.faults.traffic import Traffic

TICK_S = 0.05
DELIVERY_S_MAX = 900.0
"""An outage of Kafka may last; nothing is given up."""


class Pump:
    """Sends events from a thread; `pause` returns when Kafka has acknowledged all of them."""

    def __init__(
        self, brokers: str, topic: str, traffic: Traffic, speed: float, rate: int | None = None
    ) -> None:
        self.traffic = traffic
        self.speed = speed
        """Seconds of the events' time in a second."""
        self.rate = rate
        """Events a second instead, whatever time it is on the floors."""
        self.sent = 0
        self.acknowledged = 0
        self.flowed_s = 0.0
        self._brokers, self._topic = brokers, topic
        self._producer = self._connected()
        self._flowing = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy = threading.Lock()

    def _connected(self) -> Any:
        return Producer(
            {
                "bootstrap.servers": self._brokers,
                # Each record once and in order, also when the broker is killed.
                "enable.idempotence": True,
                "message.timeout.ms": int(DELIVERY_S_MAX * SECOND_MS),
                "linger.ms": 5,
                "queue.buffering.max.messages": 2_000_000,
                "queue.buffering.max.kbytes": 2_000_000,
                "reconnect.backoff.ms": 500,
                "log_level": 0,
            }
        )

    def renew(self) -> None:
        """Forget, while paused, what the topic's logs were: they are others now."""
        self.settle()
        self._producer = self._connected()

    def flow(self) -> None:
        """Send at the speed until `pause`."""
        if self._thread is not None:
            return
        self._flowing.set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Stop, and wait until Kafka has all."""
        self._flowing.clear()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.settle()

    def jump(self, duration_ms: int) -> None:
        """Send all events of so much time at once."""
        with self._busy:
            self._send(self.traffic.take(self.traffic.until_ms + duration_ms))

    def send(self, records: Iterable[tuple[int, bytes | None]]) -> None:
        """Send other records, as (partition, value)."""
        with self._busy:
            self._send(records)

    def hand_over(self, duration_ms: int) -> list[tuple[int, bytes]]:
        """All events of so much time, which somebody else sends, before the pump flows again."""
        with self._busy:
            return list(self.traffic.take(self.traffic.until_ms + duration_ms))

    def feed(self, act: Callable[[Feed], Iterable[Event] | None]) -> None:
        """Do something to the feed that may go wrong, and send what it sends thereupon."""
        with self._busy:
            self._send(map(self.traffic.record, act(self.traffic.feed) or ()))

    def settle(self) -> None:
        """Wait until Kafka has acknowledged all that was sent."""
        left = self._producer.flush(DELIVERY_S_MAX)
        assert not left, f"{left} records were never acknowledged"
        assert self.acknowledged == self.sent

    def _run(self) -> None:
        last_s = time.monotonic()
        while self._flowing.is_set():
            time.sleep(TICK_S)  # the pace itself
            now_s = time.monotonic()
            with self._busy:
                self._send(self._due(now_s - last_s))
            self.flowed_s += now_s - last_s
            last_s = now_s

    def _due(self, passed_s: float) -> Iterable[tuple[int, bytes]]:
        if self.rate is not None:
            return self.traffic.take_some(round(self.rate * passed_s))
        until_ms = self.traffic.until_ms + passed_s * self.speed * SECOND_MS
        return self.traffic.take(int(until_ms))

    def _send(self, records: Iterable[tuple[int, bytes | None]]) -> None:
        for partition, value in records:
            self._producer.produce(
                self._topic, value, partition=partition, on_delivery=self._delivered
            )
            self.sent += 1
            if self.sent % 500 == 0:
                self._producer.poll(0)
        self._producer.poll(0)

    def _delivered(self, error: object, _message: object) -> None:
        assert error is None, f"a record was not acknowledged: {error}"
        self.acknowledged += 1
