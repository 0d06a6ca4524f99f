"""The consumer's thread, and aiokafka's consumer in it.

Touches Faust's private interface, as batch_consumer.py does.
"""

# ruff: noqa: SLF001 - the private interface of faust and aiokafka is this file's business

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiokafka.errors import KafkaConnectionError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from stream.kafka.clients import new_consumer

log = logging.getLogger(__name__)

RETRY_S: Final = 2.0
STOPPING_CHECK_S: Final = 0.1
FETCH_WAIT_MS: Final = 100
"""How long Kafka holds back the answer to a fetch that brings less than `FETCH_BYTES_MIN`.

A node answers one fetch at a time: one for idle partitions holds up a busy one for so long.
"""
FETCH_BYTES_MIN: Final = 64 * 2**10
"""About 400 records: with a backlog there are more at once. A fetch for each few live records costs
far more than the records."""


class RetryingConsumerThread(driver.AIOKafkaConsumerThread):
    """Waits for a broker that is not available yet, instead of crashing."""

    def _create_worker_consumer(self, transport: Any) -> Any:  # noqa: ANN401 - aiokafka's
        """Make the consumer from the app's settings.

        Faust's own fixes the wait of a fetch at 1.5 s, reads what is not committed, and knows of a
        new topic after five minutes.
        """
        conf, self._assignor = self.app.conf, self.app.assignor
        addresses = driver.server_list(transport.url, transport.default_port)
        return new_consumer(
            ",".join(addresses),
            group_id=conf.id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset=conf.consumer_auto_offset_reset,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            fetch_min_bytes=FETCH_BYTES_MIN,
            check_crcs=conf.broker_check_crcs,
            max_poll_interval_ms=round(1_000 * (conf.broker_max_poll_interval or 0)),
            request_timeout_ms=round(1_000 * conf.broker_request_timeout),
            session_timeout_ms=round(1_000 * conf.broker_session_timeout),
            rebalance_timeout_ms=round(1_000 * conf.broker_rebalance_timeout),
            heartbeat_interval_ms=round(1_000 * conf.broker_heartbeat_interval),
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
        )

    async def on_start(self) -> None:
        """Start the consumer, as soon as a broker answers."""
        while not self.should_stop:
            try:
                await super().on_start()
            except KafkaConnectionError:
                log.warning("Kafka is unavailable (%s): waiting", self.app.conf.broker[0])
                await self._give_up_consumer()
                await self.sleep(RETRY_S)
            else:
                return

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let the main loop release partitions; while stopping, they are released already."""
        await unless(lambda: self.should_stop, super().on_partitions_revoked(revoked))

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Let the main loop acquire partitions, unless the worker is stopping."""
        call = super().on_partitions_assigned(assigned, generation_id)
        await unless(lambda: self.should_stop, call)

    def _stopped_set(self) -> None:
        """Mark the thread as stopped, also if it has crashed, and closed its loop, just before.

        mode's own asks the thread's loop to do it, without looking whether it is open:
        https://github.com/faust-streaming/mode/blob/0.7.1/mode/threads.py#L227
        """
        try:
            super()._stopped_set()
        except RuntimeError:
            if not self.thread_loop.is_closed():
                raise
            self._stopped.set()

    async def _give_up_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def on_thread_stop(self) -> None:
        """Stop the consumer, also while Kafka is unavailable.

        Then aiokafka's fetcher is cancelled in a pause and lets that escape; what would have come
        after it, leaving the group, needs Kafka anyway.
        """
        consumer = self._consumer
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            if consumer is not None:
                await consumer._client.close()


async def unless(is_stopping: Callable[[], bool], call: Coroutine[Any, Any, None]) -> None:
    """Await a call to the main loop, but no longer than until this thread is to stop.

    A thread that stops executes no calls any more. The main loop's part of a rebalance makes such
    calls, and waits for their results, so it never answers if the worker stops meanwhile; and
    aiokafka's consumer does not stop before its listener has returned.
    """
    task = asyncio.ensure_future(call)
    while not task.done():
        if is_stopping():
            task.cancel()
            await asyncio.wait([task])
            return
        await asyncio.wait([task], timeout=STOPPING_CHECK_S)
    task.result()
