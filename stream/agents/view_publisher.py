"""Publishes a task's figures: to the exporter, and as views in the store."""

from collections.abc import Mapping
from typing import Final

from stream.agents.partition_task import PartitionTask
from stream.agents.worker_services import WorkerServices
from stream.clock import monotonic_ms
from stream.failpoints import failpoint
from stream.render.views import ViewWriter
from stream.store import keys
from stream.store.lease import Outcome
from stream.units import SECOND_MS

TICK_MS: Final = SECOND_MS
"""How often figures are refreshed while anything changes."""
BEHIND_TICK_MS: Final = 5 * SECOND_MS
"""How often with a backlog: nobody acts on the past, and it takes time from catching up."""
BEHIND_TICK_MS_MAX: Final = 30 * SECOND_MS
"""How often at least, however many teams there are."""
BEHIND_PARTS: Final = 20
"""In between, the figures and views of all tasks take one part in so many of the time."""
IDLE_TICK_MS: Final = 10 * SECOND_MS
"""How often while nothing changes: the write shows whether this worker still owns the task."""


def behind_tick_ms(took_ms: int, task_count: int) -> int:
    """How often to publish with a backlog, when the last figures of a task took so long."""
    fair_ms = BEHIND_PARTS * task_count * took_ms
    return min(max(BEHIND_TICK_MS, fair_ms), BEHIND_TICK_MS_MAX)


class ViewPublisher:
    """Writes the views of one task, and removes views of teams and pools that no longer exist."""

    def __init__(self, task: PartitionTask) -> None:
        self._task = task
        self._writer = ViewWriter()
        self._stored: frozenset[str] = task.lease.views
        """Views in the store, including those of an earlier owner."""
        self._published_ms = 0
        self._published_mark: tuple[int, int] | None = None
        self._took_ms = 0
        """How long the last figures and views took to compute."""

    @property
    def _mark(self) -> tuple[int, int]:  # changes whenever figures may have changed
        return self._task.offset, self._task.shard.as_of_ms

    def is_due(self) -> bool:
        """Whether figures should be published now. Never while the task replays."""
        task = self._task
        if task.replaying or task.shard.as_of_ms <= 0:
            return False
        tick_ms = TICK_MS if task.clock.live or task.at_end else self._behind_tick_ms()
        if self._published_mark == self._mark:
            tick_ms = IDLE_TICK_MS
        return monotonic_ms() - self._published_ms >= tick_ms

    def _behind_tick_ms(self) -> int:
        return behind_tick_ms(self._took_ms, self._task.task_count)

    async def publish(self, services: WorkerServices) -> Outcome:
        """Compute the figures once; hand them to the exporter, then write the views.

        Raises:
            ServiceError: the store is unavailable; the next call writes what is missing.
        """
        self._published_ms, mark = monotonic_ms(), self._mark
        figures = self._task.shard.figures()
        services.exporter.publish(self._task.origin.partition, figures)
        services.health.tick_seconds.observe((monotonic_ms() - self._published_ms) / 1_000)
        prefix, fields_of = self._task.lease.shard.prefix, self._writer.views(figures)
        views = {keys.view(view, prefix): fields for view, fields in fields_of.items()}
        self._took_ms = monotonic_ms() - self._published_ms
        with failpoint("views"):
            outcome = await self._write(services, figures.as_of_ms, views)
        self._published_mark = mark
        return outcome

    async def _write(
        self, services: WorkerServices, as_of_ms: int, views: Mapping[str, Mapping[str, str]]
    ) -> Outcome:
        lease = self._task.lease
        outcome = await services.store.write_views(lease, as_of_ms, views)
        gone = self._stored - views.keys()
        if gone and outcome.stored:
            outcome = await services.store.drop_views(lease, sorted(gone))
        self._stored = frozenset(views)
        return outcome
