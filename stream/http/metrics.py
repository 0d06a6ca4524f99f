"""`/metrics`: the text that Prometheus scrapes."""

import re
from typing import Final

from aiohttp import web

from stream.http.api import API, HEADERS
from stream.render.exposition import CONTENT_TYPE

routes: Final = web.RouteTableDef()


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """The exposition text, compressed with gzip for clients that accept it."""
    exporter = request.app[API].exporter
    headers = {**HEADERS, "Content-Type": CONTENT_TYPE, "Vary": "Accept-Encoding"}
    if not _accepts_gzip(request):
        return web.Response(body=await exporter.text(), headers=headers)
    headers["Content-Encoding"] = "gzip"
    return web.Response(body=await exporter.gzipped(), headers=headers)


def _accepts_gzip(request: web.Request) -> bool:
    """Whether `Accept-Encoding` names gzip with a weight above 0 (RFC 9110, 12.5.3)."""
    for part in request.headers.get("Accept-Encoding", "").split(","):
        coding, _, weight = part.partition(";")
        if coding.strip().lower() in {"gzip", "x-gzip"}:
            return re.fullmatch(r"\s*q=0(\.0*)?\s*", weight) is None
    return False
