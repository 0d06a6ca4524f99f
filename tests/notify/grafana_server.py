"""As much of Grafana's HTTP API as is used, from its documents: boards, folders, annotations.

It keeps versions as Grafana does: a board pushed with another version than the stored one is
rejected with 412.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "glsa_token"


@dataclass
class Grafana:
    """Its state; requests are answered in a thread of their own."""

    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    in_folder: dict[str, str] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    forbidden: bool = False
    failing: int = 0
    delay_s: float = 0.0
    moved: bool = False
    """It sends everybody to another address, as a proxy does from http to https."""
    other: tuple[int, str] | None = None
    """It is no Grafana at all: the status and the text of every answer."""
    meanwhile: str = ""
    """A board that somebody else saves just before the next push."""
    url: str = ""

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET"]

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        if self.moved and "moved" not in request.query:
            return web.Response(status=301, headers={"Location": f"{request.path}?moved"})
        await asyncio.sleep(self.delay_s)
        if self.other is not None:
            return web.Response(status=self.other[0], text=self.other[1])
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Invalid API key"}, status=401)
        if self.failing:
            return web.json_response({"message": "boom"}, status=self.failing)
        if self.forbidden and request.method == "POST":
            return web.json_response({"message": "Permission denied"}, status=403)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def read(self, request: web.Request) -> web.Response:
        uid = request.match_info["uid"]
        if uid not in self.boards:
            return web.json_response({"message": "Dashboard not found"}, status=404)
        meta = {"folderUid": self.in_folder[uid], "slug": uid}
        return web.json_response({"dashboard": self.boards[uid], "meta": meta})

    async def save(self, request: web.Request) -> web.Response:
        body = await request.json()
        board, folder = body["dashboard"], body.get("folderUid", "")
        if self.meanwhile in self.boards:
            self.boards[self.meanwhile]["version"] += 1
            self.meanwhile = ""
        if folder and folder not in self.folders:
            return web.json_response({"message": "folder not found"}, status=400)
        if not board.get("title"):
            return web.json_response({"message": "Dashboard title cannot be empty"}, status=400)
        there = self.boards.get(board["uid"])
        if there is not None and not body["overwrite"] and there["version"] != board["version"]:
            answer = {"status": "version-mismatch", "message": "changed by someone else"}
            return web.json_response(answer, status=412)
        version = (there["version"] if there else 0) + 1
        number = there["id"] if there else len(self.boards) + 1
        self.boards[board["uid"]] = {**board, "id": number, "version": version}
        self.in_folder[board["uid"]] = folder
        return web.json_response({"status": "success", "uid": board["uid"], "version": version})

    async def read_folder(self, request: web.Request) -> web.Response:
        uid = request.match_info["uid"]
        if uid not in self.folders:
            return web.json_response({"message": "folder not found"}, status=404)
        return web.json_response({"uid": uid, "title": self.folders[uid]})

    async def make_folder(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["uid"] in self.folders or body["title"] in self.folders.values():
            return web.json_response({"message": "the folder is there"}, status=412)
        self.folders[body["uid"]] = body["title"]
        return web.json_response({"uid": body["uid"], "title": body["title"]})

    async def annotate(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not body.get("text"):
            return web.json_response({"message": "text field should not be empty"}, status=400)
        self.annotations.append(body)
        return web.json_response({"message": "Annotation added", "id": len(self.annotations)})

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.guard])
        app.add_routes(
            [
                web.get("/grafana/api/dashboards/uid/{uid}", self.read),
                web.post("/grafana/api/dashboards/db", self.save),
                web.post("/grafana/api/folders", self.make_folder),
                web.get("/grafana/api/folders/{uid}", self.read_folder),
                web.post("/grafana/api/annotations", self.annotate),
            ]
        )
        return app


@contextmanager
def grafana() -> Iterator[Grafana]:
    """A Grafana under a path, on a free port of the loopback interface."""
    server, loop, ready = Grafana(), asyncio.new_event_loop(), threading.Event()
    runner = web.AppRunner(server.app())

    async def serve() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/grafana"
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        time.sleep(0)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
