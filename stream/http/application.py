"""The aiohttp application: all resources in one list, and the server.

A new resource is one module with `routes`, and one line in `RESOURCES`. CONTRIBUTING.md
("Add an HTTP resource") has one that answers at once, and one that streams.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from stream.http import front_page, health, metrics, pools, teams
from stream.http.api import API, Api
from stream.http.connections import serving_application
from stream.http.pages import PAGES_AT_ONCE, TURNS

RESOURCES: Final = (
    front_page.routes,
    health.routes,
    metrics.routes,
    teams.routes,
    pools.routes,
)


def application(api: Api) -> web.Application:
    """The application that serves all resources."""
    app = web.Application()
    app[API] = api
    app[TURNS] = asyncio.Semaphore(PAGES_AT_ONCE)
    for routes in RESOURCES:
        app.add_routes(routes)
    return app


@contextlib.asynccontextmanager
async def serving(api: Api, host: str, port: int) -> AsyncIterator[int]:
    """Serve on this address within the block; yields the port, a free one if 0 is asked for.

    Raises:
        OSError: the address is in use.
    """
    async with serving_application(application(api), host, port) as bound:
        yield bound
