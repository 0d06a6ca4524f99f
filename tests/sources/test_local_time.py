"""Local clock readings to instants."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from stream.sources.local_time import LocalClock


@pytest.mark.parametrize(
    ("day", "second", "instant"),
    [
        (date(1999, 1, 1), 7 * 3600, datetime(1999, 1, 1, 5, tzinfo=UTC)),
        (date(1999, 1, 31), 86_400 + 59, datetime(1999, 1, 31, 22, 0, 59, tzinfo=UTC)),
        # 2026-03-27 02:00 -> 03:00: the reading 02:30 does not exist.
        (date(2026, 3, 27), 2 * 3600 + 1800, datetime(2026, 3, 27, 0, 30, tzinfo=UTC)),
        (date(2026, 3, 27), 3 * 3600, datetime(2026, 3, 27, 0, 0, tzinfo=UTC)),
        # 2026-10-25 02:00 -> 01:00: the reading 01:30 comes twice.
        (date(2026, 10, 25), 3600 + 1800, datetime(2026, 10, 24, 22, 30, tzinfo=UTC)),
    ],
)
def test_a_clock_reading_is_an_instant(day: date, second: int, instant: datetime) -> None:
    clock = LocalClock(ZoneInfo("Asia/Jerusalem"))
    assert clock.epoch_ms(day, second) == int(instant.timestamp() * 1000)
