"""Tumbling windows of local time, and the slices in which they are read from a shard."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from stream.calendar.schedules import local_edges
from stream.events.language import I64
from stream.units import MINUTE_MS

WindowName = Literal["5m", "15m", "30m", "1h", "1d"]
WINDOW_NAMES: Final = get_args(WindowName)

_SLICE_MS: Final = 15 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of one window that is read from the shard at once: at most a quarter-hour."""

    start_ms: int
    end_ms: int
    window_start_ms: int
    window_end_ms: int


def window_edges(zone: str, window: WindowName, from_ms: int, to_ms: int) -> I64:
    """Edges of windows that cover [from_ms, to_ms], aligned to the zone's clock.

    Raises:
        ValueError: the zone is unknown, or the range is outside 1970 to 2100.
    """
    if window != "5m":
        return local_edges(zone, window, from_ms, to_ms)
    quarters = local_edges(zone, "15m", from_ms, to_ms)
    edges = _cut(quarters, 5 * MINUTE_MS)
    first = int(np.searchsorted(edges, from_ms, side="right")) - 1
    return edges[first : int(np.searchsorted(edges, to_ms, side="left")) + 1]


def slices(edges: I64) -> list[Slice]:
    """The slices of consecutive windows, in order."""
    windows = zip(edges.tolist(), edges[1:].tolist(), strict=False)
    return [
        Slice(at, min(at + _SLICE_MS, end), start, end)
        for start, end in windows
        for at in range(start, end, _SLICE_MS)
    ]


def _cut(edges: I64, size_ms: int) -> I64:
    """The edges, with further ones between them, at most `size_ms` apart."""
    pieces = [
        np.arange(start, end, size_ms, dtype=np.int64)
        for start, end in zip(edges.tolist(), edges[1:].tolist(), strict=False)
    ]
    return np.concatenate([*pieces, edges[-1:]])
