"""Notices on their way to people: beside the pipeline, never in its way.

Each sink has its own line. What a sink does not take is kept and tried again, with growing
pauses, until it does; the steps of one alert go out one after the other. What nobody has taken yet
stands in the store's outbox as well, so nothing is lost with the process.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp

from stream.notify.notice import Notice
from stream.notify.senders import sender_of
from stream.notify.sink import PATIENCE, Patience, SinkSpec
from stream.notify.sink_queue import SinkQueue
from stream.render.worker_metrics import Health


@dataclass(slots=True)
class _Delivery:
    """The way of one notice to its sinks."""

    sinks: int
    """So many have it still in their lines."""
    withdrawn: bool = False
    dropped: bool = False
    """A sink was not told, and will not be."""


class Dispatcher:
    """Hands notices to all sinks that want them.

    Args:
        sinks: the receivers.
        health: where deliveries are counted.
        delivered: called with a notice's key when every sink that wants it has taken it.
        patience: pauses and limits.
    """

    def __init__(
        self,
        sinks: Sequence[SinkSpec],
        health: Health,
        delivered: Callable[[str], None] = lambda _key: None,
        patience: Patience = PATIENCE,
    ) -> None:
        self._specs = tuple(sinks)
        self._health = health
        self._delivered = delivered
        self._patience = patience
        self._ways: dict[str, _Delivery] = {}
        self._lines: list[SinkQueue] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Begin to deliver."""
        self._session = aiohttp.ClientSession(headers={"User-Agent": "floorwatch"})
        senders = [sender_of(spec, self._session) for spec in self._specs]
        self._lines = [
            SinkQueue(sender, self._health, self._patience, self._taken, self._dropped)
            for sender in senders
        ]
        self._tasks = [
            asyncio.create_task(line.work())
            for line, sender in zip(self._lines, senders, strict=True)
            for _ in range(min(sender.at_once, self._patience.at_once))
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop at once; what was not taken is in the outbox still."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def offer(self, notice: Notice) -> bool:
        """Take a notice in. False: too many wait, or nothing is delivered now; offer it again.

        A notice that waits already is not taken twice.
        """
        if self._session is None:
            return False
        way = self._ways.get(notice.key)
        if way is not None:
            return not way.withdrawn
        lines = [line for line in self._lines if line.spec.wants(notice)]
        if not lines:
            self._delivered(notice.key)
            return True
        if len(self._ways) >= self._patience.waiting:
            return False
        self._ways[notice.key] = _Delivery(len(lines))
        for line in lines:
            line.append(notice)
        return True

    def withdraw(self, keys: Set[str]) -> None:
        """Deliver these no more: another worker has them now.

        What is being sent just now is tried no second time, and not taken in again before.
        """
        for key in keys & self._ways.keys():
            self._ways[key].withdrawn = True
        for line in self._lines:
            line.withdraw(keys)

    @property
    def waiting(self) -> int:
        """Notices that not every sink has taken."""
        return len(self._ways)

    async def drain(self, seconds: float) -> bool:
        """Wait until every notice is taken, so long at most; whether that is so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(line.empty.wait() for line in self._lines))
        return not self._ways

    def _taken(self, notice: Notice) -> None:
        """A sink has it."""
        self._settle(notice, self._ways[notice.key])

    def _dropped(self, notice: Notice) -> None:
        """A sink will not get it from here."""
        way = self._ways[notice.key]
        way.dropped = True
        self._settle(notice, way)

    def _settle(self, notice: Notice, way: _Delivery) -> None:
        way.sinks -= 1
        if way.sinks:
            return
        del self._ways[notice.key]
        if not way.dropped:
            self._delivered(notice.key)
