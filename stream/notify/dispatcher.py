"""Delivery of notices to sinks, beside the pipeline, which never waits for it.

Each sink has its own queue. A notice that a sink does not accept is retried, with growing pauses,
until the sink accepts it; the steps of one alert are sent one after the other. Undelivered notices
are in the store's outbox as well, so that none is lost with the process.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp

from stream.notify.bounded import new_session
from stream.notify.notice import Notice
from stream.notify.senders import sender_of
from stream.notify.sink import RETRY_POLICY, RetryPolicy, SinkSpec
from stream.notify.sink_queue import SinkQueue
from stream.render.worker_metrics import Health


@dataclass(slots=True)
class _Delivery:
    """The state of one notice."""

    sinks: int
    """How many sinks have not accepted it yet."""
    withdrawn: bool = False
    dropped: bool = False
    """A sink did not get it, and will not."""


class Dispatcher:
    """Delivers each notice to all sinks that want it.

    Args:
        sinks: the receivers.
        health: where deliveries are counted.
        delivered: called with a notice's key when every sink that wants it has accepted it.
        retry: pauses and limits.
    """

    def __init__(
        self,
        sinks: Sequence[SinkSpec],
        health: Health,
        delivered: Callable[[str], None] = lambda _key: None,
        retry: RetryPolicy = RETRY_POLICY,
    ) -> None:
        self._specs = tuple(sinks)
        self._health = health
        self._delivered = delivered
        self._retry = retry
        self._deliveries: dict[str, _Delivery] = {}
        self._queues: list[SinkQueue] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Start to deliver."""
        self._session = new_session()
        senders = [sender_of(spec, self._session) for spec in self._specs]
        self._queues = [
            SinkQueue(sender, self._health, self._retry, self._sink_accepted, self._sink_dropped)
            for sender in senders
        ]
        self._tasks = [
            asyncio.create_task(queue.work())
            for queue, sender in zip(self._queues, senders, strict=True)
            for _ in range(min(sender.concurrency, self._retry.concurrency))
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop at once; undelivered notices are still in the outbox."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def offer(self, notice: Notice) -> bool:
        """Accept a notice for delivery; a notice that is pending already is not queued twice.

        Returns False if too many are pending, or if the dispatcher is not running: offer it again.
        """
        if self._session is None:
            return False
        delivery = self._deliveries.get(notice.key)
        if delivery is not None:
            return not delivery.withdrawn
        queues = [queue for queue in self._queues if queue.spec.wants(notice)]
        if not queues:
            self._delivered(notice.key)
            return True
        if len(self._deliveries) >= self._retry.pending_max:
            return False
        self._deliveries[notice.key] = _Delivery(len(queues))
        for queue in queues:
            queue.append(notice)
        return True

    def withdraw(self, keys: Set[str]) -> None:
        """Stop to deliver these notices: another worker delivers them now.

        A notice that is being sent is not retried, and is not accepted again before it is settled.
        """
        for key in keys & self._deliveries.keys():
            self._deliveries[key].withdrawn = True
        for queue in self._queues:
            queue.withdraw(keys)

    @property
    def waiting(self) -> int:
        """How many notices not every sink has accepted yet."""
        return len(self._deliveries)

    async def drain(self, seconds: float) -> bool:
        """Wait at most so long until every notice is delivered; returns whether all are."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(queue.empty.wait() for queue in self._queues))
        return not self._deliveries

    def _sink_accepted(self, notice: Notice) -> None:
        self._settle(notice, self._deliveries[notice.key])

    def _sink_dropped(self, notice: Notice) -> None:
        """The sink will not get the notice from this worker."""
        delivery = self._deliveries[notice.key]
        delivery.dropped = True
        self._settle(notice, delivery)

    def _settle(self, notice: Notice, delivery: _Delivery) -> None:
        delivery.sinks -= 1
        if delivery.sinks:
            return
        del self._deliveries[notice.key]
        if not delivery.dropped:
            self._delivered(notice.key)
