"""The worker's own metrics that nothing counts up in passing: looked up once in a while."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from stream.agents.task_runner import TaskRunner
from stream.agents.worker_services import WorkerServices
from stream.errors import FloorwatchError

log = logging.getLogger(__name__)

MEMORY_LOOK_S: Final = 15.0


class Vitals:
    """Keeps these metrics current.

    Args:
        outlets: what is looked at, and where the metrics are.
        topics: all that the worker reads or writes.
    """

    def __init__(self, services: WorkerServices, topics: Iterable[str]) -> None:
        self._services = services
        self._topics = tuple(topics)

    def look(self, tasks: Iterable[TaskRunner], missing: Iterable[str]) -> None:
        """Of lanes and topics; `missing`: topics that do not exist."""
        health, tasks = self._services.health, list(tasks)
        health.partitions.set(len(tasks))
        health.consumer_lag.set(sum(runner.task.lag for runner in tasks))
        down = {*missing, *self._services.publisher.refused_topics()}
        for topic in self._topics:
            health.topic_up.labels(topic).set(topic not in down)

    async def watch_memory(self) -> None:
        """Of the store's servers, for ever; the task is ended by cancelling it."""
        while True:
            try:
                await self._look_at_memory()
            except FloorwatchError as error:
                # Who writes says that the store is away, and ends where it must not be used.
                log.debug("the store does not tell its memory: %s", error)
            await asyncio.sleep(MEMORY_LOOK_S)

    async def _look_at_memory(self) -> None:
        health = self._services.health
        found = await self._services.store.memory()
        health.redis_memory.clear()
        health.redis_memory_max.clear()
        for one in found:
            health.redis_memory.labels(one.server).set(one.used_bytes)
            if one.max_bytes:
                health.redis_memory_max.labels(one.server).set(one.max_bytes)
