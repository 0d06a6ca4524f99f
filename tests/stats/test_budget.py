import pytest

from stream.stats.budget import WorkingTime


def test_a_day_is_a_shift_a_week_five_and_a_month_twenty_two_of_eight_hours() -> None:
    work = WorkingTime()
    assert (work.day_min, work.week_min, work.month_min) == (480, 2_400, 10_560)
    assert work.per_day(2) == 2 / 480
    assert work.per_week(2) == 2 / 2_400
    assert work.per_month(0.2) == pytest.approx(1.8939e-5, rel=1e-4)


def test_watching_the_peaks_alone_makes_the_month_shorter() -> None:
    assert WorkingTime(shift_hours=3).month_min == 3_960
    assert WorkingTime(shifts_per_month=20).month_min == 9_600
