"""`/api/v1/floors/{floor}/pools` and `/pools/{pool}`: queues, peaks and verdicts of pools."""

from typing import Final

from aiohttp import web

from stream.http.api import API, FLOOR, error_answer, json_answer
from stream.http.documents import pool_document
from stream.http.pages import TURNS, documents, page_of
from stream.render.view_fields import PoolView, ViewKey, ViewKind

routes: Final = web.RouteTableDef()


@routes.get(f"{FLOOR}/pools")
async def list_pools(request: web.Request) -> web.Response:
    """The pools of a floor, by name, in pages."""
    api, floor = request.app[API], request.match_info["floor"]
    async with request.app[TURNS]:
        names = await api.reader.pools(floor)
        if not names:
            return error_answer(404, "unknown_floor", f"no pool of floor '{floor}' is known")
        page = page_of(names, request)
        keys = [ViewKey(ViewKind.pool, floor, name) for name in page.names]
        found, now_ms = await api.reader.read(keys), api.now_ms()
        views = (PoolView(floor, key.name, found[key]) for key in keys if key in found)
        pools = await documents(views, lambda view: pool_document(view, now_ms))
        return json_answer({"floor": floor, "pools": pools, "next": page.next})


@routes.get(f"{FLOOR}/pools/{{pool:[^/]+}}")
async def get_pool(request: web.Request) -> web.Response:
    """One pool."""
    api, floor = request.app[API], request.match_info["floor"]
    key = ViewKey(ViewKind.pool, floor, request.match_info["pool"])
    texts = (await api.reader.read([key])).get(key)
    if texts is None:
        return error_answer(404, "unknown_pool", f"floor '{floor}' has no pool '{key.name}'")
    return json_answer(pool_document(PoolView(floor, key.name, texts), api.now_ms()))
