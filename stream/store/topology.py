"""Finds the primaries of one Redis: directly, or through Sentinels."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from redis.exceptions import ConnectionError as NotThere
from redis.exceptions import ResponseError

from stream.errors import ConfigurationError
from stream.store.address import Address, Site, site_of
from stream.store.cluster_topology import ClusterTopology
from stream.store.connection import Answer, Connection, ServerInfo, ask_all
from stream.store.connector import Connector
from stream.store.options import StoreOptions
from stream.store.scripts import Command
from stream.store.server import check_server


class Topology(Protocol):
    """Connections to all primaries of one Redis; rediscovers them after a failure."""

    async def connect(self) -> list[ServerInfo]:
        """Connect to each primary; return the INFO of each."""

    async def exchange(self, commands: Sequence[Command]) -> list[Answer]:
        """Send each command once, to its primary; return a reply or an exception for each.

        Raises:
            RedisError, OSError: no primary was reached; some may have been executed.
            FloorwatchError: a server must not be used.
        """

    def invalidate(self) -> None:
        """Note a failure: rediscover the primaries before the next exchange."""

    async def close(self) -> None:
        """Close all connections; a later exchange opens new ones."""


class SentinelTopology:
    """A connection to the primary that Sentinels name.

    All Sentinels are asked at the same time, and the newest configuration wins: a Sentinel that was
    cut off goes on naming the old primary.
    """

    def __init__(
        self, site: Site, connector: Connector, accept: Callable[[ServerInfo], None]
    ) -> None:
        self._service = site.service
        self._discovery = {
            address: Connection(connector.discovery(address)) for address in site.addresses
        }
        self._connector = connector
        self._accept = accept
        self._address: Address | None = None
        self._connection: Connection | None = None
        self._stale = True
        self._finding = asyncio.Lock()

    async def connect(self) -> list[ServerInfo]:
        """See `Topology`."""
        return await (await self._primary()).connect()

    async def exchange(self, commands: Sequence[Command]) -> list[Answer]:
        """See `Topology`."""
        return await (await self._primary()).exchange(commands)

    def invalidate(self) -> None:
        """See `Topology`."""
        self._stale = True

    async def close(self) -> None:
        """See `Topology`."""
        connections = [*self._discovery.values(), *([self._connection] if self._connection else [])]
        await asyncio.gather(*(connection.close() for connection in connections))

    async def _primary(self) -> Connection:
        """The connection to the primary, discovered for each new connection."""
        if self._connection is not None and self._connection.connected and not self._stale:
            return self._connection
        async with self._finding:
            address = await self._discover()
            if self._connection is None or address != self._address:
                if self._connection is not None:
                    await self._connection.close()
                self._connection = Connection(self._connector.server(address), self._accept)
                self._address = address
            self._stale = False
            return self._connection

    async def _discover(self) -> Address:
        answers = await ask_all(
            [*self._discovery.values()], [("SENTINEL", "MASTER", self._service)]
        )
        replies = [reply for [reply] in answers]
        found = [reply for reply in replies if not isinstance(reply, Exception)]
        if found:
            return newest_primary(found)
        for reply in replies:
            if isinstance(
                reply, ResponseError
            ):  # the Sentinel answers, but does not know the service
                raise reply
        raise NotThere(f"no Sentinel answers at {', '.join(map(str, self._discovery))}")


def newest_primary(replies: Sequence[Sequence[bytes]]) -> Address:
    """The primary by the Sentinel with the newest configuration.

    Args:
        replies: to SENTINEL MASTER, names and values in turn.
    """
    newest = max(map(_pairs, replies), key=lambda info: int(info["config-epoch"]))
    return Address(newest["ip"], int(newest["port"]))


def _pairs(flat: Sequence[bytes]) -> dict[str, str]:
    texts = [part.decode() for part in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def topology_for(url: str, options: StoreOptions) -> Topology:
    """The topology of the Redis at this URL, not yet connected.

    Raises:
        ConfigurationError: it is not the URL of a Redis.
    """
    try:
        site = site_of(url)
    except ValueError as exc:
        raise ConfigurationError(f"[redis] url: {exc}") from exc
    connector = Connector(site, options)
    accept = partial(check_server, site.kind)
    if site.kind == "sentinel":
        return SentinelTopology(site, connector, accept)
    if site.kind == "cluster":
        return ClusterTopology(site, connector, accept)
    return Connection(connector.server(), accept)
