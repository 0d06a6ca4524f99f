"""One connection to one server of Redis."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

from stream.store.redis_errors import FOREIGN
from stream.store.scripts import Command

Reply = Any
"""bytes, int, None or a list of these."""
Answer = Reply | Exception
"""A reply, or what was raised in its place."""
Facts = Mapping[str, str]
"""What INFO says, by name."""
SERVER = "server"
"""The name under which its address is put to the facts of a server."""


class Connection:
    """A connection of its own, with one exchange at a time; made anew when it was lost.

    Args:
        connection: to the server, not yet connected.
        accept: raises if the server that was reached must not be used.
    """

    def __init__(
        self, connection: AbstractConnection, accept: Callable[[Facts], None] | None = None
    ) -> None:
        self._connection = connection
        self._accept = accept
        self._turn = asyncio.Lock()

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return bool(self._connection.is_connected)

    async def connect(self) -> list[Facts]:
        """Connect; what the server says of itself now."""
        [reply] = await self.exchange([("INFO",)])
        if isinstance(reply, Exception):
            raise reply
        return [{**facts_of(reply), SERVER: self._name}]

    @property
    def _name(self) -> str:
        """Where the server is, as one writes it."""
        place = dict(self._connection.repr_pieces())  # type: ignore[no-untyped-call]
        return str(place.get("path") or f"{place['host']}:{place['port']}")

    def doubt(self) -> None:
        """See `stream.store.topology.Link`; there is no other way to a single server."""

    async def close(self) -> None:
        """Drop the connection; a later exchange makes a new one."""
        await self._connection.disconnect(nowait=True)

    async def exchange(self, commands: Sequence[Command]) -> list[Answer]:
        """Send these commands in one go; what the server answers to each, in order.

        Raises:
            RedisError, OSError: no connection, or it was lost; some may have been executed.
            FloorwatchError: the server must not be used.
        """
        async with self._turn:
            try:
                if not self._connection.is_connected:
                    await self._begin()
                return await self._send(commands)
            except BaseException:
                # Replies may be on their way that the next exchange would take for its own.
                await self._connection.disconnect(nowait=True)
                raise

    async def _begin(self) -> None:
        await self._connection.connect()  # type: ignore[no-untyped-call]
        if self._accept is not None:
            [reply] = await self._send([("INFO",)])
            if isinstance(reply, Exception):
                raise reply
            self._accept(facts_of(reply))

    async def _send(self, commands: Sequence[Command]) -> list[Answer]:
        # The library's own packing is Python and takes four times as long.
        packed = [pack_command(each) for each in commands]  # type: ignore[arg-type]
        await self._connection.send_packed_command(packed, check_health=False)
        return [await self._answer() for _ in commands]

    async def _answer(self) -> Answer:
        try:
            return await self._connection.read_response()
        except ResponseError as exc:
            return exc


def facts_of(reply: bytes) -> Facts:
    """The lines `name:value` of INFO, or of CLUSTER INFO."""
    return dict(line.split(":", 1) for line in reply.decode().splitlines() if ":" in line)


async def ask_all(lines: Sequence[Connection], commands: Sequence[Command]) -> list[list[Answer]]:
    """What each server answers, asked at the same time; the same error for all if it does not."""

    async def one(line: Connection) -> list[Answer]:
        try:
            return await line.exchange(commands)
        except FOREIGN as exc:
            return [exc] * len(commands)

    return await asyncio.gather(*map(one, lines))
