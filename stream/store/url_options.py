"""The options that ``[redis] url`` may have after "?": arguments of the client's connections.

Only these: others, such as decode_responses, would change what the store reads.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

_ANY = re.compile(r".+", re.DOTALL)
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_YES_OR_NO = re.compile(r"true|false|yes|no|1|0", re.IGNORECASE)

_PLAIN: Final[Mapping[str, re.Pattern[str]]] = {
    "db": re.compile(r"[0-9]{1,5}"),
    "username": _ANY,
    "password": _ANY,
    "client_name": re.compile(r"[!-~]+"),
    "socket_timeout": _SECONDS,
    "socket_connect_timeout": _SECONDS,
    "health_check_interval": re.compile(r"[0-9]{1,6}"),
}
_TCP: Final = {"socket_keepalive": _YES_OR_NO}
_TLS: Final[Mapping[str, re.Pattern[str]]] = {
    "ssl_cert_reqs": re.compile("none|optional|required"),
    "ssl_check_hostname": _YES_OR_NO,
    "ssl_min_version": re.compile("[0-9]{1,4}"),
    **dict.fromkeys(
        (
            *("ssl_ca_certs", "ssl_ca_path", "ssl_ca_data", "ssl_certfile", "ssl_keyfile"),
            *("ssl_password", "ssl_ciphers"),
            *("ssl_include_verify_flags", "ssl_exclude_verify_flags"),
        ),
        _ANY,
    ),
}
_SENTINEL: Final[Mapping[str, re.Pattern[str]]] = {
    "sentinel_username": _ANY,
    "sentinel_password": _ANY,
}
_OF_SCHEME: Final = {"unix": {}, "redis": _TCP, "rediss": {**_TCP, **_TLS}}


def options_of(query: str, *, base: str, sentinel: bool) -> dict[str, str]:
    """The options of a URL, as written.

    Args:
        query: what follows "?".
        base: the scheme without kind: redis, rediss or unix.
        sentinel: whether Sentinels are asked.

    Raises:
        ValueError: an option is unknown, or its value invalid. The text does not quote an unknown
            name: after an unencoded "&" it may be part of a password.
    """
    known = {**_PLAIN, **_OF_SCHEME[base], **(_SENTINEL if sentinel else {})}
    try:
        # A "+" is itself, as in the login; forms alone take it for a space.
        pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("options after '?' have to be UTF-8, percent-encoded") from None
    found = dict(pairs)
    for name, value in found.items():
        if name not in known:
            raise ValueError(
                f"after '?' these options are allowed here: {', '.join(known)}; write & in a value "
                "as %26"
            )
        if known[name].fullmatch(value) is None:
            raise ValueError(f"option {name} has an invalid value")
    return found
