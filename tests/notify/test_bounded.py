"""Sinks whose answers are endless, huge, slow, compressed, or no HTTP."""

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from stream.errors import FloorwatchError, ServiceError
from stream.notify.bounded import ANSWER_BYTES_MAX, new_session
from stream.notify.chat.chat_format import result_of_code
from stream.notify.grafana import GrafanaClient
from stream.notify.sink import Reply, SendResult, SendStatus, post

HEAD = b"HTTP/1.1 200 OK\r\n"
MEBIBYTE = bytes(2**20)


def endless(part: bytes) -> Iterator[bytes]:
    while True:
        yield part


def bomb(mebibytes: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(mebibytes):
        yield packer.compress(MEBIBYTE)
    yield packer.flush()


class Sink:
    """Answers each request with the same head and parts, as long as the client reads."""

    def __init__(self, head: bytes, parts: Callable[[], Iterator[bytes]], pause_s: float) -> None:
        self._head, self._parts, self._pause_s = head, parts, pause_s
        self.closed = asyncio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self._head)
            for part in self._parts():
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(self._pause_s)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        self.closed.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def answering(
    head: bytes, parts: Callable[[], Iterator[bytes]] = lambda: iter(()), pause_s: float = 0.0
) -> AsyncIterator[Sink]:
    sink = Sink(head, parts, pause_s)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    async with server:
        yield sink
        async with asyncio.timeout(20):  # it ends only when the client has closed the connection
            await sink.closed.wait()


async def posted(sink: Sink, timeout_ms: int = 20_000) -> Reply | SendResult:
    async with new_session() as session:
        return await post(session, sink.url, b"{}", {}, timeout_ms)


@pytest.mark.parametrize("head", [HEAD, HEAD + b"Content-Length: 99999999999999\r\n"])
async def test_an_endless_answer_is_read_to_64_kb_and_the_connection_closed(head: bytes) -> None:
    async with answering(head + b"\r\n", lambda: endless(MEBIBYTE)) as sink:
        assert await posted(sink) == Reply(200, dict_of(head), bytes(ANSWER_BYTES_MAX))


async def test_an_endless_head_is_refused() -> None:
    async with answering(HEAD, lambda: endless(b"X: " + b"a" * 4_000 + b"\r\n")) as sink:
        assert isinstance(await posted(sink), SendResult)
    async with answering(HEAD + b"X: ", lambda: endless(b"a" * 65_536)) as sink:
        assert isinstance(await posted(sink), SendResult)


async def test_an_answer_that_trickles_is_given_up_in_time() -> None:
    async with answering(HEAD + b"\r\n", lambda: endless(b"a"), 0.02) as sink:
        assert await posted(sink, 200) == SendResult(SendStatus.unavailable, "TimeoutError")
    async with answering(HEAD, lambda: endless(b"X: a\r\n"), 0.02) as sink:
        assert await posted(sink, 200) == SendResult(SendStatus.unavailable, "TimeoutError")


async def test_a_compressed_answer_is_unpacked_to_64_kb() -> None:
    head = HEAD + b"Content-Encoding: gzip\r\n\r\n"
    async with answering(head, lambda: bomb(64)) as sink:
        reply = await posted(sink)
        assert isinstance(reply, Reply)
        assert reply.body == bytes(ANSWER_BYTES_MAX)
    packed = gzip.compress(b'{"errcode": 0}')
    async with answering(head, lambda: iter([packed])) as sink:
        reply = await posted(sink)
        assert isinstance(reply, Reply)
        assert result_of_code(reply, "errcode", {}).delivered
    async with answering(head, lambda: iter([b"not gzip"])) as sink:
        assert await posted(sink) == Reply(200, {"Content-Encoding": "gzip"}, b"not gzip")


@pytest.mark.parametrize("junk", [b"\x00\xff\r\n\r\n", b"", b"HTTP/1.1 abc\r\n\r\n"])
async def test_an_answer_that_is_no_http_is_a_sink_that_is_unavailable(junk: bytes) -> None:
    async with answering(junk) as sink:
        assert isinstance(await posted(sink), SendResult)


@pytest.mark.parametrize(
    ("head", "parts", "pause_s", "error"),
    [
        (HEAD + b"\r\n", lambda: endless(MEBIBYTE), 0.0, FloorwatchError),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n", lambda: bomb(64), 0.0, FloorwatchError),
        (HEAD + b"\r\n", lambda: endless(b"a"), 0.02, ServiceError),
    ],
)
async def test_grafana_may_not_answer_without_end_either(
    head: bytes,
    parts: Callable[[], Iterator[bytes]],
    pause_s: float,
    error: type[FloorwatchError],
) -> None:
    async with answering(head, parts, pause_s) as sink:
        client = GrafanaClient(sink.url, "token", 1.0, ANSWER_BYTES_MAX)
        with pytest.raises(error):
            await asyncio.to_thread(client.annotate, 0, None, ["a"], "text")


def dict_of(head: bytes) -> dict[str, str]:
    lines = head.decode().split("\r\n")[1:-1]
    return dict(line.split(": ", 1) for line in lines)
