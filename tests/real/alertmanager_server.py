"""A real Alertmanager, alone or in a cluster, and what it holds."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from stream.cli.embedded import Program, free_port

_CONFIGURATION = """
route:
  receiver: floor
  group_by: [floor, pool, team]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: floor
    webhook_configs:
      - url: {url}
        send_resolved: true
"""


@dataclass
class Pager:
    """The webhook that Alertmanager notifies."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    url: str = ""

    async def receive(self, request: web.Request) -> web.Response:
        document = await request.json()
        async with self.news:
            self.seen.append(document)
            self.news.notify_all()
        return web.Response()

    async def until(self, condition: Callable[[], bool], seconds: float = 15.0) -> None:
        async with asyncio.timeout(seconds), self.news:
            await self.news.wait_for(condition)

    @property
    def notified(self) -> list[tuple[str, str]]:
        """Status and team of each alert in each notification."""
        return [
            (alert["status"], alert["labels"]["team"])
            for document in self.seen
            for alert in document["alerts"]
        ]


@asynccontextmanager
async def paging() -> AsyncIterator[Pager]:
    pager = Pager()
    app = web.Application()
    app.add_routes([web.post("/", pager.receive)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pager.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield pager
    finally:
        await runner.cleanup()


class AlertmanagerServer(Program):
    """Alertmanager with an empty store of its own, which notifies one webhook."""

    def __init__(
        self,
        executable: Path,
        directory: Path,
        url: str,
        peers: Sequence["AlertmanagerServer"] = (),
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        configuration = directory / "alertmanager.yml"
        configuration.write_text(_CONFIGURATION.format(url=url))
        port, self.gossip = free_port(), free_port()
        command = (
            str(executable),
            f"--config.file={configuration}",
            f"--storage.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--cluster.listen-address=127.0.0.1:{self.gossip}",
            *(f"--cluster.peer=127.0.0.1:{peer.gossip}" for peer in peers),
            "--cluster.peer-timeout=1s",
            "--log.level=warn",
        )
        super().__init__("alertmanager", command, port, directory)

    @property
    def url(self) -> str:
        """As the configuration has it."""
        return f"http://{self.address}"

    async def alerts(self) -> list[dict[str, Any]]:
        """All that it holds; none while it does not answer."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.url}/api/v2/alerts") as response,
            ):
                return list(await response.json()) if response.status == 200 else []
        except aiohttp.ClientError:
            return []

    async def until(
        self, condition: Callable[[list[dict[str, Any]]], bool], seconds: float = 20.0
    ) -> list[dict[str, Any]]:
        """The first state for which this holds; polled, as nothing else signals it."""
        async with asyncio.timeout(seconds):
            while not condition(alerts := await self.alerts()):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.05)
        return alerts
