"""A TCP proxy that loses chosen replies, is slow, or lets nothing through."""

import asyncio
import re
from typing import Self
from urllib.parse import urlsplit

from stream.store.scripts import ScriptName, script

_ARRAY = re.compile(rb"\*(\d+)\r\n")
_STRING = re.compile(rb"\$(\d+)\r\n")
VIEW_FIELDS: tuple[tuple[str, str], ...] = (
    ("a", "%s"),
    ("as_of", "%s"),
    ("0", "%.0f"),
    ("备注", "%.3f"),
    ('"\\]]\n', "%.6f"),
)
"""Some of the fields that the tests write, and formats: the others are sent by name."""


def first_with(sent: bytes, marker: bytes) -> bytes:
    """The first whole command among these bytes with the marker in it; empty: there is none."""
    start = 0
    while match := _ARRAY.match(sent, start):
        end = match.end()
        for _ in range(int(match[1])):
            value = _STRING.match(sent, end)
            if value is None or value.end() + int(value[1]) + 2 > len(sent):
                return b""
            end = value.end() + int(value[1]) + 2
        if marker in sent[start:end]:
            return sent[start:end]
        start = end
    return b""


class Proxy:
    """Passes everything on, until the call of a certain script comes by."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 6379)
        self._marker = b""
        self._seen = 0
        self._nth = 1
        self._stall = False
        self._reached = asyncio.Event()
        self.lost = 0
        """How many replies were lost."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._wanted = b""
        """The script of the call that is to be recorded."""
        self.recorded = b""
        """A copy of a call that has gone through."""
        self.view_fields = VIEW_FIELDS
        """Fields by which the script of views is recognised."""
        self.delay_s = 0.0
        """In each direction."""
        self.way = asyncio.Event()
        """Not set: nothing gets through, in either direction, and neither end is notified."""
        self.way.set()

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def lose_reply_to(self, name: ScriptName, nth: int = 1) -> None:
        """Redis runs the script's n-th call from now; its reply is dropped with the connection."""
        self._marker, self._nth, self._seen, self._stall = self._digest(name), nth, 0, False
        self._reached.clear()

    def stall_reply_to(self, name: ScriptName, nth: int = 1) -> None:
        """Redis runs the script's n-th call from now; its reply never comes."""
        self.lose_reply_to(name, nth)
        self._stall = True

    def keep_next(self, name: ScriptName) -> None:
        """Copy the script's next call while it goes through."""
        self._wanted, self.recorded = self._digest(name), b""

    async def send_kept(self) -> None:
        """The call that was copied comes to Redis a second time."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(self.recorded)
        async with asyncio.timeout(20):
            assert await reader.read(1)
        writer.close()

    async def reached(self) -> None:
        """Wait until Redis has run the call and its reply is lost."""
        async with asyncio.timeout(20):
            await self._reached.wait()

    def be_honest(self) -> None:
        """Lose nothing any more."""
        self._marker = b""

    async def start(self, port: int = 0) -> Self:
        """Listen on this port, or on any."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return self

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_exc: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        condemned = asyncio.Event()
        requests = asyncio.create_task(self._requests(reader, up_writer, condemned))
        try:
            while data := await up_reader.read(65536):
                if condemned.is_set():
                    self.lost += 1
                    self._marker = b""
                    self._reached.set()
                    if self._stall:
                        await requests  # until the client hangs up
                    return
                await self._travel()
                writer.write(data)
                await writer.drain()
        finally:
            requests.cancel()
            up_writer.close()

    async def _requests(
        self, reader: asyncio.StreamReader, up: asyncio.StreamWriter, condemned: asyncio.Event
    ) -> None:
        received = b""
        while data := await reader.read(1 << 20):
            if self._marker:
                self._seen += data.count(self._marker)
                if self._seen >= self._nth:
                    condemned.set()
            if self._wanted and (received or data.startswith(b"*")):
                received += data
                if found := first_with(received, self._wanted):
                    self._wanted, self.recorded, received = b"", found, b""
            await self._travel()
            up.write(data)
            await up.drain()
        up.write_eof()

    async def _travel(self) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        await self.way.wait()

    def _digest(self, name: ScriptName) -> bytes:
        return script(name, self.view_fields if name == "view" else ()).digest.encode()
