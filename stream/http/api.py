"""What the resources share: the data that they serve, and the form of their answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson
from aiohttp import web

from stream.render.exposition import Exporter
from stream.render.view_fields import ViewKey

HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
FLOOR: Final = "/api/v1/floors/{floor:[^/]+}"
"""The path of a floor. An id may hold braces, which aiohttp's own pattern of a name leaves out."""


class ViewReader(Protocol):
    """Reads the views of all floors; any worker can. All methods may raise ServiceError."""

    async def teams(self) -> Sequence[tuple[str, str]]:
        """(floor, team) of all teams that have a view."""

    async def pools(self, floor: str) -> Sequence[str]:
        """Names of a floor's pools that may have a view."""

    async def read(self, views: Sequence[ViewKey]) -> Mapping[ViewKey, Mapping[str, str]]:
        """Fields of those views that exist."""


@dataclass(frozen=True, slots=True)
class Api:
    """The data that the worker serves by HTTP."""

    exporter: Exporter
    reader: ViewReader
    now_ms: Callable[[], int | None]
    """The live clock; None while figures follow the events' clock."""
    not_alive: Callable[[], Sequence[str]]
    """Reasons to restart the process; empty: it is alive."""
    not_ready: Callable[[], Sequence[str]]
    """Reasons why the worker does not do its work now; empty: it is ready."""
    details: Callable[[], Sequence[str]] = tuple
    """What is worth knowing though the worker does its work."""


API: Final = web.AppKey("api", Api)
"""Where handlers find it: ``request.app[API]``."""


def json_answer(value: Mapping[str, Any], status: int = 200) -> web.Response:
    """A JSON document."""
    headers = {**HEADERS, "Content-Type": "application/json"}
    return web.Response(body=orjson.dumps(value), status=status, headers=headers)


def error_answer(status: int, code: str, message: str) -> web.Response:
    """An error: `code` is for programs, `message` for people."""
    return json_answer({"error": {"code": code, "message": message}}, status)
