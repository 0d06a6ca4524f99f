"""HTTP receiver of the worker's pages."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from stream.clock import wall_ms


@dataclass(frozen=True, slots=True)
class Page:
    """A notice, and when it arrived."""

    received_ms: int
    notice: dict[str, Any]

    @property
    def is_page(self) -> bool:
        """Whether it asks somebody to act now."""
        return (self.notice["severity"], self.notice["status"]) == ("page", "firing")


@dataclass(slots=True)
class PageReceiver:
    """Receives notices by POST; repeats (same key) count once."""

    received: list[Page] = field(default_factory=list)
    url: str = ""
    on_page: Callable[[Page], None] = field(default=lambda _page: None)
    _keys: set[str] = field(default_factory=set)

    async def receive(self, request: web.Request) -> web.Response:
        """Accept a notice."""
        notice = orjson.loads(await request.read())
        if notice["key"] not in self._keys:
            self._keys.add(notice["key"])
            self.received.append(Page(wall_ms(), notice))
            self.on_page(self.received[-1])
        return web.Response(status=204)


@asynccontextmanager
async def listening() -> AsyncIterator[PageReceiver]:
    """A receiver on a free loopback port, for the length of the block."""
    sink = PageReceiver()
    app = web.Application()
    app.add_routes([web.post("/alerts", sink.receive)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sink.url = f"http://127.0.0.1:{runner.addresses[0][1]}/alerts"
        yield sink
    finally:
        await runner.cleanup()
