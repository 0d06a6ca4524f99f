"""Publishes a task's figures: to the exporter, and as views in the store."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from stream.agents.partition_task import QUIET_TICKS, PartitionTask
from stream.agents.worker_services import WorkerServices
from stream.clock import monotonic_ms
from stream.failpoints import failpoint
from stream.render.views import views_of
from stream.store import keys
from stream.store.lease import Outcome
from stream.store.protocol import Fields
from stream.units import SECOND_MS

BEHIND_TICKS: Final = 5
"""Seconds between two refreshes with a backlog: nobody acts on the past, and it takes time from
catching up."""
BEHIND_TICKS_MAX: Final = 30
"""Seconds at most, however many teams there are."""
BEHIND_PARTS: Final = 20
"""In between, the figures and views of all tasks take one part in so many of the time."""
IDLE_TICKS: Final = 10
"""Seconds while time stands still: the write shows whether this worker still owns the task."""


class _Mark(NamedTuple):
    """What figures depend on."""

    changes: int
    offset: int
    as_of_ms: int
    live: bool


def behind_ticks(took_ms: int, task_count: int) -> int:
    """Seconds between two refreshes with a backlog, when a task's last figures took so long."""
    fair_ms = BEHIND_PARTS * task_count * took_ms
    return min(max(BEHIND_TICKS, -(-fair_ms // SECOND_MS)), BEHIND_TICKS_MAX)


class ViewPublisher:
    """Writes the views of one task, and removes views of teams and pools that no longer exist."""

    def __init__(self, task: PartitionTask) -> None:
        self._task = task
        self._stored: frozenset[str] = task.lease.views
        """Views in the store, including those of an earlier owner."""
        self._published_tick = -IDLE_TICKS
        self._published: _Mark | None = None
        self._took_ms = 0
        """How long the last figures and views took to compute."""

    def _mark(self, now_ms: int) -> _Mark:
        task = self._task
        as_of_ms = task.clock.as_of_ms(task.shard.watermark_ms, now_ms)
        return _Mark(task.changes, task.offset, as_of_ms, task.clock.live)

    def is_due(self, tick: int, now_ms: int) -> bool:
        """Whether to publish figures at this tick. Never while the task replays."""
        task, published, mark = self._task, self._published, self._mark(now_ms)
        if task.replaying or mark.as_of_ms <= 0:
            return False
        up_to_date = task.clock.live or task.at_end
        ticks = 1 if up_to_date else behind_ticks(self._took_ms, task.task_count)
        if mark == published:
            ticks = IDLE_TICKS
        elif published and published.live and mark.live and self._is_quiet(published, mark):
            ticks = QUIET_TICKS
        return tick - self._published_tick >= ticks

    def _is_quiet(self, published: _Mark, mark: _Mark) -> bool:
        """Whether nothing but heartbeats came since figures were published."""
        # Before its first record a new owner's as_of lags: its views must not age beside that.
        return self._task.records > 0 and published.changes == mark.changes

    async def publish(self, services: WorkerServices, tick: int) -> Outcome:
        """Compute the figures once; hand them to the exporter, then write the views.

        Raises:
            ServiceError: the store is unavailable; the next call writes what is missing.
        """
        start_ms = monotonic_ms()
        self._published_tick, mark = tick, self._mark(start_ms)
        figures = self._task.shard.figures()
        services.exporter.publish(self._task.origin.partition, figures)
        services.health.tick_seconds.observe((monotonic_ms() - start_ms) / 1_000)
        prefix, fields_of = self._task.lease.shard.prefix, views_of(figures)
        views = {keys.view(view, prefix): fields for view, fields in fields_of.items()}
        self._took_ms = monotonic_ms() - start_ms
        with failpoint("views"):
            outcome = await self._write(services, figures.as_of_ms, views)
        self._published = mark
        return outcome

    async def _write(
        self, services: WorkerServices, as_of_ms: int, views: Mapping[str, Fields]
    ) -> Outcome:
        lease = self._task.lease
        outcome = await services.store.write_views(lease, as_of_ms, views)
        gone = self._stored - views.keys()
        if gone and outcome.stored:
            outcome = await services.store.drop_views(lease, sorted(gone))
        self._stored = frozenset(views)
        return outcome
