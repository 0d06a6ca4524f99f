"""Publishes a task's figures: to the exporter, and as views in the store."""

from typing import Final

from stream.agents.partition_task import PartitionTask
from stream.agents.worker_services import WorkerServices
from stream.clock import monotonic_ms
from stream.failpoints import failpoint
from stream.figures.model import Figures
from stream.render.views import ViewWriter
from stream.store import keys
from stream.store.lease import Outcome
from stream.units import SECOND_MS

TICK_MS: Final = SECOND_MS
"""How often figures are refreshed while anything changes."""
BEHIND_TICK_MS: Final = 5 * SECOND_MS
"""How often with a backlog: nobody acts on the past, and it takes time from catching up."""
IDLE_TICK_MS: Final = 10 * SECOND_MS
"""How often while nothing changes: the write shows whether this worker still owns the task."""


class ViewPublisher:
    """Writes the views of one task, and removes views of teams and pools that no longer exist."""

    def __init__(self, task: PartitionTask) -> None:
        self._task = task
        self._writer = ViewWriter()
        self._stored: frozenset[str] = task.lease.views
        """Views in the store, including those of an earlier owner."""
        self._published_ms = 0
        self._published_mark: tuple[int, int] | None = None

    @property
    def _mark(self) -> tuple[int, int]:  # changes whenever figures may have changed
        return self._task.offset, self._task.shard.as_of_ms

    def is_due(self) -> bool:
        """Whether figures should be published now. Never while the task replays."""
        task = self._task
        if task.replaying or task.shard.as_of_ms <= 0:
            return False
        tick_ms = TICK_MS if task.clock.live or task.at_end else BEHIND_TICK_MS
        if self._published_mark == self._mark:
            tick_ms = IDLE_TICK_MS
        return monotonic_ms() - self._published_ms >= tick_ms

    async def publish(self, services: WorkerServices) -> Outcome:
        """Compute the figures once; hand them to the exporter, then write the views.

        Raises:
            ServiceError: the store is unavailable; the next call writes what is missing.
        """
        self._published_ms, mark = monotonic_ms(), self._mark
        figures = self._task.shard.figures()
        services.exporter.publish(self._task.origin.partition, figures)
        services.health.tick_seconds.observe((monotonic_ms() - self._published_ms) / 1_000)
        with failpoint("views"):
            outcome = await self._write(services, figures)
        self._published_mark = mark
        return outcome

    async def _write(self, services: WorkerServices, figures: Figures) -> Outcome:
        lease = self._task.lease
        fields_of, prefix = self._writer.views(figures), lease.shard.prefix
        views = {keys.view(view, prefix): fields for view, fields in fields_of.items()}
        outcome = await services.store.write_views(lease, figures.as_of_ms, views)
        gone = self._stored - views.keys()
        if gone and outcome.stored:
            outcome = await services.store.drop_views(lease, sorted(gone))
        self._stored = frozenset(views)
        return outcome
