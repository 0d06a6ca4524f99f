import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.stats.budget import WorkingTime
from stream.stats.chance import Interval, interval_of

WORK = WorkingTime()


@pytest.mark.parametrize(
    ("minutes", "interval"),
    [
        (0.4, Interval(1, "minute")),
        (119, Interval(120, "minute")),
        (90, Interval(90, "minute")),
        (120, Interval(2, "hour")),
        (900, Interval(15, "hour")),
        (960, Interval(2, "day")),
        (3 * 2_400, Interval(3, "week")),
        (6.3 * 10_560, Interval(6, "month")),
        (30 * 10_560, Interval(2, "year")),
        (99 * 126_720, Interval(99, "year")),
        (101 * 126_720, Interval(100, "year", more=True)),
    ],
)
def test_an_interval_is_told_in_the_largest_unit_of_which_it_has_two(
    minutes: float, interval: Interval
) -> None:
    assert interval_of(1 / minutes, WORK) == interval


def test_what_never_happens_is_once_in_a_hundred_years_or_more() -> None:
    assert interval_of(0.0, WORK) == Interval(100, "year", more=True)


@given(st.floats(1.0, 1e7))
def test_an_interval_in_words_is_near_the_true_one(minutes: float) -> None:
    found = interval_of(1 / minutes, WORK)
    unit_min = {
        "minute": 1,
        "hour": 60,
        "day": WORK.day_min,
        "week": WORK.week_min,
        "month": WORK.month_min,
        "year": 12 * WORK.month_min,
    }[found.unit]
    assert found.count * unit_min == pytest.approx(minutes, rel=0.34)
    assert not found.more
