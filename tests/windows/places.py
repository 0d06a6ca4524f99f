"""Zones and instants near changes of their clocks, for tests of the calendar."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from stream.spec import LocalSpan
from stream.units import MINUTE_MS

CHANGES = {
    # Local dates of changes of the clock, or any date for a zone that has none.
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),  # by half an hour
    "Asia/Kathmandu": (date(2026, 1, 1),),  # 5 h 45 min
    "Asia/Shanghai": (date(2026, 1, 1),),
    "Asia/Jerusalem": (date(2026, 3, 27), date(2026, 10, 25)),
    "America/Sao_Paulo": (date(2018, 11, 4), date(2018, 2, 18)),  # at midnight
    "America/St_Johns": (date(2010, 3, 14), date(2010, 11, 7)),  # a minute past midnight
    "Pacific/Apia": (date(2011, 12, 30),),  # a date that never was
}


def at(text: str) -> int:
    """Milliseconds of an ISO time with offset."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000


@st.composite
def places(draw: st.DrawFn) -> tuple[str, int]:
    """A zone and a whole minute, mostly within two days of a change of its clock."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    day = draw(st.sampled_from(CHANGES[zone])) + timedelta(days=draw(st.integers(-2, 1)))
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return zone, int(noon.timestamp()) * 1_000 + draw(st.integers(0, 2_880)) * MINUTE_MS


minutes = st.one_of(
    st.integers(0, 1_439),
    st.sampled_from([0, 1, 59, 60, 90, 105, 120, 121, 150, 180, 1_380, 1_439]),
)
local_spans = st.builds(LocalSpan, minutes, minutes)
