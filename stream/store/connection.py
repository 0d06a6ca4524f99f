"""One connection to one Redis server."""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from stream.store.redis_errors import REDIS_ERRORS
from stream.store.scripts import Command

Reply = Any
"""bytes, int, None or a list of these."""
Answer = Reply | Exception
"""A reply, or the exception raised in its place."""
ServerInfo = Mapping[str, str]
"""The fields of INFO, by name."""
SERVER = "server"
"""The name under which a server's address is added to its fields."""


class Connection:
    """One connection with one exchange at a time; reconnects when the connection was lost.

    Args:
        connection: to the server, not yet connected.
        accept: raises if the server must not be used.
    """

    def __init__(
        self, connection: AbstractConnection, accept: Callable[[ServerInfo], None] | None = None
    ) -> None:
        self._connection = connection
        self._accept = accept
        self._lock = asyncio.Lock()

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return bool(self._connection.is_connected)

    async def connect(self) -> list[ServerInfo]:
        """Connect; return the server's INFO."""
        [reply] = await self.exchange([("INFO",)])
        if isinstance(reply, Exception):
            raise reply
        return [{**parse_info(reply), SERVER: self._name}]

    @property
    def _name(self) -> str:
        """The server's address as text."""
        place = dict(self._connection.repr_pieces())  # type: ignore[no-untyped-call]
        return str(place.get("path") or f"{place['host']}:{place['port']}")

    def invalidate(self) -> None:
        """See `stream.store.topology.Topology`; a single server has no other address."""

    async def close(self) -> None:
        """Close the connection; a later exchange opens a new one."""
        await self._connection.disconnect(nowait=True)

    async def exchange(self, commands: Sequence[Command]) -> list[Answer]:
        """Send these commands in one go; return an answer to each, in order.

        Raises:
            RedisError, OSError: no connection, or it was lost; some may have been executed.
            FloorwatchError: the server must not be used.
        """
        async with self._lock:
            try:
                if not self._connection.is_connected:
                    await self._connect()
                return await self._send(commands)
            except BaseException:
                # Replies may be in transit that the next exchange would take for its own.
                await self._connection.disconnect(nowait=True)
                raise

    async def _connect(self) -> None:
        with _closed_is_lost():
            await self._connection.connect()  # type: ignore[no-untyped-call]
        if self._accept is not None:
            [reply] = await self._send([("INFO",)])
            if isinstance(reply, Exception):
                raise reply
            self._accept(parse_info(reply))

    async def _send(self, commands: Sequence[Command]) -> list[Answer]:
        # The library's own packing is Python and takes four times as long.
        packed = [pack_command(each) for each in commands]  # type: ignore[arg-type]
        with _closed_is_lost():
            await self._connection.send_packed_command(packed, check_health=False)
        # One time limit for all: the library's own, one a reply, take longer than the replies.
        async with asyncio.timeout(self._connection.socket_timeout):
            return [await self._answer() for _ in commands]

    async def _answer(self) -> Answer:
        try:
            return await self._connection.read_response(timeout=math.inf)
        except ResponseError as exc:
            return exc


@contextmanager
def _closed_is_lost() -> Iterator[None]:
    """Where the library writes to a stream that was closed meanwhile, by us or by the server.

    It does so without looking: https://github.com/redis/redis-py/pull/4288
    """
    try:
        yield
    except (AttributeError, TypeError) as exc:
        raise RedisConnectionError("the connection was closed before it was used") from exc


def parse_info(reply: bytes) -> ServerInfo:
    """The lines `name:value` of INFO, or of CLUSTER INFO."""
    return dict(row.split(":", 1) for row in reply.decode().splitlines() if ":" in row)


async def ask_all(
    connections: Sequence[Connection], commands: Sequence[Command]
) -> list[list[Answer]]:
    """The answers of each server, asked at the same time; its error to each command if it fails."""

    async def one(connection: Connection) -> list[Answer]:
        try:
            return await connection.exchange(commands)
        except REDIS_ERRORS as exc:
            return [exc] * len(commands)

    return await asyncio.gather(*map(one, connections))
