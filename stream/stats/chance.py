"""How often chance alone would do it, in numbers that read well: "once in about 4 months"."""

from dataclasses import dataclass
from math import floor, log10
from typing import Final

from stream.stats.budget import WorkingTime

YEARS_MAX: Final = 100
"""Longer intervals are given as this: the model is not good for more."""
_MONTHS_PER_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Interval:
    """Once in about so many units of working time; the count has two significant digits."""

    count: int
    unit: str
    """minute, hour, day, week, month or year."""
    more: bool = False
    """True: this or longer."""


def interval_of(rate_per_min: float, work: WorkingTime) -> Interval:
    """The mean interval of a rate, in the largest unit of which it has at least two.

    Day, week and month are those of `work`; a year is twelve months. At most 100 years.
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
    """Rounded to two significant digits."""
    if count < 100:
        return round(count)
    step: int = 10 ** (floor(log10(count)) - 1)
    return round(count / step) * step
