"""An HTTP server that receives notices, and answers as a test sets it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web


@dataclass(frozen=True)
class Received:
    key: str
    content_type: str
    document: dict[str, Any]
    status: int


def accept(_key: str) -> int:
    return 204


@dataclass
class Receiver:
    """`answer` gives the status by the notice's key; `gate` closed: no answer at all."""

    answer: Callable[[str], int] = accept
    seen: list[Received] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    open_requests: int = 0
    most_open_requests: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts?token=secret"

    @property
    def taken(self) -> list[str]:
        return [one.key for one in self.seen if one.status < 300]

    def keys_of(self, status: int) -> list[str]:
        return [one.key for one in self.seen if one.status == status]

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/alerts", self._receive)
        app.router.add_post("/elsewhere", self._receive)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        await self.runner.cleanup()

    async def __aenter__(self) -> Self:
        self.gate.set()
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gate.set()
        await self.stop()

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)

    async def _receive(self, request: web.Request) -> web.Response:
        self.open_requests += 1
        self.most_open_requests = max(self.most_open_requests, self.open_requests)
        await self._notify()
        try:
            key = request.headers["Idempotency-Key"]
            status = self.answer(key)
            document = orjson.loads(await request.read())
            await self.gate.wait()
            self.seen.append(Received(key, request.content_type, document, status))
        finally:
            self.open_requests -= 1
        await self._notify()
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


def in_turn(*statuses: int) -> Callable[[str], int]:
    """These answers first, then 204 for ever."""
    answers: Iterator[int] = iter(statuses)
    return lambda _key: next(answers, 204)
