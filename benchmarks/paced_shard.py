"""A shard that keeps pace, and its writes to a real Redis, second after second of event time.

What came in is pushed and judged, committed, and shown, as a worker does it; now and then a
snapshot is saved.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from crowd import Crowd, hold

from stream.agents.partition_task import TaskLimits
from stream.events.batch import EventBatch
from stream.render.views import field_formats, views_of
from stream.shard import Shard
from stream.store import keys
from stream.store.keys import ShardKey
from stream.store.lease import Lease
from stream.store.options import StoreOptions
from stream.store.protocol import Commit, Snapshot
from stream.store.redis import RedisStore
from stream.units import SECOND_MS
from stream.windows.snapshot import FORMAT

KINDS = ("commits", "snapshots", "views")
PARTITIONS = 8


@dataclass(frozen=True, slots=True)
class Times:
    """How much time passes."""

    warm_ms: int
    """Before, without any writes."""
    seconds: int
    """Live."""
    snapshot_s: int = TaskLimits().snapshot_ms // SECOND_MS


async def live(
    crowd: Crowd, url: str, times: Times, wrote: Callable[[str], None]
) -> AsyncIterator[EventBatch]:
    """Let time pass for a crowd; tells each live second's events.

    Args:
        crowd: whose events.
        url: of the Redis.
        times: how much passes.
        wrote: called with the kind of each write when it is done, and once with "" when the first
            of each are there, which are whole.
    """
    warm_ms = times.warm_ms
    shard = hold(crowd, warm_ms)
    options = StoreOptions(view_fields=field_formats(shard.figures()))
    async with RedisStore(url, options) as store:
        writer = _Writer(shard, store, await store.acquire(ShardKey("live", 0)), wrote)
        end_ms = warm_ms + times.seconds * SECOND_MS
        await writer.begin()
        for second, batch in enumerate(crowd.slices(warm_ms, end_ms), 1):
            shard.push(batch)
            await writer.second(int(batch.ts_ms[-1]))
            if second % times.snapshot_s == 0:
                await writer.save()
            yield batch


class _Writer:
    def __init__(
        self, shard: Shard, store: RedisStore, lease: Lease, wrote: Callable[[str], None]
    ) -> None:
        self._shard, self._store, self._lease = shard, store, lease
        self._wrote = wrote
        self._seconds = 0

    async def begin(self) -> None:
        """The first of all."""
        await self.second(self._shard.watermark_ms)
        await self.save()
        self._wrote("")

    async def second(self, as_of_ms: int) -> None:
        """Judge, commit and show."""
        self._shard.step(as_of_ms)
        self._seconds += 1
        await self._commit()
        self._wrote("commits")
        await self._show()
        self._wrote("views")

    async def _commit(self) -> None:
        commit = Commit(self._shard.control_state(), self._seconds, self._shard.as_of_ms)
        await self._store.commit(self._lease, commit)

    async def _show(self) -> None:
        figures = self._shard.figures()
        views = {keys.view(view): fields for view, fields in views_of(figures).items()}
        await self._store.write_views(self._lease, figures.as_of_ms, views)

    async def save(self) -> None:
        """Save a snapshot."""
        parts, as_of_ms = self._shard.snapshot(), self._shard.as_of_ms
        snapshot = Snapshot(parts.changed, parts.names, self._seconds, as_of_ms, FORMAT, PARTITIONS)
        await self._store.save(self._lease, snapshot)
        self._wrote("snapshots")
