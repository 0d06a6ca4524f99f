"""Bounds the answers of sinks: no answer, however long, takes more than `ANSWER_BYTES_MAX`.

Only status and a short document are needed of an answer. A sink that sends an endless one, by
mistake or on purpose, must cost no memory.
"""

import io
import time
import zlib
from typing import Any, Final

import aiohttp
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

ANSWER_BYTES_MAX: Final = 64 * 1_024
BOARD_BYTES_MAX: Final = 16 * 1_024 * 1_024
"""Of an answer that may hold a dashboard."""

_CHUNK_BYTES: Final = 16 * 1_024
_GZIP_OR_ZLIB: Final = 47
"""The `wbits` of zlib for either."""


def new_session() -> aiohttp.ClientSession:
    """A session for sinks; it asks for uncompressed answers, and decompresses none by itself."""
    headers = {"User-Agent": "floorwatch", "Accept-Encoding": "identity"}
    return aiohttp.ClientSession(headers=headers, auto_decompress=False)


async def body_of(response: aiohttp.ClientResponse) -> bytes:
    """The body up to `ANSWER_BYTES_MAX`; the connection of a longer one is closed."""
    body = bytearray()
    async for some in response.content.iter_chunked(_CHUNK_BYTES):
        body += some
        if len(body) >= ANSWER_BYTES_MAX:
            response.close()
            break
    cut = bytes(body[:ANSWER_BYTES_MAX])
    if response.headers.get("Content-Encoding", "").lower() not in {"gzip", "x-gzip", "deflate"}:
        return cut
    try:  # some servers compress whatever was asked for
        return zlib.decompressobj(_GZIP_OR_ZLIB).decompress(cut, ANSWER_BYTES_MAX)
    except zlib.error:
        return cut


class BoundedAdapter(HTTPAdapter):
    """Reads an answer of the library `requests` up to a size, and for a time as a whole.

    Its own timeout is for each read: an answer that trickles would never end.

    Args:
        bytes_max: of an answer.
        answer_s: for its body.
    """

    def __init__(self, bytes_max: int, answer_s: float) -> None:
        super().__init__()
        self._bytes_max = bytes_max
        self._answer_s = answer_s

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
        """Send; return the response with its body in memory.

        Raises:
            requests.RequestException: the answer is too long.
            requests.Timeout: the answer takes too long.
        """
        response = super().send(request, **{**options, "stream": True})
        try:
            with response:
                body = self._body_of(response)
        except ReadTimeoutError as error:
            raise requests.Timeout(str(error)) from None
        except HTTPError as error:
            raise requests.ConnectionError(str(error)) from None
        response.raw = io.BytesIO(body)
        return response

    def _body_of(self, response: requests.Response) -> bytes:
        give_up_at_s, body = time.monotonic() + self._answer_s, bytearray()
        # `read1` returns what has come, so that a trickle cannot evade the limit of time.
        while some := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            body += some
            if len(body) > self._bytes_max:
                raise requests.RequestException("the answer is too long")
            if time.monotonic() > give_up_at_s:
                raise requests.Timeout("the answer takes too long")
        return bytes(body)
