"""Parses ``[redis] url``: one server, one monitored by Sentinels, or a cluster."""

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

SCHEMES: Final = (
    *("redis", "rediss", "unix"),
    *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
)

_MANY = re.compile(
    r"(?P<scheme>rediss?)\+(?P<kind>sentinel|cluster)://"
    r"(?:(?P<user>[^/?]*)@)?(?P<hosts>[^/?]*)(?P<path>/[^?]*)?(?P<options>\?.*)?"
)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):(?P<port>\d{1,5})")
_SERVICE = re.compile(r"/(?P<service>[A-Za-z0-9._-]+)(?:/(?P<db>\d{1,3})?)?")

Kind = Literal["server", "sentinel", "cluster"]


class Address(NamedTuple):
    """Where one server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        """As in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Site:
    """One Redis deployment, of any kind."""

    kind: Kind
    url: str
    """Of one server, as the client library reads it; of several: of the first, from which user,
    password, number of the database and options are taken."""
    addresses: tuple[Address, ...] = ()
    """Initial nodes: Sentinels, or nodes of the cluster."""
    service: str = ""
    """The Sentinels' name for the primary and its replicas."""


def site_of(url: str) -> Site:
    """The site at this URL.

    Raises:
        ValueError: the URL is invalid; the text says why, and holds no secret.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or not rest.strip("/"):
        raise ValueError(f"must begin with one of {', '.join(f'{name}://' for name in SCHEMES)}")
    match = _MANY.fullmatch(url)
    if match is None:
        return Site("server", url)
    if set("@,") & set(match["user"] or ""):
        raise ValueError(
            "write user and password once, before the first address; '@' in them is %40, ',' %2C"
        )
    addresses = tuple(map(_address, match["hosts"].split(",")))
    user = f"{match['user']}@" if match["user"] is not None else ""
    first = f"{match['scheme']}://{user}{addresses[0]}"
    options, path = match["options"] or "", match["path"] or ""
    if match["kind"] == "cluster":
        if path not in {"", "/", "/0"}:
            raise ValueError("a cluster has only database 0: write nothing after its addresses")
        return Site("cluster", first + options, addresses)
    service = _SERVICE.fullmatch(path)
    if service is None:
        raise ValueError(
            "behind the Sentinels' addresses stands the service's name, and a number if not "
            "database 0 is meant: redis+sentinel://host:26379,host:26379/SERVICE/0"
        )
    url_of_first = f"{first}/{service['db'] or 0}{options}"
    return Site("sentinel", url_of_first, addresses, service["service"])


def _address(text: str) -> Address:
    match = _HOST.fullmatch(text.strip())
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ValueError(f"'{text}' is no address; write host:port, several with commas between")
    return Address(match["host"].strip("[]"), int(match["port"]))
