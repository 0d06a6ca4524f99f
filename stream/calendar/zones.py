"""Time zones: the local clock as pieces of constant UTC offset, and local times as instants.

Local times are integers too: `local_ms` is the epoch time if the local clock were UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from stream.events.language import I64
from stream.units import DAY_MS, LATEST_MS

FIRST_MS: Final = -7 * DAY_MS
"""The calendar begins a week before 1970, so that as_of = 0 has a local day."""
LAST_MS: Final = LATEST_MS + 400 * DAY_MS
"""The calendar ends a good year after the last instant that an event may have."""

_SAMPLE_S: Final = 2 * 86_400
"""No zone changed its offset twice within 6 days since 1970, so sampling misses no change."""
_ONE_S: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Pieces:
    """N pieces of time of one UTC offset each, in order, without gaps; columns of length N."""

    start_ms: I64
    end_ms: I64
    offset_ms: I64
    """local_ms = t_ms + offset_ms within the piece."""

    @property
    def high_ms(self) -> I64:
        """(N,): the latest local time that the clock has shown before the end of each piece."""
        return np.maximum.accumulate(self.end_ms + self.offset_ms)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of a name.

    Raises:
        ValueError: there is no such zone; the message names it.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        msg = f"'{name}' is no time zone; write an IANA name such as 'Europe/Berlin' or 'UTC'"
        raise ValueError(msg) from error


def rfc3339_local(t_ms: int, zone: str) -> str:
    """An instant as RFC 3339 with the zone's offset: ``2026-03-02T12:43:12.000+02:00``."""
    whole = datetime.fromtimestamp(t_ms // 1_000, tz=zone_of(zone))
    return whole.replace(microsecond=t_ms % 1_000 * 1_000).isoformat(timespec="milliseconds")


@lru_cache(maxsize=1_024)
def pieces(zone: str, from_ms: int, to_ms: int) -> Pieces:
    """The pieces of constant offset that make up [from_ms, to_ms).

    Both ends must be within FIRST_MS and LAST_MS. Ask for round ranges: results are cached.
    """
    starts, offsets = [from_ms], [_offset_s(zone_of(zone), from_ms // 1_000) * 1_000]
    for year in range(_year(from_ms), _year(to_ms) + 1):
        for at_s, offset_s in _changes(zone, year):
            if from_ms < at_s * 1_000 < to_ms:
                starts.append(at_s * 1_000)
                offsets.append(offset_s * 1_000)
    return Pieces(
        np.array(starts, np.int64),
        np.array([*starts[1:], to_ms], np.int64),
        np.array(offsets, np.int64),
    )


def first_instants(run: Pieces, local_ms: I64) -> I64:
    """The first instant at which the local clock shows each local time or a later one.

    So a time that is skipped in spring is the instant of the change, and of a time that is repeated
    in autumn the first counts. For times beyond the pieces it is their end.
    """
    high_ms = run.high_ms
    piece = np.searchsorted(high_ms, local_ms, side="right")
    inner = np.minimum(piece, len(high_ms) - 1)
    instants = np.maximum(run.start_ms[inner], local_ms - run.offset_ms[inner])
    ended: I64 = np.where(piece == inner, instants, run.end_ms[-1])
    return ended


def local_day(local_ms: int) -> date:
    """The date of a local time."""
    return date(1970, 1, 1) + timedelta(days=local_ms // DAY_MS)


def _year(t_ms: int) -> int:
    return datetime.fromtimestamp(t_ms // 1_000, tz=UTC).year


def _offset_s(zone: ZoneInfo, t_s: int) -> int:
    offset = datetime.fromtimestamp(t_s, tz=zone).utcoffset()
    assert offset is not None  # a ZoneInfo always knows
    return offset // _ONE_S


@cache
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """Instants of a UTC year at which the offset changes, and the new offset; in seconds."""
    info = zone_of(zone)
    start_s = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    end_s = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    changes: list[tuple[int, int]] = []
    # A change at the very start of a year is found from the last second of the year before.
    at_s, offset_s = start_s - 1, _offset_s(info, start_s - 1)
    while at_s < end_s - 1:
        next_s = min(at_s + _SAMPLE_S, end_s - 1)
        next_offset_s = _offset_s(info, next_s)
        if next_offset_s != offset_s:
            changes.append((_change_between(info, at_s, next_s), next_offset_s))
        at_s, offset_s = next_s, next_offset_s
    return tuple(changes)


def _change_between(zone: ZoneInfo, low_s: int, high_s: int) -> int:
    """The first second of the new offset; there is one in (low_s, high_s]."""
    before = _offset_s(zone, low_s)
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if _offset_s(zone, middle_s) == before:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s
