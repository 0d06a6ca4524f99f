"""`/`: a plain page of links."""

import contextlib
import html
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from aiohttp import web

from stream.errors import ServiceError
from stream.http.api import API, HEADERS

routes: Final = web.RouteTableDef()


@routes.get("/")
async def front_page(request: web.Request) -> web.Response:
    """Links to health and metrics, and to the teams and pools of each floor."""
    floors: list[str] = []
    with contextlib.suppress(ServiceError):
        floors = sorted({floor for floor, _team in await request.app[API].reader.teams()})
    links = [(path, path) for path in ("/readyz", "/livez", "/metrics")]
    for floor in floors:
        path = f"/api/v1/floors/{quote(floor, safe='')}"
        links += [(f"{path}/teams", f"{floor}: teams"), (f"{path}/pools", f"{floor}: pools")]
    return web.Response(
        text=_page(links), content_type="text/html", charset="utf-8", headers=HEADERS
    )


def _page(links: Sequence[tuple[str, str]]) -> str:
    items = "\n".join(
        f'<li><a href="{html.escape(path)}">{html.escape(name)}</a></li>' for path, name in links
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Floorwatch</title>'
        f"</head><body>\n<h1>Floorwatch</h1>\n<ul>\n{items}\n</ul>\n</body></html>\n"
    )
