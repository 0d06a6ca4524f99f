"""Checks of many values at once; whatever one of them may refuse is `Unusual`."""

from collections.abc import Sequence
from operator import attrgetter

import numpy as np

from stream.events import fields
from stream.events.language import I64
from stream.events.names import Names
from stream.events.parse import Unusual
from stream.events.typed import Event
from stream.roster import ID_BYTES_MOST, NOT_IN_IDS
from stream.units import EARLIEST_MS, LATEST_MS


def check_bytes(events: Sequence[Event]) -> None:
    """Check texts in bytes: the types count characters."""
    for name, limit in fields.TEXTS.items():
        texts = {text for text in map(attrgetter(name), events) if text}
        if any(len(text) * 4 > limit < len(text.encode(errors="replace")) for text in texts):
            raise Unusual


def check_floors(names: Names, floors: list[str]) -> None:
    """Check that floors belong to the partition of their records."""
    try:
        if any(map(names.stray, set(floors))):
            raise Unusual
    except UnicodeEncodeError:
        raise Unusual from None


def check_ids(texts: Sequence[str]) -> None:
    """Check many names at once; each has an allowed number of characters already."""
    if not texts:
        return
    together = "".join(texts)
    if NOT_IN_IDS.search(together):
        raise Unusual
    if not together.isascii() and max(len(text.encode()) for text in texts) > ID_BYTES_MOST:
        raise Unusual


def instants(cells: list[int | str]) -> I64:
    """Instants as milliseconds since 1970."""
    types = set(map(type, cells))
    if str in types:
        try:
            return np.array(list(map(fields.instant_ms, cells)), np.int64)
        except fields.InvalidEvent:
            raise Unusual from None
    try:
        values = np.array(cells, np.int64)
    except OverflowError:
        raise Unusual from None
    if len(values) and (values.min() < EARLIEST_MS or values.max() >= LATEST_MS):
        raise Unusual
    return values


def milliseconds(seconds: list[float]) -> I64:
    """Durations in milliseconds."""
    return np.rint(np.array(seconds, np.float64) * 1_000).astype(np.int64)
