"""Mean intervals between events of chance, rounded for reading: "about once in 4 months"."""

from dataclasses import dataclass
from math import floor, log10
from typing import Final

from stream.stats.budget import WorkingTime

YEARS_MAX: Final = 100
"""Longer intervals are cut to this: the model is not accurate enough for more."""
_MONTHS_PER_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of working time; `count` has two significant digits."""

    count: int
    unit: str
    """minute, hour, day, week, month or year."""
    more: bool = False
    """True: the interval is this long or longer."""


def interval_of(rate_per_min: float, work: WorkingTime) -> Interval:
    """Return the mean interval of a rate, in the largest unit that it fills at least twice.

    Args:
        rate_per_min: events per minute, 0 or more.
        work: gives the lengths of day, week and month; a year is twelve months.

    Returns:
        At most `YEARS_MAX` years; then `more` is true.

    >>> work = WorkingTime()
    >>> interval_of(work.per_month(0.25), work)
    Interval(count=4, unit='month', more=False)
    >>> interval_of(1 / 1234, work)
    Interval(count=3, unit='day', more=False)
    >>> interval_of(0, work)
    Interval(count=100, unit='year', more=True)
    """
    year_min = work.month_min * _MONTHS_PER_YEAR
    if rate_per_min * year_min * YEARS_MAX <= 1:
        return Interval(YEARS_MAX, "year", more=True)
    interval_min = 1 / rate_per_min
    units = (
        ("year", year_min),
        ("month", work.month_min),
        ("week", work.week_min),
        ("day", work.day_min),
        ("hour", 60.0),
    )
    for unit, unit_min in units:
        if interval_min >= 2 * unit_min:
            return Interval(_about(interval_min / unit_min), unit)
    return Interval(max(1, _about(interval_min)), "minute")


def _about(count: float) -> int:
    """Round to two significant digits."""
    if count < 100:
        return round(count)
    step: int = 10 ** (floor(log10(count)) - 1)
    return round(count / step) * step
