"""Creates connections of the client library, all with the same options."""

from collections.abc import Mapping
from typing import Any, Final

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from stream.errors import ConfigurationError
from stream.store.address import Address, Site
from stream.store.options import StoreOptions

DISCOVERY_TIMEOUT_S: Final = 0.5
"""Servers asked for the topology have to answer fast; all are asked at the same time."""


_LOGIN = ("username", "password")


class Connector:
    """Creates connections to the servers of one site, not yet connected and without retries.

    Raises:
        ConfigurationError: the site's URL holds what the client library cannot read.
    """

    def __init__(self, site: Site, options: StoreOptions) -> None:
        try:
            pool = ConnectionPool.from_url(
                site.url,
                protocol=2,
                socket_timeout=options.answer_timeout_s,
                socket_connect_timeout=options.connect_timeout_s,
                socket_read_size=128 * 1024,
                retry=Retry(NoBackoff(), 0),
                client_name="floorwatch",
            )
            self._class = pool.connection_class
            self._ours: dict[str, Any] = dict(pool.connection_kwargs)
            login = {name: self._ours.pop(f"sentinel_{name}", None) for name in _LOGIN}
            self._discovery: Mapping[str, Any] = {
                **self._ours,
                **({**login, "db": 0} if site.kind == "sentinel" else {}),
                "socket_timeout": DISCOVERY_TIMEOUT_S,
                "socket_connect_timeout": DISCOVERY_TIMEOUT_S,
            }
            self._class(**self._ours)  # raises for unknown options
        except (ValueError, TypeError) as exc:
            raise ConfigurationError(f"[redis] url: {exc}") from exc

    def server(self, address: Address | None = None) -> AbstractConnection:
        """To a server that holds data; without an address: to that of the URL."""
        return self._class(**{**self._ours, **(_place(address) if address else {})})

    def discovery(self, address: Address) -> AbstractConnection:
        """To a server that knows the topology: a Sentinel, or any node of a cluster."""
        return self._class(**{**self._discovery, **_place(address)})


def _place(address: Address) -> dict[str, Any]:
    return {"host": address.host, "port": address.port}
