"""`/livez` and `/readyz`: whether the process is alive, and whether it does its work."""

from typing import Final

from aiohttp import web

from stream.http.api import API, json_answer

routes: Final = web.RouteTableDef()


@routes.get("/livez")
async def livez(request: web.Request) -> web.Response:
    """200 while the process makes progress, else 503; the reasons in JSON."""
    reasons = list(request.app[API].not_alive())
    return json_answer({"alive": not reasons, "reasons": reasons}, 503 if reasons else 200)


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """200 while the worker does its work, else 503; the reasons in JSON, and other details."""
    reasons, details = list(request.app[API].not_ready()), list(request.app[API].details())
    document = {"ready": not reasons, "reasons": reasons, "details": details}
    return json_answer(document, 503 if reasons else 200)
