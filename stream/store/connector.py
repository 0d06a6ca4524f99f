"""Creates connections of the client library, all with the same options."""

from collections.abc import Mapping
from typing import Any, Final

from redis.asyncio.connection import (
    URL_QUERY_ARGUMENT_PARSERS,
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from stream.errors import ConfigurationError
from stream.store.address import Address, Site
from stream.store.options import StoreOptions

DISCOVERY_TIMEOUT_S: Final = 0.5
"""Servers asked for the topology have to answer fast; all are asked at the same time."""


class Connector:
    """Creates connections to the servers of one site, not yet connected and without retries.

    Raises:
        ConfigurationError: the client library refuses an option of the site's URL.
    """

    def __init__(self, site: Site, options: StoreOptions) -> None:
        self._class = _class_for(site)
        try:
            given = {name: _parsed(name, value) for name, value in site.options.items()}
            login = {name: given.pop(f"sentinel_{name}", None) for name in ("username", "password")}
            self._ours = _arguments(site, options) | given
            self._discovery: Mapping[str, Any] = {
                **self._ours,
                **({**login, "db": 0} if site.kind == "sentinel" else {}),
                "socket_timeout": DISCOVERY_TIMEOUT_S,
                "socket_connect_timeout": DISCOVERY_TIMEOUT_S,
            }
            self._class(**self._ours)
        except (ValueError, TypeError, RedisError):
            # Its text may quote the value, which may be a secret.
            names = ", ".join(site.options)
            msg = f"[redis] url: the client library refuses the value of an option ({names})"
            raise ConfigurationError(msg) from None

    def server(self, address: Address | None = None) -> AbstractConnection:
        """To a server that holds data; without an address: to that of the URL."""
        return self._class(**{**self._ours, **(_place(address) if address else {})})

    def discovery(self, address: Address) -> AbstractConnection:
        """To a server that knows the topology: a Sentinel, or any node of a cluster."""
        return self._class(**{**self._discovery, **_place(address)})


def _class_for(site: Site) -> type[AbstractConnection]:
    if site.path:
        return UnixDomainSocketConnection
    return SSLConnection if site.tls else Connection


def _arguments(site: Site, options: StoreOptions) -> dict[str, Any]:
    return {
        **({"path": site.path} if site.path else _place(site.addresses[0])),
        "username": site.user or None,
        "password": site.password or None,
        "db": site.db,
        "protocol": 2,
        "socket_timeout": options.answer_timeout_s,
        "socket_connect_timeout": options.connect_timeout_s,
        "socket_read_size": 128 * 1024,
        "retry": Retry(NoBackoff(), 0),
        "client_name": "floorwatch",
    }


def _parsed(name: str, value: str) -> Any:  # noqa: ANN401 - as the library's parsers
    parse = URL_QUERY_ARGUMENT_PARSERS.get(name)
    return parse(value) if parse else value


def _place(address: Address) -> dict[str, Any]:
    return {"host": address.host, "port": address.port}
