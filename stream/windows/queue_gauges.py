"""Readings of queues, from sources that have a gauge of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stream.events.batch import QueueRows
from stream.events.language import I64
from stream.events.names import Names
from stream.units import HOUR_MS, NEVER_MS
from stream.windows.sources import Sources

UNKNOWN_SOURCE = -1
"""Of a reading that was stored before readings had a source."""
_HOLDS_MS_WITHOUT_HEARTBEATS = HOUR_MS
_KEPT_MS = 2 * HOUR_MS


class GaugeReading(NamedTuple):
    """A reading of a queue."""

    ts_ms: int
    waiting: int
    oldest_wait_ms: int
    """-1: missing."""
    source: int = UNKNOWN_SOURCE


class GaugeSpan(NamedTuple):
    """A reading is the queue in [start_ms, end_ms)."""

    start_ms: int
    end_ms: int
    waiting: int
    oldest_since_ms: int
    """When the oldest waiting call was offered; NEVER_MS if none waits."""


class Gauges:
    """Readings by pool, sorted by time; of readings at one time the least counts.

    The newest reading is the queue until it expires: after three heartbeats of its source as
    configured, or an hour where heartbeats are off. Nobody knows what happened since.
    """

    def __init__(self, names: Names, sources: Sources) -> None:
        self._names = names
        self._sources = sources
        self.readings: dict[int, list[GaugeReading]] = {}

    def to_lists(self) -> list[tuple[int, list[tuple[int, ...]]]]:
        """The readings for a snapshot: pairs of a pool and its readings."""
        held = sorted(self.readings.items())
        return [(pool, [tuple(one) for one in readings]) for pool, readings in held]

    def fill(self, stored: Iterable[tuple[int, Sequence[Sequence[int]]]]) -> None:
        """Restore the readings of what `to_lists` gave."""
        self.readings = {pool: [GaugeReading(*one) for one in held] for pool, held in stored}

    def push(self, rows: QueueRows, source: I64, unjudged_ms: int = NEVER_MS) -> None:
        """Insert readings and drop old ones.

        Args:
            rows: the readings, (N,).
            source: (N,) of each.
            unjudged_ms: Readings from here on are retained, since control has not evaluated them.
        """
        changed = set()
        columns = (rows.pool, rows.ts_ms, rows.waiting, rows.oldest_wait_ms, source)
        for pool, *values in zip(*(column.tolist() for column in columns), strict=True):
            held = self.readings.setdefault(pool, [])
            if values != held[-1:]:
                held.append(GaugeReading(*values))
                changed.add(pool)
        for pool in changed:
            ordered = sorted(set(self.readings[pool]), key=self._order, reverse=True)
            cut_ms = min(ordered[0].ts_ms, unjudged_ms) - _KEPT_MS
            least = {one.ts_ms: one for one in ordered if one.ts_ms > cut_ms}
            self.readings[pool] = list(reversed(least.values()))

    def _order(self, one: GaugeReading) -> tuple[int, int, int, str]:
        known = one.source != UNKNOWN_SOURCE
        name = self._names.sources.keys[one.source][1] if known else ""
        return one.ts_ms, one.waiting, one.oldest_wait_ms, name

    def spans(self, pool: int, from_ms: int, until_ms: int) -> list[GaugeSpan]:
        """The parts of [from_ms, until_ms) in which a reading is the queue, in order."""
        held = self.readings.get(pool, ())
        found = []
        for place, one in enumerate(held):
            start_ms, end_ms = max(one.ts_ms, from_ms), min(self._expires_ms(one), until_ms)
            if place + 1 < len(held):
                end_ms = min(end_ms, held[place + 1].ts_ms)
            if start_ms < end_ms:
                since_ms = one.ts_ms - max(one.oldest_wait_ms, 0) if one.waiting else NEVER_MS
                found.append(GaugeSpan(start_ms, end_ms, one.waiting, since_ms))
        return found

    def _expires_ms(self, one: GaugeReading) -> int:
        three_ms = None
        if one.source != UNKNOWN_SOURCE:
            three_ms = self._sources.three_heartbeats_ms(self._names.sources.keys[one.source][1])
        return one.ts_ms + (_HOLDS_MS_WITHOUT_HEARTBEATS if three_ms is None else three_ms)
