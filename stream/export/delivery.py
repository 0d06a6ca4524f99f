"""Notices on their way to webhooks: beside the pipeline, never in its way.

Each sink has its own line. What a sink does not take is kept and tried again, with growing
pauses, until it does; the steps of one alert go out one after the other. What nobody has taken yet
stands in the store's outbox as well, so nothing is lost with the process.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Self

import aiohttp

from stream.export.alerts import Notice
from stream.export.health import Health
from stream.export.webhook import PATIENCE, Line, Patience, WebhookSpec


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
        sinks: Sequence[WebhookSpec],
        health: Health,
        delivered: Callable[[str], None] = lambda _key: None,
        patience: Patience = PATIENCE,
    ) -> None:
        self._specs = tuple(sinks)
        self._health = health
        self._delivered = delivered
        self._patience = patience
        self._missing: dict[str, int] = {}
        self._lines: list[Line] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Begin to deliver."""
        self._session = aiohttp.ClientSession(headers={"User-Agent": "floorwatch"})
        self._lines = [
            Line(spec, self._session, self._health, self._patience, self._taken)
            for spec in self._specs
        ]
        self._tasks = [
            asyncio.create_task(line.work())
            for line in self._lines
            for _ in range(self._patience.at_once)
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
        if notice.key in self._missing:
            return True
        lines = [line for line in self._lines if line.spec.wants(notice)]
        if not lines:
            self._delivered(notice.key)
            return True
        if len(self._missing) >= self._patience.waiting:
            return False
        self._missing[notice.key] = len(lines)
        for line in lines:
            line.append(notice)
        return True

    def withdraw(self, keys: Collection[str]) -> None:
        """Deliver these no more, but those that are on their way: another worker has them now."""
        for line in self._lines:
            for notice in line.withdraw(keys):
                self._forget(notice)

    @property
    def waiting(self) -> int:
        """Notices that not every sink has taken."""
        return len(self._missing)

    async def drain(self, seconds: float) -> bool:
        """Wait until every notice is taken, so long at most; whether that is so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(line.empty.wait() for line in self._lines))
        return not self._missing

    def _taken(self, notice: Notice) -> None:
        if self._forget(notice):
            self._delivered(notice.key)

    def _forget(self, notice: Notice) -> bool:
        """One sink less is to have a notice; whether none is left."""
        self._missing[notice.key] -= 1
        if self._missing[notice.key]:
            return False
        del self._missing[notice.key]
        return True
