"""Where the suite runs: stores on one Redis, which loses replies and is set back on demand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Literal, Protocol, Self, get_args
from unittest.mock import patch

import redis
from redis.asyncio.connection import AbstractConnection

from stream.cli.embedded import RedisProgram
from stream.store import topology
from stream.store.address import Address
from stream.store.connector import Connector
from stream.store.memory import MemoryStore
from stream.store.memory_server import MemoryServer
from stream.store.options import StoreOptions
from stream.store.protocol import Store
from stream.store.redis import RedisStore
from stream.store.scripts import ScriptName, script
from tests.redises import client_of
from tests.store.proxy import VIEW_FIELDS, Proxy

Write = Literal["commit", "flip"]
QUICK = StoreOptions(patience_s=10.0, answer_timeout_s=5.0, view_fields=VIEW_FIELDS)


class World(Protocol):
    """One server and its stores."""

    async def store(self) -> Store:
        """The store of one more worker, open."""
        ...

    def lost_reply(self, store: Store, write: Write) -> Any:
        """A block in which the reply to this store's first such write is lost."""
        ...

    def copy(self) -> object:
        """All that the server holds."""
        ...

    def set_back(self, earlier: Any) -> None:
        """Make the server hold what it held then."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_exc: object) -> None: ...


class MemoryWorld:
    """The memory twin."""

    def __init__(self) -> None:
        self.server = MemoryServer()

    async def store(self) -> Store:
        return MemoryStore(self.server, VIEW_FIELDS)

    @contextmanager
    def lost_reply(self, store: Store, write: Write) -> Iterator[None]:
        assert isinstance(store, MemoryStore)
        store.lose_reply = True
        yield
        store.lose_reply = False

    def copy(self) -> MemoryServer:
        return self.server.copy()

    def set_back(self, earlier: MemoryServer) -> None:
        self.server.set_back(earlier)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        return


class RedisWorld:
    """A real Redis behind a proxy for each store."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.admin: redis.Redis = client_of(url)
        self.proxies: dict[int, Proxy] = {}
        self._stack = AsyncExitStack()
        for name in get_args(ScriptName):
            # Else the reply that the proxy loses might be that the script is not known.
            self.admin.script_load(script(name, VIEW_FIELDS if name == "view" else ()).text)

    async def store(self) -> Store:
        proxy = await self._stack.enter_async_context(Proxy(self.url))
        store = await self._stack.enter_async_context(RedisStore(proxy.url, QUICK))
        self.proxies[id(store)] = proxy
        return store

    def proxy_of(self, store: Store) -> Proxy:
        return self.proxies[id(store)]

    @contextmanager
    def lost_reply(self, store: Store, write: Write) -> Iterator[None]:
        proxy = self.proxies[id(store)]
        proxy.lose_reply_to(write)
        yield
        proxy.be_honest()

    def copy(self) -> dict[bytes, bytes]:
        found = {key: self.admin.dump(key) for key in self.admin.scan_iter()}
        return {key: value for key, value in found.items() if isinstance(key, bytes) and value}

    def set_back(self, earlier: dict[bytes, bytes]) -> None:
        self.admin.flushdb()
        for key, value in earlier.items():
            self.admin.restore(key, 0, value)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()
        self.admin.close()


class SeveralWorld(RedisWorld):
    """A Redis of several servers, with a proxy before each of them for each store."""

    def __init__(self, url: str, servers: Sequence[RedisProgram]) -> None:
        super().__init__(url)
        self._servers = servers
        self._proxies_of: dict[int, list[Proxy]] = {}

    async def store(self) -> Store:
        enter = self._stack.enter_async_context
        proxies = {each.port: await enter(Proxy(each.url)) for each in self._servers}
        with dialed_through({port: proxy.port for port, proxy in proxies.items()}):
            store = RedisStore(self.url, QUICK)
        self._proxies_of[id(store)] = [*proxies.values()]
        return await enter(store)

    @contextmanager
    def lost_reply(self, store: Store, write: Write) -> Iterator[None]:
        proxies = self._proxies_of[id(store)]
        for proxy in proxies:
            proxy.lose_reply_to(write)
        yield
        for proxy in proxies:
            proxy.be_honest()


@contextmanager
def dialed_through(ports: Mapping[int, int]) -> Iterator[None]:
    """Stores made in this block reach servers at one port by another, except for discovery."""

    class Through(Connector):
        def server(self, address: Address | None = None) -> AbstractConnection:
            assert address is not None
            return super().server(Address(address.host, ports.get(address.port, address.port)))

    with patch.object(topology, "Connector", Through):
        yield
