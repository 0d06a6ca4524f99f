"""HTTP: health, metrics, and the teams' figures. Handlers of aiohttp, under no framework.

Teams are read from the store's views, so any worker answers for all floors.
"""

import contextlib
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

import orjson
from aiohttp import web

from stream.errors import ServiceError
from stream.http.documents import team_document
from stream.render.exposition import CONTENT_TYPE, Exporter

_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Reader(Protocol):
    """Where the views are read; both may raise ServiceError."""

    async def teams(self) -> Sequence[tuple[str, str]]:
        """(floor, team) of all teams that have a view."""

    async def team_views(
        self, teams: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """Fields of those views that exist, by (floor, team)."""


@dataclass(frozen=True, slots=True)
class Api:
    """What the worker shows by HTTP."""

    exporter: Exporter
    reader: Reader
    now_ms: Callable[[], int | None]
    """The live clock; None while figures follow the events' clock."""
    not_alive: Callable[[], Sequence[str]]
    """Why the process should be ended and started anew; empty: it lives."""
    not_ready: Callable[[], Sequence[str]]
    """Why it does not do its work now; empty: it is ready."""

    def routes(self) -> list[web.RouteDef]:
        """All routes, to be added to an `aiohttp.web.Application`."""
        # An id may hold braces, which aiohttp's own pattern of a name leaves out.
        floors = "/api/v1/floors/{floor:[^/]+}"
        return [
            web.get("/", self.index),
            web.get("/livez", self.livez),
            web.get("/readyz", self.readyz),
            web.get("/metrics", self.metrics),
            web.get(f"{floors}/teams", _guarded(self.floor_teams)),
            web.get(f"{floors}/teams/{{team:[^/]+}}", _guarded(self.floor_team)),
        ]

    async def livez(self, _request: web.Request) -> web.Response:
        """200 while the process makes progress, else 503; the reasons in JSON."""
        reasons = list(self.not_alive())
        return _json({"alive": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def readyz(self, _request: web.Request) -> web.Response:
        """200 while the worker does its work, else 503; the reasons in JSON."""
        reasons = list(self.not_ready())
        return _json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def metrics(self, request: web.Request) -> web.Response:
        """The exposition text for Prometheus, in gzip for those who take it."""
        headers = {**_HEADERS, "Content-Type": CONTENT_TYPE, "Vary": "Accept-Encoding"}
        if not _takes_gzip(request):
            return web.Response(body=await self.exporter.text(), headers=headers)
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=await self.exporter.gzipped(), headers=headers)

    async def floor_teams(self, request: web.Request) -> web.Response:
        """All teams of a floor, by name."""
        floor = request.match_info["floor"]
        teams = sorted(one for one in await self.reader.teams() if one[0] == floor)
        if not teams:
            return _missing("unknown_floor", f"no team of floor '{floor}' is known")
        views = await self.reader.team_views(teams)
        now_ms = self.now_ms()
        documents = [team_document(*one, views[one], now_ms) for one in teams if one in views]
        return _json({"floor": floor, "teams": documents})

    async def floor_team(self, request: web.Request) -> web.Response:
        """One team."""
        one = (request.match_info["floor"], request.match_info["team"])
        view = (await self.reader.team_views([one])).get(one)
        if view is None:
            return _missing("unknown_team", f"floor '{one[0]}' has no team '{one[1]}'")
        return _json(team_document(*one, view, self.now_ms()))

    async def index(self, _request: web.Request) -> web.Response:
        """A plain page of links."""
        floors: list[str] = []
        with contextlib.suppress(ServiceError):
            floors = sorted({floor for floor, _team in await self.reader.teams()})
        links = [(path, path) for path in ("/readyz", "/livez", "/metrics")]
        links += [(f"/api/v1/floors/{quote(floor, safe='')}/teams", floor) for floor in floors]
        return web.Response(
            text=_page(links), content_type="text/html", charset="utf-8", headers=_HEADERS
        )


@contextlib.asynccontextmanager
async def serving(api: Api, host: str, port: int) -> AsyncIterator[int]:
    """Serve on this address within the block; gives the port, which is chosen where 0 is asked.

    Raises:
        OSError: the address is not free.
    """
    app = web.Application()
    app.add_routes(api.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


_Handler = Callable[[web.Request], Awaitable[web.Response]]


def _guarded(handler: _Handler) -> _Handler:
    """A store that is away is an answer, not an error of ours."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ServiceError as error:
            return _error(503, "store_away", str(error))

    return answer


def _json(value: Mapping[str, Any], status: int = 200) -> web.Response:
    headers = {**_HEADERS, "Content-Type": "application/json"}
    return web.Response(body=orjson.dumps(value), status=status, headers=headers)


def _takes_gzip(request: web.Request) -> bool:
    """Whether `Accept-Encoding` names gzip with a weight above 0 (RFC 9110, 12.5.3)."""
    for part in request.headers.get("Accept-Encoding", "").split(","):
        coding, _, weight = part.partition(";")
        if coding.strip().lower() in {"gzip", "x-gzip"}:
            return re.fullmatch(r"\s*q=0(\.0*)?\s*", weight) is None
    return False


def _missing(code: str, message: str) -> web.Response:
    return _error(404, code, message)


def _error(status: int, code: str, message: str) -> web.Response:
    return _json({"error": {"code": code, "message": message}}, status)


def _page(links: Sequence[tuple[str, str]]) -> str:
    items = "\n".join(
        f'<li><a href="{html.escape(path)}">{html.escape(name)}</a></li>' for path, name in links
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Floorwatch</title>'
        f"</head><body>\n<h1>Floorwatch</h1>\n<ul>\n{items}\n</ul>\n</body></html>\n"
    )
