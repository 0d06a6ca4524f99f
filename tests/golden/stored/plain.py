"""Stored bytes in words, read without the program's help: what stands where, under which name.

What differs from run to run is left out: the values of ids, tokens and epochs.
"""

import base64
import hashlib
import re
import struct
import zlib
from typing import Any

import orjson

from tests.golden.stored.keeping import GUARDS, Dump, as_before

RANDOM = (b"epoch", b"token", b"manifest_id", *(GUARDS + name for name in (b"epoch", b"revision")))
SINCE_0_1_0 = (b"fingerprint",)
"""Fields of a shard that an older version neither writes nor reads."""
PIECES_SINCE_0_1_0 = ("first_heartbeat_ms",)
"""The same of the pieces of a part."""
HOUR = struct.Struct("<4sII")
Pieces = list[tuple[str, str, list[int], bytes]]
"""Name, type, shape and bytes of each piece."""


def decoded(text: str) -> bytes:
    return base64.b64decode(text)


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def pieces_of(packed: bytes) -> Pieces:
    """The pieces of a part, or of the state of control."""
    size = int.from_bytes(packed[:4], "little")
    at = 4 + size
    found: Pieces = []
    for name, kind, shape, length in orjson.loads(packed[4:at]):
        found.append((name, kind, shape, packed[at : at + length]))
        at += length
    return found


def packed(pieces: Pieces) -> bytes:
    """The bytes of pieces."""
    head = orjson.dumps([[name, kind, shape, len(data)] for name, kind, shape, data in pieces])
    return len(head).to_bytes(4, "little") + head + b"".join(data for *_, data in pieces)


def body_of(hour: bytes) -> tuple[dict[str, Any], bytes]:
    """What an archived hour says in words, and its numbers."""
    body = zlib.decompress(hour[HOUR.size :])
    size = int.from_bytes(body[:4], "little")
    return orjson.loads(body[4 : 4 + size]), body[4 + size :]


def hour_of(about: dict[str, Any], numbers: bytes, old: bytes) -> bytes:
    """The bytes of such an hour."""
    words = orjson.dumps(about)
    body = len(words).to_bytes(4, "little") + words + numbers
    mark, number, _ = HOUR.unpack(old[: HOUR.size])
    return HOUR.pack(mark, number, len(body)) + zlib.compress(body)


def plain(dump: Dump) -> dict[str, Any]:
    """All that is held, in words, by key."""
    return {
        re.sub(r"(:part:.*:)[0-9a-f]{16}(:\d+)$", r"\1ID\2", key): _plain(key, kind, held)
        for key, (kind, held) in dump.items()
    }


def _plain(key: str, kind: str, held: Any) -> Any:
    if ":part:" in key:
        return _pieces(zlib.decompress(decoded(held)))
    if ":hour:" in key:
        about, numbers = body_of(decoded(held))
        return [kind, decoded(held)[:8], about, _digest(numbers)]
    if key.endswith(":store"):
        return [kind]
    if kind == "hash":
        return {
            decoded(field): _value(key, decoded(field), decoded(value))
            for field, value in held
            if decoded(field) not in SINCE_0_1_0
        }
    return [kind, held]


def _value(key: str, field: bytes, value: bytes) -> Any:
    if field in RANDOM:
        return "ID"
    if field == b"control":
        return {
            name: [of_array, data]
            if of_array and name != "control"
            else _known_cover(orjson.loads(data))
            for name, of_array, _, data in pieces_of(value)
        }
    if field == b"manifest":
        known = re.sub(rb',"record":("[0-9a-f]{48}"|null)', b"", value)  # since 0.1.0
        return re.sub(rb'"[0-9a-f]{16}"', b'"ID"', known)
    if key.endswith(":outbox"):
        place, body = value.split(b":{", 1)[0], value[value.index(b"{") :]
        return [place, as_before(body)]
    return value


def _known_cover(state: Any) -> Any:
    """The state of control, without what cover remembers since 0.1.0: whether its pool is open."""
    for *_, record in state["pools"] if isinstance(state, dict) and "pools" in state else ():
        if "cover" in record:
            since, episode = record["cover"][:2], record["cover"][-1]
            record["cover"] = [*since, episode]
    return state


def _pieces(raw: bytes) -> dict[str, Any]:
    return {
        name: [kind, shape, _digest(data)]
        for name, kind, shape, data in pieces_of(raw)
        if name not in PIECES_SINCE_0_1_0
    }


def _digest(data: bytes) -> str:
    """Short data as they are, since a difference is read by people."""
    return repr(data) if len(data) < 200 else hashlib.sha256(data).hexdigest()
