"""Bounds the time of an answer, and makes every error a JSON document and one log line."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from traceback import extract_tb
from typing import Final

from aiohttp import web

from stream.errors import FloorwatchError, ServiceError
from stream.http.api import error_answer

log = logging.getLogger(__name__)

ANSWER_S: Final = 30.0
"""Until an answer is complete at the client; thrice what Prometheus waits."""

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_CODES: Final = {
    400: ("bad_request", ""),
    404: ("not_found", "there is no such path; / has links"),
    405: ("method_not_allowed", "this path does not allow the method"),
    413: ("too_large", "the request is too large"),
    417: ("expectation_failed", "only Expect: 100-continue is known"),
}


def bounded(handler: Answering, answer_s: float = ANSWER_S) -> Answering:
    """The handler; its answers are sent within `answer_s` or not at all, and it never raises.

    A handler that has begun to send, and goes on, is not stopped: it streams.
    """

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        text = f"not answered within {answer_s:g} s"
        try:
            response = await _within(answer_s, request, _answered(handler, request))
        except TimeoutError:
            log.warning("HTTP %s %r: %s", request.method, request.path, text)
            return error_answer(503, "timeout", text)
        try:
            async with asyncio.timeout(answer_s):
                # Here, or a client that reads nothing would hold the answer for ever.
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            log.warning("HTTP %s %r: %s", request.method, request.path, text)
            if request.transport is not None:
                request.transport.abort()
        return response

    return answer


async def _within(
    answer_s: float, request: web.BaseRequest, answering: Awaitable[web.StreamResponse]
) -> web.StreamResponse:
    """The response, unless nothing has been sent for so long: TimeoutError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:

        def check() -> None:
            if request.writer.output_size == 0:
                limit.reschedule(loop.time())

        timer = loop.call_later(answer_s, check)
        try:
            return await answering
        finally:
            timer.cancel()


async def _answered(handler: Answering, request: web.BaseRequest) -> web.StreamResponse:
    try:
        return await handler(request)
    except ServiceError as error:  # it is no fault of this worker's
        return error_answer(503, "store_away", str(error))
    except FloorwatchError as error:
        log.warning("HTTP %s %r: %s", request.method, request.path, error)
        return error_answer(503, "store_unfit", str(error))
    except web.HTTPException as error:
        code, text = _CODES.get(error.status, ("error", error.reason))
        response = error_answer(error.status, code, text or error.text or "")
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except (TimeoutError, ConnectionError):  # too late, or the client has left
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours must not end a connection silently
        log.error("HTTP %s %r failed: %r at %s", request.method, request.path, error, _place(error))  # noqa: TRY400
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has been sent in part") from None
        return error_answer(500, "internal", "the worker's log has the reason")


def _place(error: BaseException) -> str:
    """File and line of an error."""
    frames = extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
