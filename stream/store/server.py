"""Checks that a Redis server can keep the store's guarantees."""

from typing import Final

from redis.exceptions import ReadOnlyError

from stream.errors import StateError
from stream.store.address import Kind
from stream.store.connection import ServerInfo

OLDEST: Final = (6, 2)
"""The oldest Redis that the tests run on."""

_FORMS: Final = {
    "cluster": "this Redis is one of a cluster; write [redis] url = redis+cluster://host:port",
    "sentinel": "this is a Sentinel; write [redis] url = redis+sentinel://host:port/SERVICE",
}


def check_server(kind: Kind, info: ServerInfo) -> None:
    """Refuse a Redis on which the guarantees would not hold; called for each new connection.

    Args:
        kind: what the configuration says that it is.
        info: the fields of INFO.

    Raises:
        ReadOnlyError: it is a replica (at present).
        StateError: too old, of another kind, or it may evict keys.
    """
    version = info.get("redis_version", "0")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StateError(f"Redis {version} is too old; install 6.2 or newer")
    mode = info.get("redis_mode", "")
    if mode in _FORMS and mode != kind:
        raise StateError(_FORMS[mode])
    if info.get("role") == "slave":
        raise ReadOnlyError
    if unfit := eviction(info):
        raise StateError(unfit)


def eviction(info: ServerInfo) -> str:
    """Whether a server may evict keys, as text that says what to do; empty: it may not.

    Anybody may change that while a worker runs (CONFIG SET), so it is checked again and again.
    """
    policy = info.get("maxmemory_policy", "unknown")
    if policy == "noeviction":
        return ""
    return (
        f"Redis has maxmemory-policy {policy}: it could remove state and keep the offset. "
        "Run: redis-cli CONFIG SET maxmemory-policy noeviction (and in redis.conf)"
    )
