"""What a server of Redis must be, so that the promises hold on it."""

from typing import Final

from redis.exceptions import ReadOnlyError

from stream.errors import StateError
from stream.store.address import Kind
from stream.store.connection import Facts

OLDEST: Final = (6, 2)
"""The oldest Redis that the tests run on."""

_FORMS: Final = {
    "cluster": "this Redis is one of a cluster; write [redis] url = redis+cluster://host:port",
    "sentinel": "this is a Sentinel; write [redis] url = redis+sentinel://host:port/SERVICE",
}


def check_server(kind: Kind, facts: Facts) -> None:
    """Refuse a Redis on which the promises would not hold; looked at for each new connection.

    Args:
        kind: what the configuration says that it is.
        facts: what INFO says, by name.

    Raises:
        ReadOnlyError: it is a replica (at present).
        StateError: too old, of another kind, or it may evict keys.
    """
    version = facts.get("redis_version", "0")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StateError(f"Redis {version} is too old; install 6.2 or newer")
    mode = facts.get("redis_mode", "")
    if mode in _FORMS and mode != kind:
        raise StateError(_FORMS[mode])
    if facts.get("role") == "slave":
        raise ReadOnlyError
    policy = facts.get("maxmemory_policy", "unknown")
    if policy != "noeviction":
        raise StateError(
            f"Redis has maxmemory-policy {policy}: it could remove state and keep the offset. "
            "Run: redis-cli CONFIG SET maxmemory-policy noeviction (and in redis.conf)"
        )
