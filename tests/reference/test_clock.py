from datetime import UTC, date, datetime

import pytest

from stream.spec import LocalSpan
from tests.reference import clock


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("zone", "day", "minute", "instant"),
    [
        ("Europe/Berlin", date(2026, 3, 2), 8 * 60, "2026-03-02T07:00"),
        ("Europe/Berlin", date(2026, 3, 29), 150, "2026-03-29T01:00"),
        ("Europe/Berlin", date(2026, 10, 25), 150, "2026-10-25T00:30"),
        ("America/New_York", date(2026, 3, 8), 180, "2026-03-08T07:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), 135, "2026-10-03T15:30"),
        ("Australia/Lord_Howe", date(2026, 4, 5), 105, "2026-04-04T14:45"),
    ],
    ids=["winter", "skipped", "repeated", "end of the gap", "half-hour gap", "half-hour repeat"],
)
def test_a_local_time_stands_for_the_first_instant_that_shows_it_or_more(
    zone: str, day: date, minute: int, instant: str
) -> None:
    assert clock.instant_of(zone, day, minute) == utc(instant)


def test_a_night_shift_runs_from_22_to_6_across_a_change_of_the_clock() -> None:
    night = (LocalSpan(22 * 60, 6 * 60),)
    at = utc("2026-03-29T01:30")
    assert clock.shift_start("Europe/Berlin", night, at) == utc("2026-03-28T21:00")
    assert clock.shift_end_after("Europe/Berlin", night, at) == utc("2026-03-29T04:00")


def test_between_shifts_the_last_one_is_still_the_shift() -> None:
    day = (LocalSpan(8 * 60, 16 * 60),)
    assert clock.shift_start("UTC", day, utc("2026-03-02T23:00")) == utc("2026-03-02T08:00")
    assert clock.shift_start("UTC", day, utc("2026-03-03T07:59")) == utc("2026-03-02T08:00")
    assert clock.shift_start("UTC", day, utc("2026-03-03T08:00")) == utc("2026-03-03T08:00")


def test_a_shift_that_ends_now_is_over() -> None:
    day = (LocalSpan(8 * 60, 16 * 60),)
    assert clock.shift_end_after("UTC", day, utc("2026-03-02T16:00")) == utc("2026-03-03T16:00")
