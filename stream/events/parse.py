"""Parses records into events, many at a time; a broken record affects no other."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from stream.events.language import Reason
from stream.events.typed import Event

RECORD_BYTES_MOST = 4 * 1024 * 1024
"""Larger records are rejected unread; Kafka's own default limit is 1 MiB."""

_SEPARATOR = secrets.randbits(62)
_JOINT = b",%d," % _SEPARATOR
# A number that no record can know separates the records of the joined array. So records that are
# broken alone but valid together (`{"a":1` and `"b":2}`) cannot pass as one.
_NOT_PLAIN = (b"\\", b"/", b"\x7f")
"""Bytes in ASCII that make a text longer than it looks, or invalid as a name."""
_JOINED = msgspec.json.Decoder(list[Event | list[Event] | int])


class Unusual(Exception):
    """Something in a run of records needs `fields.read`; it may be valid or not."""


class UnreadableRecord(Exception):
    """A record without any event."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Parsed(NamedTuple):
    """Events of a run of records."""

    events: list[Event]
    place: list[int] | None
    """The index of each event's record; None: one event from each."""
    is_plain: bool
    """True only if texts have as many bytes as characters, and none that names must not contain."""


def parse(values: Sequence[bytes | None]) -> Parsed:
    """Read a run of records, each one event or an array of events.

    Raises:
        Unusual: a record does not match the types of `typed`, or is not JSON.
    """
    try:
        joined = b"[" + _JOINT.join(values) + b"]"  # type: ignore[arg-type]
        is_ascii = joined.isascii()
        if not is_ascii:
            joined.decode()  # unknown fields are not checked below
        parsed = _JOINED.decode(joined)
    except (msgspec.MsgspecError, TypeError, UnicodeDecodeError, RecursionError):
        raise Unusual from None
    held = parsed[::2]
    if len(parsed) != 2 * len(values) - 1 or parsed[1::2].count(_SEPARATOR) != len(held) - 1:
        raise Unusual
    if max(map(len, values)) > RECORD_BYTES_MOST:  # type: ignore[arg-type]
        raise Unusual
    return _flat(held, is_plain=is_ascii and not any(map(joined.__contains__, _NOT_PLAIN)))


def convert(objects: Sequence[object]) -> Parsed:
    """Convert objects that were parsed already.

    Raises:
        Unusual: one does not match the types of `typed`.
    """
    try:
        events = msgspec.convert(objects, list[Event])
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        raise Unusual from None
    return Parsed(events, None, is_plain=False)


def _flat(held: list[Any], *, is_plain: bool) -> Parsed:
    types = set(map(type, held))
    if int in types:
        raise Unusual
    if list not in types:
        return Parsed(held, None, is_plain)
    events: list[Event] = []
    place: list[int] = []
    for index, one in enumerate(held):
        several = one if type(one) is list else [one]
        if not several:
            raise Unusual
        events += several
        place += [index] * len(several)
    return Parsed(events, place, is_plain)


def documents(value: bytes | None) -> list[Any]:
    """The events of a single record, as plain objects.

    Raises:
        UnreadableRecord: there is none, the record is too large, or it is not JSON.
    """
    if not value:
        raise UnreadableRecord(Reason.empty, "the record has no value")
    if len(value) > RECORD_BYTES_MOST:
        detail = f"the record has {len(value)} bytes; allowed: {RECORD_BYTES_MOST}"
        raise UnreadableRecord(Reason.too_large, detail)
    try:
        events = msgspec.to_builtins(parse([value]).events)
    except Unusual:
        try:
            events = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise UnreadableRecord(Reason.broken_json, str(error)) from None
    if events == []:
        raise UnreadableRecord(Reason.empty, "the record is an empty array")
    return events if isinstance(events, list) else [events]
