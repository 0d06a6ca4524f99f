"""Recordings with wrong clocks: a wrong time costs neither figures nor time."""

import json
from pathlib import Path
from typing import Any

import pytest

from stream.reports import replay
from stream.units import DAY_MS, MINUTE_MS
from tests.reference import cases
from tests.reports.replaying import NINE_MS, replayed, state, table, times


def rejected(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "rejected.jsonl").read_text().splitlines()]


def of(out: Path, year: str) -> list[dict[str, str]]:
    return [row for row in table(out / "agents.csv") if row["window_start"].startswith(year)]


def test_one_event_ten_years_ahead_is_rejected_and_time_ends_without_it(tmp_path: Path) -> None:
    events = cases.future_one()
    out = replayed(tmp_path, events)
    without = replayed(tmp_path, events[:-1], out="without")
    assert table(out / "agents.csv") == table(without / "agents.csv")
    (one,) = rejected(out)
    assert (one["line"], one["reason"]) == (3, "ahead")


def test_a_clock_that_boots_at_an_epoch_changes_nothing_of_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "FORGOTTEN_MS", 3 * DAY_MS)
    events = cases.ancient_first()
    out = replayed(tmp_path, events)
    without = replayed(tmp_path, events[1:], out="without")
    assert of(out, "2026") == of(without, "2026") != []
    assert rejected(out) == []
    assert len(table(out / "agents.csv")) < 10 * 96


def test_a_source_whose_clock_is_fast_makes_nothing_of_another_late(tmp_path: Path) -> None:
    events = cases.fast_clock_source()
    out = replayed(tmp_path, events, arrival=True, window="1h")
    assert (out / "late.jsonl").read_text() == ""
    assert rejected(out) == []
    sums: dict[str, float] = {}
    for row in table(out / "agents.csv"):
        for name, value in times(row).items():
            if row["agent"] == "ann":
                sums[name] = sums.get(name, 0) + value
    assert sums == {"unknown": 35 * 60, "available": 49.5 * 60, "talking": 10 * 60}
    assert sum(int(row["calls_handled"]) for row in table(out / "agents.csv")) == 1


def test_wrong_years_among_right_events_are_rejected_in_both_orders(tmp_path: Path) -> None:
    right = [state(minute, ("aux", "available")[minute % 2]) for minute in range(90)]
    wrong = [state(10, "talking", "bob", ts=NINE_MS + days * DAY_MS) for days in (400, 4_000)]
    mixed = [*right[:30], wrong[0], *right[30:60], wrong[1], *right[60:]]
    received = [
        {**event, "received": max(NINE_MS + number * MINUTE_MS, int(str(event["ts"])))}
        for number, event in enumerate(mixed)
    ]
    expected = table(replayed(tmp_path, right, out="right") / "agents.csv")
    for name, arrival in (("event", False), ("arrival", True)):
        events = received if arrival else [*right, wrong[0]]
        out = replayed(tmp_path, events, out=name, arrival=arrival)
        assert table(out / "agents.csv") == expected
        assert {one["reason"] for one in rejected(out)} == {"ahead"}


def test_a_weekend_in_a_recording_is_no_wrong_clock(tmp_path: Path) -> None:
    monday = 3 * 24 * 60
    events = [state(0, "available"), state(5, "offline")]
    events += [state(monday, "available"), state(monday + 30, "aux")]
    out = replayed(tmp_path, events)
    assert rejected(out) == []
    rows = table(out / "agents.csv")
    assert times(rows[-1]) == {"available": 15 * 60}
    assert len(rows) == monday // 15 + 2


def test_who_was_away_for_years_has_no_windows_in_between(tmp_path: Path) -> None:
    years = 3 * 365 * 24 * 60
    events = [state(0, "available"), state(5, "offline")]
    events += [state(years, "available"), state(years + 5, "aux")]
    out = replayed(tmp_path, events, window="1d")
    assert rejected(out) == []
    assert 35 <= len(table(out / "teams.csv")) < 50
