"""What the last fetch of each partition reported, even one without records."""

import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka.structs import TopicPartition
from faust.types import TP

from stream.agents.transport.record_columns import last_fetch

NEVER: Final = -1
ANSWER_S_MAX: Final = 5.0
"""Kafka answers an idle fetch after 1.5 s."""


class FetchMonitor:
    """Whether Kafka answers, and where partitions end; `consumer` returns aiokafka's, or None."""

    def __init__(self, consumer: Callable[[], Any]) -> None:
        self._consumer = consumer
        self._answered: dict[TP, tuple[int | None, float]] = {}
        """Stamp of the last answered fetch, and when it was first seen."""
        self._sought: dict[TP, int | None] = {}
        """Stamp of the last answered fetch when a partition was sought."""

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

    def _last(self, tp: TP) -> tuple[int | None, int | None]:
        return last_fetch(self._consumer(), TopicPartition(tp.topic, tp.partition))
