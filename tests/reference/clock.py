"""Local calendars by walking the minutes: slow, and shares no code with the product's calendar.

A local time of day stands for the first instant at which the local clock shows it or, where the
clock skips it in spring, something later; an hour that is repeated in autumn counts at its first
pass.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from stream.spec import LocalSpan

MINUTE_MS = 60_000
MOST_CHANGE = timedelta(hours=3)
"""No clock is changed by more than this within a day."""


@cache
def instant_of(zone: str, day: date, minute: int) -> int:
    """The first instant at which the clock of `zone` shows `minute` of `day` or later."""
    wanted = datetime.combine(day, time()) + timedelta(minutes=minute)
    here = ZoneInfo(zone)
    eve = (wanted - timedelta(days=1)).replace(tzinfo=UTC)
    at = wanted.replace(tzinfo=UTC) - (eve.astimezone(here).utcoffset() or eve - eve) - MOST_CHANGE
    while at.astimezone(here).replace(tzinfo=None, fold=0) < wanted:
        at += timedelta(minutes=1)
    return round(at.timestamp()) * 1000


def _shown(zone: str, t_ms: int) -> datetime:
    """What a clock in `zone` shows at an instant."""
    return datetime.fromtimestamp(t_ms // 1000, tz=ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@cache
def _begins_hour(zone: str, t_ms: int) -> bool:
    """Whether the clock shows a full hour at this minute, or has just jumped over one."""
    now, before = _shown(zone, t_ms), _shown(zone, t_ms - MINUTE_MS)
    return now.minute == 0 or now.replace(minute=0) > before.replace(minute=0)


@cache
def hour_start(zone: str, minute_ms: int) -> int:
    """When the local hour began that runs in a minute; of less than half of one, the one before."""
    at = minute_ms
    while not _begins_hour(zone, at) or any(
        _begins_hour(zone, at + minute * MINUTE_MS) for minute in range(1, 30)
    ):
        at -= MINUTE_MS
    return at


def hours_between(zone: str, start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """The local hours that make up [start, end)."""
    at = start_ms
    while at < end_ms:
        later = at + MINUTE_MS
        while hour_start(zone, later) == at:
            later += MINUTE_MS
        yield at, later
        at = later


def local_date(zone: str, t_ms: int) -> date:
    """The date that a clock in `zone` shows at an instant."""
    return datetime.fromtimestamp(t_ms // 1000, tz=ZoneInfo(zone)).date()


def _days_around(zone: str, t_ms: int) -> Iterator[date]:
    middle = local_date(zone, t_ms)
    for offset in range(-3, 4):
        yield middle + timedelta(days=offset)


@cache
def day_start(zone: str, t_ms: int) -> int:
    """When the local day began that runs at an instant."""
    return max(t for day in _days_around(zone, t_ms) if (t := instant_of(zone, day, 0)) <= t_ms)


@cache
def shift_start(zone: str, times: tuple[LocalSpan, ...], t_ms: int) -> int:
    """The latest shift start that is not after an instant."""
    return max(
        t
        for day in _days_around(zone, t_ms)
        for span in times
        if (t := instant_of(zone, day, span.start_min)) <= t_ms
    )


@cache
def shift_end_after(zone: str, times: tuple[LocalSpan, ...], t_ms: int) -> int:
    """The first shift end that is later than an instant."""
    ends = []
    for day in _days_around(zone, t_ms):
        for span in times:
            ends_on = day if span.end_min > span.start_min else day + timedelta(days=1)
            ends.append(instant_of(zone, ends_on, span.end_min))
    return min(t for t in ends if t > t_ms)
