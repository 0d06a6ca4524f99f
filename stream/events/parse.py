"""Bytes of records to JSON documents, many at a time; a broken record harms no other."""

import secrets
from collections.abc import Sequence
from typing import Any

import orjson

from stream.events.language import Reason, Rejected

RECORD_BYTES_MOST = 4 * 1024 * 1024
"""Larger records are refused unread: Kafka's own default limit is 1 MiB."""

_SEPARATOR = secrets.randbits(62)
_JOINT = b",%d," % _SEPARATOR
# A number that no record can know stands between the records of the joined array. So records that
# are broken alone but would make sense together (`{"a":1` and `"b":2}`) cannot pass as one.


def parse(values: Sequence[bytes | None]) -> tuple[list[Any], list[int], list[Rejected]]:
    """Documents, the index of the record that each came from, and the records without any.

    A record is one object or an array of objects.
    """
    documents = _joined(values)
    if documents is not None:
        return documents, list(range(len(values))), []
    return _one_by_one(values)


def _joined(values: Sequence[bytes | None]) -> list[Any] | None:
    try:
        parsed = orjson.loads(b"[" + _JOINT.join(values) + b"]")  # type: ignore[arg-type]
    except (orjson.JSONDecodeError, TypeError):
        return None
    documents: list[Any] = parsed[::2]
    count = len(values)
    if len(parsed) != max(0, 2 * count - 1) or parsed[1::2].count(_SEPARATOR) != count - 1:
        return None
    if not set(map(type, documents)) <= {dict}:
        return None
    if max(map(len, values), default=0) > RECORD_BYTES_MOST:  # type: ignore[arg-type]
        return None
    return documents


def _one_by_one(
    values: Sequence[bytes | None],
) -> tuple[list[Any], list[int], list[Rejected]]:
    documents: list[Any] = []
    records: list[int] = []
    rejected: list[Rejected] = []
    for index, value in enumerate(values):
        try:
            held = _read(value)
        except _Unreadable as error:
            rejected.append(Rejected(index, error.reason, error.detail))
            continue
        documents += held
        records += [index] * len(held)
    return documents, records, rejected


class _Unreadable(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _read(value: bytes | None) -> list[Any]:
    if not value:
        raise _Unreadable(Reason.empty, "the record has no value")
    if len(value) > RECORD_BYTES_MOST:
        detail = f"the record has {len(value)} bytes; allowed: {RECORD_BYTES_MOST}"
        raise _Unreadable(Reason.too_large, detail)
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _Unreadable(Reason.broken_json, str(error)) from None
    if isinstance(parsed, list):
        if not parsed:
            raise _Unreadable(Reason.empty, "the record is an empty array")
        return parsed
    return [parsed]
