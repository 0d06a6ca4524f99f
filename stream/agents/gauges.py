"""Worker metrics that no event updates: read at intervals."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from stream.agents.task_runner import TaskRunner
from stream.agents.worker_services import WorkerServices
from stream.errors import FloorwatchError, StateError

log = logging.getLogger(__name__)

MEMORY_POLL_S: Final = 15.0


class WorkerGauges:
    """Keeps these metrics current.

    Args:
        services: what is read, and where the metrics are.
        topics: all topics that the worker reads or writes.
    """

    def __init__(self, services: WorkerServices, topics: Iterable[str]) -> None:
        self._services = services
        self._topics = tuple(topics)

    def update(self, tasks: Iterable[TaskRunner], down: Iterable[str]) -> None:
        """Update the gauges of tasks and topics; `down`: topics that cannot be used."""
        health, tasks = self._services.health, list(tasks)
        health.partitions.set(len(tasks))
        health.events_held.set(sum(runner.task.shard.held for runner in tasks))
        health.consumer_lag.set(sum(runner.task.lag for runner in tasks))
        state = self._services.store_state
        health.redis_damaged.set(len(state.damaged.keys() | state.unsaved.keys()))
        health.redis_unfit.set(bool(state.unfit))
        down = {*down, *self._services.publisher.refused_topics()}
        for topic in self._topics:
            health.topic_up.labels(topic).set(topic not in down)

    async def poll_memory(self) -> None:
        """Poll memory and settings of the store's servers until cancelled."""
        while True:
            try:
                await self._poll_memory()
            except StateError as error:
                self._services.store_state.set_unfit([str(error)])
            except FloorwatchError as error:
                # Writers report that the store is unavailable, and stop where it must not be used.
                log.debug("the store's memory is unknown: %s", error)
            await asyncio.sleep(MEMORY_POLL_S)

    async def _poll_memory(self) -> None:
        health = self._services.health
        servers = await self._services.store.memory()
        self._services.store_state.set_unfit([one.unfit for one in servers if one.unfit])
        health.redis_memory.clear()
        health.redis_memory_max.clear()
        for server in servers:
            health.redis_memory.labels(server.server).set(server.used_bytes)
            if server.max_bytes:
                health.redis_memory_max.labels(server.server).set(server.max_bytes)
