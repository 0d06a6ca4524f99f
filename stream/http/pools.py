"""`/api/v1/floors/{floor}/pools` and `/pools/{pool}`: queues, peaks and verdicts of pools."""

from typing import Final

from aiohttp import web

from stream.http.api import API, FLOOR, error_answer, json_answer
from stream.http.documents import pool_document
from stream.render.view_fields import PoolView, ViewKey, ViewKind

routes: Final = web.RouteTableDef()


@routes.get(f"{FLOOR}/pools")
async def list_pools(request: web.Request) -> web.Response:
    """All pools of a floor, by name."""
    api, floor = request.app[API], request.match_info["floor"]
    names = sorted(await api.reader.pools(floor))
    if not names:
        return error_answer(404, "unknown_floor", f"no pool of floor '{floor}' is known")
    keys = [ViewKey(ViewKind.pool, floor, name) for name in names]
    found, now_ms = await api.reader.read(keys), api.now_ms()
    views = [PoolView(floor, key.name, found[key]) for key in keys if key in found]
    return json_answer({"floor": floor, "pools": [pool_document(one, now_ms) for one in views]})


@routes.get(f"{FLOOR}/pools/{{pool:[^/]+}}")
async def get_pool(request: web.Request) -> web.Response:
    """One pool."""
    api, floor = request.app[API], request.match_info["floor"]
    key = ViewKey(ViewKind.pool, floor, request.match_info["pool"])
    texts = (await api.reader.read([key])).get(key)
    if texts is None:
        return error_answer(404, "unknown_pool", f"floor '{floor}' has no pool '{key.name}'")
    return json_answer(pool_document(PoolView(floor, key.name, texts), api.now_ms()))
