"""The calendar against a slow twin that asks the zone about each single minute."""

from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import accumulate, pairwise
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream.spec import LocalSpan
from stream.units import DAY_MS, HOUR_MS, LATEST_MS, MINUTE_MS, NEVER_MS
from stream.windows.calendar import (
    Schedule,
    ShiftCalendar,
    local_edges,
    parse_local_span,
    rfc3339_local,
    zone_of,
)
from stream.windows.zones import pieces

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


class Twin:
    """What statistics.md, section 6, says, minute by minute."""

    def __init__(
        self, zone: str, spans: list[LocalSpan], days: frozenset[int], without: frozenset[date]
    ) -> None:
        self.zone = ZoneInfo(zone)
        self.spans, self.days, self.without = spans, days, without

    def local(self, t_ms: int) -> datetime:
        return datetime.fromtimestamp(t_ms // 1_000, tz=self.zone).replace(tzinfo=None)

    def _counts(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.without

    def contains(self, t_ms: int) -> bool:
        local = self.local(t_ms)
        minute, today = local.hour * 60 + local.minute, local.date()
        yesterday = today - timedelta(days=1)
        for span in self.spans:
            if span.end_min > span.start_min:
                if self._counts(today) and span.start_min <= minute < span.end_min:
                    return True
            elif (self._counts(today) and minute >= span.start_min) or (
                self._counts(yesterday) and minute < span.end_min
            ):
                return True
        return False


@given(
    places(),
    st.lists(local_spans, max_size=3),
    st.frozensets(st.integers(0, 6)) | st.just(frozenset(range(7))),
    st.data(),
)
def test_a_schedule_holds_just_the_minutes_whose_local_time_it_names(
    place: tuple[str, int], spans: list[LocalSpan], days: frozenset[int], data: st.DataObject
) -> None:
    zone, from_ms = place
    without = data.draw(st.frozensets(st.sampled_from(CHANGES[zone])))
    schedule, twin = (
        Schedule(zone, spans, days, without),
        Twin(zone, spans, days, without),
    )
    range_min = 1_500
    inside = [twin.contains(from_ms + minute * MINUTE_MS) for minute in range(range_min)]
    starts, ends = schedule.intervals(from_ms, from_ms + range_min * MINUTE_MS)
    drawn = np.zeros(range_min, np.bool_)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        drawn[max(0, (start - from_ms) // MINUTE_MS) : max(0, (end - from_ms) // MINUTE_MS)] = True
    assert drawn.tolist() == inside
    for minute in data.draw(st.lists(st.integers(0, range_min - 1), max_size=20)):
        for ms in (0, 1, MINUTE_MS - 1):
            assert schedule.contains(from_ms + minute * MINUTE_MS + ms) == inside[minute]
    changes = [minute for minute in range(1, range_min) if inside[minute] != inside[minute - 1]]
    edges, t_ms = [], from_ms
    while (t_ms := schedule.next_edge(t_ms)) < from_ms + range_min * MINUTE_MS:
        edges.append((t_ms - from_ms) // MINUTE_MS)
    assert edges == changes


@given(places(), st.lists(local_spans, max_size=3), st.integers(0, 3_000), st.integers(0, 3_000))
def test_intervals_are_sorted_whole_apart_and_independent_of_what_was_asked_before(
    place: tuple[str, int], spans: list[LocalSpan], one: int, two: int
) -> None:
    zone, from_ms = place
    first, last = sorted((from_ms + one * MINUTE_MS, from_ms + two * MINUTE_MS))
    worn, fresh = Schedule(zone, spans), Schedule(zone, spans)
    for years in (3, -2):
        worn.contains(from_ms + years * 365 * DAY_MS)
    starts, ends = worn.intervals(first, last)
    again = fresh.intervals(first, last)
    assert (starts.tolist(), ends.tolist()) == (again[0].tolist(), again[1].tolist())
    assert worn.next_edge(first) == fresh.next_edge(first)
    assert all(starts < ends)
    assert all(ends[:-1] < starts[1:])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        assert start < max(last, first + 1)
        assert end > first
        assert start == -NEVER_MS or not worn.contains(start - 1)
        assert end == NEVER_MS or not worn.contains(end)


def test_an_hour_that_autumn_repeats_counts_twice_and_one_that_spring_omits_not_at_all() -> None:
    peak = Schedule("Europe/Berlin", [LocalSpan(120, 180)])
    starts, ends = peak.intervals(at("2026-10-25T00:00+02:00"), at("2026-10-26T00:00+01:00"))
    assert starts.tolist() == [at("2026-10-25T02:00+02:00")]
    assert ends.tolist() == [at("2026-10-25T03:00+01:00")]
    starts, _ = peak.intervals(at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00"))
    assert starts.tolist() == []


def test_a_half_hour_that_is_repeated_makes_two_intervals() -> None:
    peak = Schedule("Europe/Berlin", [LocalSpan(120, 150)])
    starts, ends = peak.intervals(at("2026-10-25T00:00+02:00"), at("2026-10-26T00:00+01:00"))
    assert starts.tolist() == [at("2026-10-25T02:00+02:00"), at("2026-10-25T02:00+01:00")]
    assert ends.tolist() == [at("2026-10-25T02:30+02:00"), at("2026-10-25T02:30+01:00")]


def test_a_span_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    night = Schedule(
        "Asia/Shanghai",
        [LocalSpan(22 * 60, 6 * 60)],
        days=frozenset({4, 5}),
        without=frozenset({date(2026, 1, 10)}),
    )
    starts, ends = night.intervals(at("2026-01-05T00:00+08:00"), at("2026-01-19T00:00+08:00"))
    assert [rfc3339_local(int(start), "Asia/Shanghai")[:16] for start in starts] == [
        "2026-01-09T22:00",  # Friday; Saturday, the 10th, is an exception
        "2026-01-16T22:00",
        "2026-01-17T22:00",
    ]
    assert (ends - starts).tolist() == [8 * HOUR_MS] * 3


def test_midnight_as_an_end_is_the_end_of_the_day_and_days_that_touch_are_one() -> None:
    evening = Schedule("UTC", [LocalSpan(20 * 60, 0)])
    starts, ends = evening.intervals(0, DAY_MS)
    assert (starts.tolist(), ends.tolist()) == ([20 * HOUR_MS], [24 * HOUR_MS])
    always = Schedule("Europe/Berlin", [LocalSpan(0, 0)])
    starts, ends = always.intervals(at("2026-03-29T00:00Z"), at("2026-03-30T00:00Z"))
    assert (starts.tolist(), ends.tolist()) == ([-NEVER_MS], [NEVER_MS])
    assert always.contains(at("2026-10-25T02:30+01:00"))
    assert always.next_edge(0) == NEVER_MS


def test_a_schedule_without_spans_or_days_is_never_on() -> None:
    for never in (Schedule("UTC", []), Schedule("UTC", [LocalSpan(0, 0)], days=frozenset())):
        assert not never.contains(0)
        assert never.next_edge(0) == NEVER_MS
        assert never.intervals(0, DAY_MS)[0].size == 0


def test_an_edge_is_looked_for_over_a_whole_year_and_no_further() -> None:
    t_ms = at("2026-01-01T00:00Z")
    shut = date(2027, 1, 31)
    yearly = Schedule("UTC", [LocalSpan(0, 0)], without=frozenset({shut}))
    assert yearly.next_edge(t_ms) == at("2027-01-31T00:00Z")
    assert yearly.next_edge(t_ms - 10 * DAY_MS) == NEVER_MS
    assert yearly.next_edge(at("2027-01-31T00:00Z")) == at("2027-02-01T00:00Z")


def test_intervals_that_only_touch_the_range_are_not_in_it() -> None:
    peak = Schedule("UTC", [LocalSpan(60, 120), LocalSpan(240, 300)])
    assert peak.intervals(2 * HOUR_MS, 4 * HOUR_MS)[0].size == 0
    assert peak.intervals(2 * HOUR_MS - 1, 4 * HOUR_MS + 1)[0].tolist() == [HOUR_MS, 4 * HOUR_MS]
    assert peak.intervals(HOUR_MS, HOUR_MS)[0].tolist() == [HOUR_MS]


def test_what_lies_too_far_off_is_endless_whatever_was_asked_before() -> None:
    t_ms = at("2026-01-01T00:00Z")
    open_since = Schedule("UTC", [LocalSpan(0, 0)], without=frozenset({date(2024, 6, 1)}))
    for days in range(0, 900, 50):  # the range that is known grows, its ends are no edges
        starts, ends = open_since.intervals(t_ms + days * DAY_MS, t_ms + days * DAY_MS + 1)
        assert (starts.tolist(), ends.tolist()) == ([-NEVER_MS], [NEVER_MS])
    shut_ms = at("2024-06-02T00:00Z")
    assert open_since.intervals(shut_ms + 400 * DAY_MS, t_ms)[0].tolist() == [shut_ms]
    assert open_since.intervals(shut_ms + 401 * DAY_MS, t_ms)[0].tolist() == [-NEVER_MS]


def test_the_end_of_the_known_range_is_never_an_edge() -> None:
    for days in range(20_000, 20_140):  # more than a block of days
        always = Schedule("UTC", [LocalSpan(0, 0)])
        assert always.next_edge(days * DAY_MS) == NEVER_MS
        starts, ends = always.intervals(days * DAY_MS, days * DAY_MS)
        assert (starts.tolist(), ends.tolist()) == ([-NEVER_MS], [NEVER_MS])


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
    unit_min = {"15m": 15, "1h": 60}[unit]
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


def test_every_edge_since_1990_lies_on_a_whole_utc_minute_in_every_zone() -> None:
    names = (resources.files("tzdata") / "zones").read_text().split()
    assert len(names) > 400
    years = Random(1990)
    for name in names:
        for year in years.sample(range(1990, 2100), 4):
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
