"""Warnings of a valid configuration: what can then never be reported."""

from pathlib import Path

import pytest

from stream.config.advice import event_clock_warnings, warnings
from stream.config.load import load_settings
from stream.roster import NO_ROSTER, Roster, parse_roster
from stream.units import parse_instant_ms

CALENDARS = """
[[pool]]
name = "*"
open = "08:00-22:00"
[[shift]]
team = "*"
times = ["08:00-16:00"]
[[peak]]
time = "10:00-11:00"
"""
SINK = '[[sink]]\nkind = "webhook"\nurl = "http://127.0.0.1:9000/"\n'
ROSTER = parse_roster("agent,team,pool\nann,red,sales\nbob,blue,care\n", "r.csv")


NOW_MS = parse_instant_ms("2026-03-02T10:00:00Z")


@pytest.fixture
def said(tmp_path: Path) -> "Said":
    return Said(tmp_path / "floorwatch.toml")


class Said:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, text: str, roster: Roster = NO_ROSTER) -> list[str]:
        self.path.write_text(text)
        return warnings(load_settings(self.path, {}), roster, NOW_MS)


def test_a_configuration_with_all_calendars_has_no_warning(said: Said) -> None:
    assert said(CALENDARS, ROSTER) == []


def test_without_calendars_it_says_what_is_never_reported(said: Said) -> None:
    peak, shift, hours = said("")
    assert peak.startswith("no [[peak]]: ")
    assert "never pages or nudges anybody" in peak
    assert shift.startswith("no [[shift]]: ")
    assert "local day" in shift
    assert hours.startswith("no opening hours ([[pool]] open): ")
    assert "never reported (cover)" in hours


def test_pools_and_teams_that_were_left_out_are_named(said: Said) -> None:
    text = CALENDARS.replace('name = "*"', 'name = "sales"').replace('team = "*"', 'team = "red"')
    text = text.replace("[[peak]]", '[[peak]]\npool = "care"')
    peak, shift, hours = said(text, ROSTER)
    assert peak.startswith("no [[peak]] for the pools sales: ")
    assert shift.startswith("no [[shift]] for the teams blue: ")
    assert hours.startswith("no opening hours ([[pool]] open) for the pools care: ")


def test_sinks_that_the_event_clock_never_notifies_are_warned_of(said: Said) -> None:
    clock = '[control]\nclock = "event"\n'
    (warning,) = said(clock + SINK + CALENDARS)
    assert 'control.clock = "event": none of the 1 sinks is ever notified' in warning
    assert event_clock_warnings(load_settings(said.path, {})) == [warning]
    assert said(clock + CALENDARS) == []
    assert said(SINK + CALENDARS) == []


def test_teams_that_nobody_belongs_to_any_more_are_not_named(said: Said) -> None:
    roster = parse_roster(
        "agent,team,pool,from,to\n"
        "ann,red,sales,2025-01-01T00:00:00Z,\n"
        "ann,old,attic,,2025-01-01T00:00:00Z\n"
        "bob,over,attic,,2026-03-02T10:00:00Z\n"
        "bob,new,care,2026-04-01T00:00:00Z,\n",
        "r.csv",
    )
    text = CALENDARS.replace('name = "*"', 'name = "sales"').replace('team = "*"', 'team = "red"')
    peak, shift, hours = said(text.replace("[[peak]]", '[[peak]]\npool = "sales"'), roster)
    assert peak.startswith("no [[peak]] for the pools care: ")
    assert shift.startswith("no [[shift]] for the teams new: ")
    assert hours.startswith("no opening hours ([[pool]] open) for the pools care: ")
