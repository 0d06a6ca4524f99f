"""Parses ``[redis] url``: one server, one monitored by Sentinels, or a cluster.

This is the only reading of the URL. The check of the configuration, the text that is printed and
the client all use its result, so what is valid can be dialed, and what is secret is never printed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

from stream.store.url_options import options_of

SCHEMES: Final = (
    *("redis", "rediss", "unix"),
    *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
)
ENCODE: Final = (
    "in user, password and options write % as %25, / as %2F, ? as %3F, # as %23 and @ as %40"
)

_PARTS = re.compile(
    r"(?:(?P<login>[^/?]*)@)?(?P<hosts>[^/?@]*)(?P<path>/[^?@]*)?(?:\?(?P<query>[^@]*))?"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]{1,5}))?")
_SERVICE = re.compile(r"/(?P<service>[A-Za-z0-9._-]+)(?:/(?P<db>[0-9]{1,5})?)?")
_DATABASE = re.compile(r"(?:/(?P<db>[0-9]{1,5})?)?/?")
_DEFAULT_PORT: Final = 6379
_OF_SEVERAL: Final = "one server has one address; for several write redis+sentinel or redis+cluster"

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
    masked: str
    """The URL as it may be printed: without password and options."""
    tls: bool = False
    addresses: tuple[Address, ...] = ()
    """Of the server; or initial nodes: Sentinels, or nodes of the cluster."""
    path: str = ""
    """Of the Unix socket; then there is no address."""
    user: str = ""
    password: str = field(default="", repr=False)
    db: int = 0
    """Number of the database."""
    service: str = ""
    """The Sentinels' name for the primary and its replicas."""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further arguments of the client library's connections, as written."""


def site_of(url: str) -> Site:
    """The site at this URL.

    Raises:
        ValueError: the URL is invalid; the text says why, and quotes nothing of it: any part of an
            invalid URL may belong to the password.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or not rest.strip("/"):
        raise ValueError(f"must begin with one of {', '.join(f'{name}://' for name in SCHEMES)}")
    if _CONTROL.search(rest):
        raise ValueError("holds a control character, such as the end of a line")
    parts = _PARTS.fullmatch(rest)
    if parts is None or "#" in rest:
        raise ValueError(ENCODE)
    base, _, form = scheme.partition("+")
    kind: Kind = "sentinel" if form == "sentinel" else "cluster" if form else "server"
    login, hosts, path = parts["login"] or "", parts["hosts"], parts["path"] or ""
    options = options_of(parts["query"] or "", base=base, sentinel=kind == "sentinel")
    place = _socket(hosts, path) if base == "unix" else _PLACES[kind](login, hosts, path)
    user, _, password = map(_decoded, login.partition(":"))
    shown = login and f"{_masked(login)}@"
    return Site(
        kind=kind,
        masked=f"{scheme}://{shown}{hosts}{path}",
        tls=base == "rediss",
        user=options.pop("username", user),
        password=options.pop("password", password),
        addresses=place.addresses,
        path=place.path,
        service=place.service,
        db=_database(kind, place.db, options.pop("db", "")),
        options=options,
    )


class _Place(NamedTuple):
    """What addresses and path of a URL say."""

    addresses: tuple[Address, ...] = ()
    path: str = ""
    service: str = ""
    db: str = ""


def _server(_login: str, hosts: str, path: str) -> _Place:
    if "," in hosts:
        raise ValueError(_OF_SEVERAL)
    database = _DATABASE.fullmatch(path)
    if database is None:
        raise ValueError("after the address comes the number of the database, such as /0")
    return _Place((_address(hosts, _DEFAULT_PORT),), db=database["db"] or "")


def _socket(hosts: str, path: str) -> _Place:
    if hosts or not path.strip("/"):
        raise ValueError("after unix:// comes a path that begins with /, and no host")
    return _Place(path=_decoded(path))


def _cluster(login: str, hosts: str, path: str) -> _Place:
    if path not in {"", "/", "/0"}:
        raise ValueError("a cluster has only database 0: write nothing after its addresses")
    return _Place(_several(login, hosts))


def _sentinels(login: str, hosts: str, path: str) -> _Place:
    addresses, found = _several(login, hosts), _SERVICE.fullmatch(path)
    if found is None:
        raise ValueError(
            "after the Sentinels' addresses comes the service's name, and a number if not "
            "database 0 is meant: redis+sentinel://host:26379,host:26379/SERVICE/0"
        )
    return _Place(addresses, service=found["service"], db=found["db"] or "")


_PLACES: Final = {"server": _server, "sentinel": _sentinels, "cluster": _cluster}


def _database(kind: Kind, of_path: str, of_option: str) -> int:
    db = int(of_option or of_path or 0)
    if of_option and of_path and int(of_path) != db:
        raise ValueError("the path and ?db name different databases")
    if kind == "cluster" and db:
        raise ValueError("a cluster has only database 0")
    return db


def _several(login: str, hosts: str) -> tuple[Address, ...]:
    if set("@,") & set(login):
        raise ValueError(
            "write user and password once, before the first address; '@' in them is %40, ',' %2C"
        )
    return tuple(_address(host.strip()) for host in hosts.split(","))


def _address(text: str, port: int | None = None) -> Address:
    """The address `host:port`; `port` where the text has none."""
    match = _HOST.fullmatch(text)
    found = int(match["port"] or port or 0) if match else 0
    if match is None or not 0 < found < 65536:
        raise ValueError(
            "an address is no host:port with a port from 1 to 65535 (IPv6 in brackets); separate "
            "several by commas"
        )
    return Address(match["host"].strip("[]"), found)


def _masked(login: str) -> str:
    """User and password as they may be printed; a user alone may be a token."""
    user, colon, _ = login.partition(":")
    return f"{user}:***" if colon else "***"


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(ENCODE) from None
