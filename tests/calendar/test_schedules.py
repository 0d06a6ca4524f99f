"""Schedules against a slow twin that asks the zone about each single minute."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.calendar.schedules import (
    HourCalendar,
    Schedule,
    rfc3339_local,
)
from stream.spec import LocalSpan
from stream.units import DAY_MS, HOUR_MS, MINUTE_MS, NEVER_MS
from tests.windows.places import CHANGES, at, local_spans, places


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


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("Europe/Berlin", "2026-03-29", [60] * 23),
        ("Europe/Berlin", "2026-10-25", [60] * 25),
        ("Australia/Lord_Howe", "2026-04-05", [60, 90, *[60] * 22]),
        ("Australia/Lord_Howe", "2026-10-04", [60, 60, 30, *[60] * 21]),
        ("Pacific/Chatham", "2026-04-05", [60] * 25),
        ("Pacific/Chatham", "2026-09-27", [60] * 23),
        ("Asia/Kolkata", "2026-03-01", [60] * 24),
    ],
)
def test_local_hours_fill_the_day_and_none_is_shorter_than_half_of_one(
    zone: str, day: str, minutes: list[int]
) -> None:
    start, end = (
        round(datetime.combine(one, time(), ZoneInfo(zone)).timestamp() * 1000)
        for one in (date.fromisoformat(day), date.fromisoformat(day) + timedelta(days=1))
    )
    edges = HourCalendar(zone).edges(start, end - 1)
    assert (int(edges[0]), int(edges[-1])) == (start, end)
    assert [length // 60_000 for length in np.diff(edges).tolist()] == minutes


def test_the_edges_of_hours_do_not_depend_on_what_was_asked_before() -> None:
    asked = HourCalendar("America/New_York")
    for days in (20_000, 20_300, 19_000, 20_064, 20_063):
        t_ms = days * DAY_MS + 17
        assert asked.edges(t_ms, t_ms).tolist() == [days * DAY_MS, days * DAY_MS + HOUR_MS]
