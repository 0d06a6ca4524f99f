"""What the last fetch of each partition reported, even one without records."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiokafka.structs import TopicPartition
from faust.types import TP

from stream.agents.transport.unpacking import last_fetch, open_transaction

log = logging.getLogger(__name__)

NEVER: Final = -1
TRANSACTION_S_MAX: Final = 60.0
"""A transaction that stays open for longer is reported, once in this time."""
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
        self._log_at_s = float("-inf")

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

    def check_transactions(self, tps: Iterable[TP], now_s: float) -> None:
        """Note which of the partitions wait for the end of a transaction; called each second."""
        consumer, waiting = self._consumer(), dict[TP, tuple[int, float]]()
        for tp in tps:
            offset = open_transaction(consumer, TopicPartition(tp.topic, tp.partition))
            if offset is not None:
                known, since_s = self._waiting.get(tp, (NEVER, now_s))
                waiting[tp] = (offset, since_s if known == offset else now_s)
        self._waiting = waiting
        if now_s >= self._log_at_s and (found := self.open_transactions(now_s)):
            self._log_at_s = now_s + TRANSACTION_S_MAX
            log.warning("%s", "; ".join(found))

    def open_transactions(self, now_s: float) -> list[str]:
        """Which partitions wait for a transaction that has been open for long, as text."""
        return [
            f"partition {tp.partition}: a transaction has been open at offset {offset} for "
            f"{now_s - since_s:.0f} s; what follows it cannot be read"
            for tp, (offset, since_s) in sorted(self._waiting.items())
            if now_s - since_s >= TRANSACTION_S_MAX
        ]

    def _last(self, tp: TP) -> tuple[int | None, int | None]:
        return last_fetch(self._consumer(), TopicPartition(tp.topic, tp.partition))
