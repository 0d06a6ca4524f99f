"""The ways to the primaries of one Redis: straight, or as Sentinels say."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from redis.exceptions import ConnectionError as NotThere
from redis.exceptions import ResponseError

from stream.errors import ConfigurationError
from stream.store.address import Address, Site, site_of
from stream.store.cluster import ClusterLink
from stream.store.connection import Answer, Connection, Facts, ask_all
from stream.store.connector import Connector
from stream.store.protocol import StoreOptions
from stream.store.scripts import Command
from stream.store.server import check_server


class Link(Protocol):
    """A way to all primaries of one Redis; what is lost on it is found anew."""

    async def connect(self) -> list[Facts]:
        """Connect to each primary; what each says of itself."""

    async def exchange(self, commands: Sequence[Command]) -> list[Answer]:
        """Send each command once, to where it belongs; a reply or an exception for each.

        Raises:
            RedisError, OSError: there was no way; some may have been executed.
            FloorwatchError: a server must not be used.
        """

    def doubt(self) -> None:
        """Something failed: before the next exchange ask anew which servers are primaries."""

    async def close(self) -> None:
        """Drop all connections; a later exchange makes new ones."""


class SentinelLink:
    """A line to the primary that Sentinels name.

    All of them are asked at the same time, and the one with the newest configuration is believed:
    one that was cut off goes on naming the old primary.
    """

    def __init__(self, site: Site, dialer: Connector, accept: Callable[[Facts], None]) -> None:
        self._service = site.service
        self._scouts = {address: Connection(dialer.scout(address)) for address in site.addresses}
        self._dialer = dialer
        self._accept = accept
        self._address: Address | None = None
        self._line: Connection | None = None
        self._doubted = True
        self._finding = asyncio.Lock()

    async def connect(self) -> list[Facts]:
        """See `Link`."""
        return await (await self._primary()).connect()

    async def exchange(self, commands: Sequence[Command]) -> list[Answer]:
        """See `Link`."""
        return await (await self._primary()).exchange(commands)

    def doubt(self) -> None:
        """See `Link`."""
        self._doubted = True

    async def close(self) -> None:
        """See `Link`."""
        lines = [*self._scouts.values(), *([self._line] if self._line else [])]
        await asyncio.gather(*(line.close() for line in lines))

    async def _primary(self) -> Connection:
        """The line to the primary, looked up at each new connection."""
        if self._line is not None and self._line.connected and not self._doubted:
            return self._line
        async with self._finding:
            address = await self._discover()
            if self._line is None or address != self._address:
                if self._line is not None:
                    await self._line.close()
                self._line = Connection(self._dialer.server(address), self._accept)
                self._address = address
            self._doubted = False
            return self._line

    async def _discover(self) -> Address:
        answers = await ask_all([*self._scouts.values()], [("SENTINEL", "MASTER", self._service)])
        replies = [reply for [reply] in answers]
        found = [reply for reply in replies if not isinstance(reply, Exception)]
        if found:
            return newest_primary(found)
        for reply in replies:
            if isinstance(reply, ResponseError):  # it is there, but does not know the service
                raise reply
        raise NotThere(f"no Sentinel answers at {', '.join(map(str, self._scouts))}")


def newest_primary(replies: Sequence[Sequence[bytes]]) -> Address:
    """The primary by the word of the Sentinel with the newest configuration.

    Args:
        replies: to SENTINEL MASTER, names and values in turn.
    """
    newest = max(map(_pairs, replies), key=lambda facts: int(facts["config-epoch"]))
    return Address(newest["ip"], int(newest["port"]))


def _pairs(flat: Sequence[bytes]) -> dict[str, str]:
    texts = [part.decode() for part in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def link_to(url: str, options: StoreOptions) -> Link:
    """A link to the Redis at this URL, not yet connected.

    Raises:
        ConfigurationError: it is no URL of a Redis.
    """
    try:
        site = site_of(url)
    except ValueError as exc:
        raise ConfigurationError(f"[redis] url: {exc}") from exc
    dialer = Connector(site, options)
    accept = partial(check_server, site.kind)
    if site.kind == "sentinel":
        return SentinelLink(site, dialer, accept)
    if site.kind == "cluster":
        return ClusterLink(site, dialer, accept)
    return Connection(dialer.server(), accept)
