"""Clients that send no HTTP, or slowly, or read nothing."""

import asyncio
import contextlib
import logging
import resource
from collections.abc import AsyncIterator

import orjson
import pytest
from aiohttp import web

from stream.errors import StateError
from stream.http import connections
from stream.http.connections import CONNECTIONS_MAX, connections_max, serving_application

HALF = b"GET /ok HTTP/1.1\r\nHost: x\r\nX-a: "
GET = b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
PATIENCE_S = 20.0


def make_application() -> web.Application:
    async def ok(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def bug(_request: web.Request) -> web.Response:
        raise ValueError("a bug\nof ours")

    async def unfit(_request: web.Request) -> web.Response:
        raise StateError("a key holds something else")

    async def never(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def huge(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(64 * 2**20))

    async def events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"event")
            await asyncio.sleep(0.1)
        return response

    app = web.Application()
    app.add_routes(
        [web.get(f"/{one.__name__}", one) for one in (ok, bug, unfit, never, huge, events)]
    )
    return app


class Client:
    """A connection that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, sent: bytes) -> None:
        self._writer.write(sent)

    async def first_bytes(self) -> None:
        await self._reader.readexactly(1_024)

    def abort(self) -> None:
        self._writer.transport.abort()

    async def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        async with asyncio.timeout(PATIENCE_S):
            received = b""
            with contextlib.suppress(ConnectionResetError):
                while some := await self._reader.read(65_536):
                    received += some
            return received

    async def answer(self, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the last answer to this."""
        self.send(sent)
        head, _, body = (await self.rest()).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


class Clients:
    """Opens connections to one port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []

    async def client(self, sent: bytes = b"") -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1_024)
        self._writers.append(writer)
        writer.write(sent)
        return Client(reader, writer)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@contextlib.asynccontextmanager
async def served(**limits: float) -> AsyncIterator[Clients]:
    async with serving_application(make_application(), "127.0.0.1", 0, **limits) as port:  # type: ignore[arg-type]
        clients = Clients(port)
        try:
            yield clients
        finally:
            clients.close()


@pytest.mark.parametrize("sent", [b"", b"G", HALF, b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n" + HALF])
async def test_a_connection_without_a_complete_request_is_closed(sent: bytes) -> None:
    async with served(idle_s=0.2) as clients:
        client = await clients.client(sent)
        assert (await client.rest()).count(b"HTTP/1.1 200 OK") == sent.count(b"\r\n\r\n")


async def test_a_client_that_sends_a_byte_now_and_then_is_closed_too() -> None:
    async with served(idle_s=0.3) as clients:
        client = await clients.client(HALF)
        closed = asyncio.create_task(client.rest())
        while not closed.done():
            client.send(b"a")
            await asyncio.wait([closed], timeout=0.05)
        assert await closed == b""


async def test_connections_that_only_wait_make_room_for_requests() -> None:
    async with served(most=8) as clients:
        waiting = await clients.client(GET % b"/never")
        held = [await clients.client(HALF) for _ in range(30)]
        assert (await (await clients.client()).answer(GET % b"/ok"))[::2] == (200, b"ok")
        for client in held[:20]:
            assert await client.rest() == b""
        held[-1].send(b"a\r\nConnection: close\r\n\r\n")
        assert b"200 OK" in await held[-1].rest()
        del waiting


async def test_a_client_that_reads_nothing_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    async with served(answer_s=0.3) as clients:
        client = await clients.client(GET % b"/huge")
        while not caplog.records:  # noqa: ASYNC110 - nothing else says that it was cut off
            await asyncio.sleep(0.02)
        assert len(await client.rest()) < 64 * 2**20
    assert caplog.messages == ["HTTP GET '/huge': not answered within 0.3 s"]


async def test_an_answer_that_streams_may_last() -> None:
    async with served(answer_s=0.2) as clients:
        client = await clients.client()
        status, _headers, body = await client.answer(GET % b"/events")
    assert (status, body.count(b"event")) == (200, 5)


async def test_a_body_that_nobody_wants_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections._LIMITS, "lingering_time", 0.1)
    async with served() as clients:
        client = await clients.client(
            b"POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\na"
        )
        assert b" 405 " in (await client.rest()).splitlines()[0]


async def test_a_client_that_goes_before_its_answer_is_complete_is_no_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with served() as clients:
        gone = await clients.client(GET % b"/huge")
        await gone.first_bytes()
        gone.abort()
        client = await clients.client(GET % b"/ok")
        assert b"200 OK" in await client.rest()
        await asyncio.sleep(0)
    assert "refused" not in caplog.text


@pytest.mark.parametrize(
    ("sent", "status", "code", "logged"),
    [
        (GET % b"/none", 404, "not_found", ""),
        (GET % b"/ok/", 404, "not_found", ""),
        (GET.replace(b"GET", b"POST") % b"/ok", 405, "method_not_allowed", ""),
        (
            GET.replace(b"\r\n\r\n", b"\r\nExpect: x\r\n\r\n") % b"/ok",
            417,
            "expectation_failed",
            "",
        ),
        (
            GET % b"/bug",
            500,
            "internal",
            r"HTTP GET '/bug' failed: ValueError('a bug\nof ours') at",
        ),
        (GET % b"/unfit", 503, "store_unfit", "HTTP GET '/unfit': a key holds something else"),
        (GET % b"/never", 503, "timeout", "HTTP GET '/never': not answered within 0.5 s"),
        (b"\x16\x03\x01\x02\n", 400, "bad_request", "HTTP request of 127.0.0.1 refused: "),
        (b"FOO\r\n\r\n", 400, "bad_request", "HTTP request of 127.0.0.1 refused: "),
        (GET % (b"/" + b"a" * 9_000), 400, "bad_request", "HTTP request of 127.0.0.1 refused: "),
        (HALF + b"a" * 99_999, 400, "bad_request", "HTTP request of 127.0.0.1 refused: "),
        (HALF + b"a\r\nX: y" * 200 + b"\r\n\r\n", 400, "bad_request", "HTTP request of 127.0.0.1"),
    ],
)
async def test_an_error_is_json_and_at_most_one_line_in_the_log(
    sent: bytes, status: int, code: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with served(answer_s=0.5) as clients:
        client = await clients.client()
        answered, headers, body = await client.answer(sent)
    assert (answered, headers["Content-Type"]) == (status, "application/json")
    assert orjson.loads(body)["error"]["code"] == code
    assert orjson.loads(body)["error"]["message"]
    assert (headers.get("Allow") == "GET,HEAD") == (status == 405)
    assert len(caplog.records) == bool(logged)
    for record in caplog.records:
        assert record.getMessage().startswith(logged)
        assert "\n" not in record.getMessage()
        assert record.exc_info is None


@pytest.mark.parametrize(("files", "most"), [(256, 128), (-1, CONNECTIONS_MAX), (2**20, 1_000)])
def test_half_of_the_files_that_may_be_open_are_for_connections(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (files, files))
    assert connections_max() == most
