"""Shifts and local edges against a slow twin that asks the zone about each single minute."""

from bisect import bisect_left
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import accumulate, pairwise
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream.calendar.schedules import (
    Schedule,
    ShiftCalendar,
    local_edges,
    parse_local_span,
    rfc3339_local,
    zone_of,
)
from stream.calendar.zones import pieces
from stream.spec import LocalSpan
from stream.units import DAY_MS, HOUR_MS, LATEST_MS, MINUTE_MS, NEVER_MS
from tests.windows.places import at, local_spans, places


@cache
def shown_minutes(zone: str, around: date) -> tuple[int, list[datetime]]:
    """An instant, and the latest local time shown up to each minute of the nine days after it."""
    info = ZoneInfo(zone)
    start_ms = at(f"{around - timedelta(days=4)}T00:00Z")
    shown = (
        datetime.fromtimestamp(start_ms // 1_000 + minute * 60, tz=info).replace(tzinfo=None)
        for minute in range(9 * 1_440)
    )
    return start_ms, list(accumulate(shown, max))


def slow_shifts(
    zone: str, times: tuple[LocalSpan, ...], t_ms: int, of: Callable[[LocalSpan], int]
) -> list[int]:
    """All starts (or ends) of shifts that start within three days of an instant."""
    found = set()
    today = datetime.fromtimestamp(t_ms // 1_000, tz=ZoneInfo(zone)).date()
    start_ms, shown = shown_minutes(zone, today)
    for days in range(-3, 3):
        day = today + timedelta(days=days)
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a local time
        for span in times:
            minute = bisect_left(shown, midnight + timedelta(minutes=of(span)))
            found.add(start_ms + minute * MINUTE_MS)
    return sorted(found)


def end_of(span: LocalSpan) -> int:
    return span.end_min if span.end_min > span.start_min else span.end_min + 1_440


@given(places(), st.lists(local_spans, max_size=2).map(tuple))
@example(("Pacific/Apia", at("2011-12-30T12:00Z")), ())
def test_shifts_start_and_end_once_a_local_day(
    place: tuple[str, int], times: tuple[LocalSpan, ...]
) -> None:
    zone, t_ms = place
    calendar = ShiftCalendar(zone, times)
    starts = slow_shifts(zone, times or (LocalSpan(0, 0),), t_ms, lambda span: span.start_min)
    ends = slow_shifts(zone, times, t_ms, end_of)
    asked = np.array([[t_ms - 1, t_ms], [t_ms + 1, t_ms + 7 * HOUR_MS]], np.int64)
    for got, instant in zip(calendar.start_of(asked).ravel(), asked.ravel(), strict=True):
        assert got == max(start for start in starts if start <= instant)
    for got, instant in zip(calendar.end_after(asked).ravel(), asked.ravel(), strict=True):
        assert got == min((end for end in ends if end > instant), default=NEVER_MS)
    day = [start for start in starts if t_ms <= start < t_ms + DAY_MS]
    assert calendar.starts(t_ms, t_ms + DAY_MS).tolist() == day


def test_without_times_the_shift_is_the_local_day_which_has_no_end() -> None:
    day = ShiftCalendar("Europe/Berlin", ())
    asked = np.array([at("2026-03-29T23:59+02:00")], np.int64)
    assert day.start_of(asked).tolist() == [at("2026-03-29T00:00+01:00")]
    assert day.end_after(asked).tolist() == [NEVER_MS]


def test_shifts_are_known_from_1970_to_2100_and_said_to_be_unknown_elsewhere() -> None:
    calendar = ShiftCalendar("Asia/Shanghai", (LocalSpan(480, 960),))
    asked = np.array([-NEVER_MS, 0, LATEST_MS, NEVER_MS], np.int64)
    starts, ends = calendar.start_of(asked).tolist(), calendar.end_after(asked).tolist()
    assert starts[:3] == [-NEVER_MS, 0, LATEST_MS]
    assert ends[1:] == [8 * HOUR_MS, LATEST_MS + 8 * HOUR_MS, NEVER_MS]
    empty = np.zeros(0, np.int64)
    assert calendar.start_of(empty).size == calendar.end_after(empty).size == 0


@given(places(), st.sampled_from(["15m", "1h"]), st.integers(0, 3_000))
def test_edges_are_where_the_local_clock_shows_a_multiple_or_jumps_over_one(
    place: tuple[str, int], unit: str, length_min: int
) -> None:
    zone, from_ms = place
    to_ms = from_ms + length_min * MINUTE_MS
    unit_min = {"15m": 15, "30m": 30, "1h": 60}[unit]
    edges = local_edges(zone, unit, from_ms, to_ms).tolist()  # type: ignore[arg-type]
    assert edges[0] <= from_ms
    assert edges[-1] >= to_ms

    def shown(t_ms: int) -> int:
        local = datetime.fromtimestamp(t_ms // 1_000, tz=ZoneInfo(zone))
        return (local.toordinal() * 24 + local.hour) * 60 + local.minute

    expected = []
    for t_ms in range(edges[0], edges[-1] + 1, MINUTE_MS):
        now, before = shown(t_ms), shown(t_ms - MINUTE_MS)
        if now % unit_min == 0 or now // unit_min > before // unit_min:
            expected.append(t_ms)
    assert edges == expected
    assert [edge for edge in edges if edge <= from_ms] == edges[:1]
    assert [edge for edge in edges if edge >= to_ms] == edges[-1:]


def hours_of(zone: str, unit: str, day: date) -> list[float]:
    """Lengths in hours of the windows of a local day and a bit."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    from_ms = int(start.timestamp()) * 1_000
    edges = local_edges(zone, unit, from_ms, from_ms + 6 * HOUR_MS)  # type: ignore[arg-type]
    return [(two - one) / HOUR_MS for one, two in pairwise(edges.tolist())]


def test_a_local_day_is_23_or_25_hours_long_where_the_clock_changes() -> None:
    assert hours_of("Europe/Berlin", "1d", date(2026, 3, 29)) == [23]
    assert hours_of("Europe/Berlin", "1d", date(2026, 10, 25)) == [25]
    assert hours_of("Australia/Lord_Howe", "1d", date(2026, 4, 5)) == [24.5]
    # The clock goes back over midnight: the date has one edge all the same.
    assert hours_of("America/St_Johns", "1d", date(2010, 11, 7)) == [25]
    assert hours_of("America/Sao_Paulo", "1d", date(2018, 2, 17)) == [25]


def test_a_repeated_local_hour_has_two_windows_and_a_half_repeated_one_is_longer() -> None:
    assert hours_of("Europe/Berlin", "1h", date(2026, 10, 25)) == [1] * 6
    assert hours_of("Australia/Lord_Howe", "1h", date(2026, 4, 5)) == [1, 1.5, 1, 1, 1, 1]
    assert hours_of("Australia/Lord_Howe", "1h", date(2026, 10, 4)) == [1, 1, 0.5, 1, 1, 1, 1]


def test_local_hours_of_kathmandu_lie_at_a_quarter_past_the_utc_hour() -> None:
    edges = local_edges("Asia/Kathmandu", "1h", 0, 3 * HOUR_MS)
    assert set((edges % HOUR_MS // MINUTE_MS).tolist()) == {30}  # 5 h 30 min until 1986
    edges = local_edges("Asia/Kathmandu", "1h", at("2026-01-01T00:00Z"), at("2026-01-01T03:00Z"))
    assert set((edges % HOUR_MS // MINUTE_MS).tolist()) == {15}


def test_edges_of_an_empty_range_on_an_edge_are_that_edge_alone() -> None:
    assert local_edges("UTC", "1h", HOUR_MS, HOUR_MS).tolist() == [HOUR_MS]
    with pytest.raises(ValueError, match="1970 to 2100"):
        local_edges("UTC", "1h", 2, 1)
    with pytest.raises(ValueError, match="1970 to 2100"):
        local_edges("UTC", "1h", 0, NEVER_MS)


def rules_of(zone: str) -> bytes:
    """The zone's own file: many names are links to one."""
    return (resources.files("tzdata") / "zoneinfo" / zone).read_bytes()


def test_every_edge_since_1990_lies_on_a_whole_utc_minute_in_every_zone() -> None:
    names = (resources.files("tzdata") / "zones").read_text().split()
    assert len(names) > 400
    years = Random(1990)
    for name in {rules_of(name): name for name in names}.values():
        for year in years.sample(range(1990, 2100), 3):
            run = pieces(name, at(f"{year}-01-01T00:00Z"), at(f"{year + 1}-01-01T00:00Z"))
            assert not (run.start_ms % MINUTE_MS).any(), name
            assert not (run.offset_ms % MINUTE_MS).any(), name


def test_pieces_of_a_zone_agree_with_the_zone_at_every_hour_of_a_few_years() -> None:
    for name in ("Africa/Casablanca", "Asia/Gaza", "America/Recife", "Antarctica/Troll"):
        info = ZoneInfo(name)
        run = pieces(name, at("1999-06-01T00:00Z"), at("2003-01-01T00:00Z"))
        for t_ms in range(int(run.start_ms[0]), int(run.end_ms[-1]), HOUR_MS):
            offset = datetime.fromtimestamp(t_ms // 1_000, tz=info).utcoffset()
            piece = int(np.searchsorted(run.start_ms, t_ms, side="right")) - 1
            assert timedelta(milliseconds=int(run.offset_ms[piece])) == offset


def test_local_times_are_written_with_their_offset() -> None:
    assert rfc3339_local(1_774_746_000_007, "Europe/Berlin") == "2026-03-29T03:00:00.007+02:00"
    assert rfc3339_local(0, "UTC") == "1970-01-01T00:00:00.000+00:00"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("08:00-16:00", LocalSpan(480, 960)),
        ("22:00-06:00", LocalSpan(1_320, 360)),
        ("16:00-24:00", LocalSpan(960, 0)),
        ("16:00-00:00", LocalSpan(960, 0)),
        ("00:00-24:00", LocalSpan(0, 0)),
    ],
)
def test_spans_are_read(text: str, span: LocalSpan) -> None:
    assert parse_local_span(text) == span


@pytest.mark.parametrize(
    "text", ["", "8-16", "8:00-16:00", "08:00-24:01", "24:00-08:00", "08:60-09:00", "08:00-16:00\n"]
)
def test_what_is_no_span_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="write HH:MM-HH:MM"):
        parse_local_span(text)


@pytest.mark.parametrize("name", ["Europe/Bielefeld", "", "../UTC", "America", "Europe/Köln", "\0"])
def test_what_is_no_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        zone_of(name)
    with pytest.raises(ValueError, match="is no time zone"):
        Schedule(name, [])
