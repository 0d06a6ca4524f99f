"""The aiohttp application: all resources in one list, and the server.

A new resource is one module with `routes`, and one line in `RESOURCES`. CONTRIBUTING.md
("Add an HTTP resource") has one that answers at once, and one that streams.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from stream.errors import ServiceError
from stream.http import front_page, health, metrics, pools, teams
from stream.http.api import API, Api, error_answer

RESOURCES: Final = (
    front_page.routes,
    health.routes,
    metrics.routes,
    teams.routes,
    pools.routes,
)


def application(api: Api) -> web.Application:
    """The application that serves all resources."""
    app = web.Application(middlewares=[_store_unavailable])
    app[API] = api
    for routes in RESOURCES:
        app.add_routes(routes)
    return app


@contextlib.asynccontextmanager
async def serving(api: Api, host: str, port: int) -> AsyncIterator[int]:
    """Serve on this address within the block; yields the port, a free one if 0 is asked for.

    Raises:
        OSError: the address is in use.
    """
    runner = web.AppRunner(application(api), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@web.middleware
async def _store_unavailable(request: web.Request, handler: Handler) -> web.StreamResponse:
    """An unavailable store is answered with 503: it is no fault of this worker's."""
    try:
        return await handler(request)
    except ServiceError as error:
        return error_answer(503, "store_away", str(error))
