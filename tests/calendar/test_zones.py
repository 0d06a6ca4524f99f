from datetime import date, datetime, timedelta

import numpy as np

from stream.calendar.zones import first_instants, local_day, pieces
from stream.units import DAY_MS, HOUR_MS, MINUTE_MS


def at(text: str) -> int:
    """Milliseconds of an ISO time with offset."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000


BACK_MS = at("2026-10-25T01:00Z")
"""Berlin's clocks go from 03:00 back to 02:00."""


def test_pieces_fill_their_range_and_change_at_the_very_instant() -> None:
    run = pieces("Europe/Berlin", BACK_MS - DAY_MS, BACK_MS + DAY_MS)
    assert run.start_ms.tolist() == [BACK_MS - DAY_MS, BACK_MS]
    assert run.end_ms.tolist() == [BACK_MS, BACK_MS + DAY_MS]
    assert run.offset_ms.tolist() == [2 * HOUR_MS, HOUR_MS]
    assert pieces("Europe/Berlin", BACK_MS, BACK_MS + 1).offset_ms.tolist() == [HOUR_MS]
    assert pieces("Europe/Berlin", BACK_MS - 1, BACK_MS).offset_ms.tolist() == [2 * HOUR_MS]


def test_a_range_may_end_within_the_hour_that_is_shown_again() -> None:
    run = pieces("Europe/Berlin", BACK_MS - HOUR_MS, BACK_MS + 30 * MINUTE_MS)
    local_ms = BACK_MS + HOUR_MS + np.array([0, 29, 59, 60]) * MINUTE_MS
    found = (first_instants(run, local_ms) - BACK_MS) // MINUTE_MS
    assert found.tolist() == [-60, -31, -1, 30]  # 03:00 is not shown before the range ends


def test_the_date_of_a_local_time_is_that_of_its_day() -> None:
    for t_ms in (-1, 0, DAY_MS - 1, BACK_MS):
        assert local_day(t_ms) == date(1970, 1, 1) + timedelta(days=t_ms // DAY_MS)
