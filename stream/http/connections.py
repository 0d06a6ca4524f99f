"""The HTTP server: connections bounded in number, time and size."""

import asyncio
import contextlib
import logging
import resource
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from stream.http.answers import ANSWER_S, Answering, bounded
from stream.http.api import error_answer

log = logging.getLogger(__name__)

IDLE_S: Final = 75.0
"""Until a connection without a complete request is closed: longer than the 60 s for which common
proxies keep one to send another request on it."""
BODY_S: Final = 1.0
"""How long a body that nobody wants is read, so that its sender may read the answer."""
CONNECTIONS_MAX: Final = 1_000
BACKLOG: Final = 1_024
_LIMITS: Final[dict[str, Any]] = {
    "keepalive_timeout": IDLE_S,
    "lingering_time": BODY_S,
    "max_line_size": 8_190,
    "max_field_size": 8_190,
    "max_headers": 128,
    "auto_decompress": False,
    "access_log": None,
}


def connections_max() -> int:
    """How many connections may be open: half of the files that the process may open.

    The other half is for Kafka, Redis and the sinks.
    """
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS_MAX if soft < 0 else min(CONNECTIONS_MAX, max(1, soft // 2))


@contextlib.asynccontextmanager
async def serving_application(
    app: web.Application,
    host: str,
    port: int,
    *,
    answer_s: float = ANSWER_S,
    idle_s: float = IDLE_S,
    most: int | None = None,
) -> AsyncIterator[int]:
    """Serve within the block; yields the port, a free one if 0 is asked for.

    Args:
        app: what is served.
        host: address to listen on.
        port: likewise.
        answer_s: until an answer is complete at the client.
        idle_s: until a connection without a complete request is closed.
        most: connections; None: as many as `connections_max` allows.

    Raises:
        OSError: the address is in use, or no address of this machine.
    """
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    manager = runner.server
    assert manager is not None
    room = _Room(manager, connections_max() if most is None else most)
    manager.request_handler = room.counting(bounded(manager.request_handler, answer_s))
    limits = {**_LIMITS, "keepalive_timeout": idle_s}

    def accept() -> RequestHandler:
        room.make()
        return _Connection(manager, loop=asyncio.get_running_loop(), **limits)

    try:
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(accept, host, port, backlog=BACKLOG)
        try:
            yield int(listener.sockets[0].getsockname()[1])
        finally:
            listener.close()
    finally:
        await runner.cleanup()


class _Room:
    """Room for so many connections: those that only wait make room for new ones.

    So clients that hold connections without a request cannot keep others out.
    """

    def __init__(self, manager: web.Server, most: int) -> None:
        self._manager = manager
        self._most = most
        self._answering: set[RequestHandler] = set()

    def counting(self, handler: Answering) -> Answering:
        """The handler, during which a connection does not count as waiting."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            connection = request.protocol
            self._answering.add(connection)
            try:
                return await handler(request)
            finally:
                self._answering.discard(connection)

        return answer

    def make(self) -> None:
        """Close the oldest connections, first those without a request, until one more fits."""
        connections = self._manager.connections
        if (excess := len(connections) - self._most + 1) > 0:
            connections.sort(key=self._answering.__contains__)  # keeps the order in which they came
            for connection in connections[:excess]:
                connection.force_close()


class _Connection(RequestHandler):
    """A connection whose malformed requests are answered with JSON, and logged in one line."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that is no HTTP, or too large in its parts."""
        if isinstance(exc, ConnectionError):  # the client has gone, as when a scrape times out
            raise exc
        reason = (message or type(exc).__name__).strip().partition("\n")[0][:200]
        log.warning("HTTP request of %s refused: %r", request.remote, reason)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has been sent in part")
        response = error_answer(status, "bad_request", reason)
        response.force_close()
        return response
