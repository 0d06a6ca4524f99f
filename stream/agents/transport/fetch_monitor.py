"""What the last fetch of each partition reported, even one without records."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiokafka.structs import TopicPartition
from faust.types import TP

from stream.agents.transport.record_columns import last_fetch, open_transaction

NEVER: Final = -1
ANSWER_S_MAX: Final = 5.0
"""Kafka answers an idle fetch after FETCH_WAIT_MS; much longer when it is busy."""


class FetchMonitor:
    """Whether Kafka answers, and where partitions end; `consumer` returns aiokafka's, or None."""

    def __init__(self, consumer: Callable[[], Any]) -> None:
        self._consumer = consumer
        self._answered: dict[TP, tuple[int | None, float]] = {}
        """Stamp of the last answered fetch, and when it was first seen."""
        self._sought: dict[TP, int | None] = {}
        """Stamp of the last answered fetch when a partition was sought."""
        self._waiting: dict[TP, tuple[int, float]] = {}
        """Where a partition waits for the end of a transaction, and since when."""

    def on_seek(self, tp: TP) -> None:
        """Note that the partition is read from another offset from now on."""
        self._sought[tp], _ = self._last(tp)

    def is_answering(self, tp: TP) -> bool:
        """Whether Kafka has answered a fetch of this partition recently."""
        stamp, _ = self._last(tp)
        known, since_s = self._answered.get(tp, (NEVER, 0.0))
        if stamp != known:
            known, since_s = stamp, time.monotonic()
            self._answered[tp] = (known, since_s)
        return time.monotonic() - since_s < ANSWER_S_MAX

    def end(self, tp: TP) -> int | None:
        """The partition's end by the last fetch since it was sought; None before one."""
        stamp, end = self._last(tp)
        return None if stamp == self._sought.get(tp) else end

    def open_transactions(self, tps: Iterable[TP], now_s: float) -> dict[TP, float]:
        """For how many seconds partitions have waited for the end of one and the same transaction.

        To be called every second or so, with all partitions; those that do not wait are left out.
        """
        consumer, waiting = self._consumer(), dict[TP, tuple[int, float]]()
        for tp in tps:
            offset = open_transaction(consumer, TopicPartition(tp.topic, tp.partition))
            if offset is not None:
                known, since_s = self._waiting.get(tp, (NEVER, now_s))
                waiting[tp] = (offset, since_s if known == offset else now_s)
        self._waiting = waiting
        return {tp: now_s - since_s for tp, (_, since_s) in waiting.items()}

    def _last(self, tp: TP) -> tuple[int | None, int | None]:
        return last_fetch(self._consumer(), TopicPartition(tp.topic, tp.partition))
