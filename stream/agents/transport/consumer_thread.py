"""The consumer's thread. Touches Faust's private interface, as batch_consumer.py does."""

# ruff: noqa: SLF001 - the private interface of faust and aiokafka is this file's business

import asyncio
import logging
from typing import Final

from aiokafka.errors import KafkaConnectionError
from faust.transport.drivers import aiokafka as driver

log = logging.getLogger(__name__)

RETRY_S: Final = 2.0


class RetryingConsumerThread(driver.AIOKafkaConsumerThread):
    """Waits for a broker that is not available yet, instead of crashing."""

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
