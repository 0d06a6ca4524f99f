"""Every name in stored bytes, and the same bytes with one of them changed.

A version in which a stored name was changed meets older state just so: it looks for a name that is
not there, and finds one that it does not know.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.golden.stored.keeping import GUARDS, Dump
from tests.golden.stored.plain import body_of, decoded, encoded, hour_of, packed, pieces_of

OTHER = "_"
"""What is put behind a name."""
OF_SHARD = ("shard", "store", "outbox", "part", "hours", "hour", "views", "garbage")
"""Words in the keys of a shard."""
Change = Callable[[bytes], bytes]


def changed(name: str) -> str:
    return name + OTHER


def all_names(dump: Dump) -> Iterator[str]:
    """Each name once, with where it stands."""
    seen = dict.fromkeys(_names(dump))
    yield from sorted(seen)


def _names(dump: Dump) -> Iterator[str]:
    for key, (kind, held) in dump.items():
        if "{" in key:
            yield f"key {key.split('}:')[1].split(':')[0]}"
        if ":part:" in key:
            part = _part_of(key)
            yield f"part {part}"
            yield from (f"{part}: {name}" for name, *_ in pieces_of(_part(held)))
        elif ":hour:" in key:
            about, _ = body_of(decoded(held))
            yield from (f"hour: {name}" for name in about)
            yield from (f"hour column: {table}.{column}" for table, column, _ in about["columns"])
        elif key.endswith("}:shard"):
            yield from _of_shard(dict(_raw(held)))
        elif kind == "hash" and "{" not in key:
            yield from (f"view: {f.decode()}" for f, _ in _raw(held) if f.startswith(GUARDS))


def _of_shard(fields: dict[bytes, bytes]) -> Iterator[str]:
    yield from (f"shard: {field.decode()}" for field in fields)
    yield from (f"manifest: {name}" for name in orjson.loads(fields[b"manifest"]))
    for name, *_, data in pieces_of(fields[b"control"]):
        yield f"control state: {name}"
        if name == "control":
            yield from (f"control: {inner}" for inner in _keys(orjson.loads(data)))


def _keys(value: Any) -> Iterator[str]:
    """All names of fields, however deep."""
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _keys(inner)
    if isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _renamed(value: Any, name: str) -> Any:
    """The same with this name changed, wherever it stands."""
    if isinstance(value, dict):
        return {changed(k) if k == name else k: _renamed(v, name) for k, v in value.items()}
    return [_renamed(inner, name) for inner in value] if isinstance(value, list) else value


def _raw(held: list[list[str]]) -> list[tuple[bytes, bytes]]:
    return [(decoded(field), decoded(value)) for field, value in held]


def _part(held: str) -> bytes:
    return zlib.decompress(decoded(held))


def _part_of(key: str) -> str:
    return key.split(":part:")[1].split(":", maxsplit=1)[0].split("/", maxsplit=1)[0]


# ------------------------------------------------------------------------------ changes


def with_changed(dump: Dump, what: str) -> Dump:
    """All of it, with one name changed."""
    where, _, name = what.partition(": ")
    found: Dump = {}
    for key, (kind, held) in dump.items():
        to, new = key, held
        if where.startswith("key "):
            to = key.replace("}:" + where[4:], "}:" + changed(where[4:]), 1)
            to = key if key.split("}:")[-1].split(":")[0] != where[4:] else to
        elif ":part:" in key and where == f"part {_part_of(key)}":
            to = key.replace(":part:" + where[5:], ":part:" + changed(where[5:]), 1)
        elif ":part:" in key and where == _part_of(key):
            new = encoded(zlib.compress(_pieces(_part(held), name)))
        elif ":hour:" in key:
            new = encoded(_hour(decoded(held), where, name))
        elif key.endswith("}:shard"):
            new = _fields(_raw(held), lambda raw: _shard(raw, where, name))
        elif where == "view" and kind == "hash" and "{" not in key:
            new = _fields(_raw(held), lambda raw: _field(raw, name))
        found[to] = [kind, new]
    return found


def _pieces(raw: bytes, name: str) -> bytes:
    return packed([(changed(n) if n == name else n, *rest) for n, *rest in pieces_of(raw)])  # type: ignore[misc]


def _hour(raw: bytes, where: str, name: str) -> bytes:
    about, numbers = body_of(raw)
    if where == "hour":
        about = {changed(key) if key == name else key: value for key, value in about.items()}
    elif where == "hour column":
        about["columns"] = [
            [table, changed(column) if f"{table}.{column}" == name else column, width]
            for table, column, width in about["columns"]
        ]
    else:
        return raw
    return hour_of(about, numbers, raw)


def _fields(
    fields: list[tuple[bytes, bytes]],
    change: Callable[[dict[bytes, bytes]], dict[bytes, bytes]],
) -> list[list[str]]:
    return [[encoded(field), encoded(value)] for field, value in change(dict(fields)).items()]


def _field(fields: dict[bytes, bytes], name: str) -> dict[bytes, bytes]:
    old = name.encode()
    return {changed(name).encode() if f == old else f: value for f, value in fields.items()}


def _shard(fields: dict[bytes, bytes], where: str, name: str) -> dict[bytes, bytes]:
    if where == "shard":
        return _field(fields, name)
    fields = dict(fields)
    if where == "manifest":
        manifest = orjson.loads(fields[b"manifest"])
        fields[b"manifest"] = orjson.dumps(
            {changed(key) if key == name else key: value for key, value in manifest.items()}
        )
    elif where == "control state":
        fields[b"control"] = _pieces(fields[b"control"], name)
    elif where == "control":
        fields[b"control"] = packed(
            [
                (n, kind, [len(new)] if n == "control" else shape, new)
                for n, kind, shape, data in pieces_of(fields[b"control"])
                for new in [
                    orjson.dumps(_renamed(orjson.loads(data), name)) if n == "control" else data
                ]
            ]
        )
    return fields
