"""Jumps, by hand: minutes after ten o'clock. Heartbeats each 30 s: Q 1.5 minutes, J 5 minutes."""

from typing import Any

import pytest

from stream.events.language import Reason
from stream.spec import SourceSpec, Spec
from tests.reference.admission import Admission
from tests.reference.cases import TEN
from tests.reference.marks import Arrival
from tests.reference.records import Event, Record
from tests.reference.rules import DAY, MINUTE, SECOND, Rules

YEAR = 365 * 24 * 60
"""In minutes."""


class Gate:
    """An admission that writes down what counts."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules(Spec(event_clock=True))
        self.counted: list[float] = []
        self.admission = Admission(self.rules, self._count)

    def _count(self, one: Arrival) -> None:
        self.counted.append((one.ts - TEN) / MINUTE)

    def take(self, *minutes: float, source: str = "a", **more: Any) -> list[float]:
        """What counts when heartbeats of a source come with these times."""
        before = len(self.counted)
        for minute in minutes:
            ts = TEN + round(minute * MINUTE)
            self.admission.push(Record((beat(ts, source),), **({"stamp": ts} | more)))
        return self.counted[before:]

    def refused(self) -> list[tuple[int, str]]:
        """Record and reason, in the order of refusal."""
        return [(one.place[0], one.reason.value) for one in self.admission.refused]


def beat(ts: int, source: str) -> Event:
    return {"type": "heartbeat", "ts": ts, "source": source}


@pytest.mark.parametrize(("ts", "counts"), [(5, True), (5 + 1 / MINUTE, False)])
def test_what_is_more_than_five_minutes_ahead_of_its_floor_is_held(ts: float, counts: bool) -> None:
    gate = Gate()
    gate.take(0)
    assert gate.take(ts) == ([ts] if counts else [])
    assert gate.admission.jumps == (not counts)
    assert gate.refused() == []


def test_one_wrong_year_is_refused_by_the_next_right_record() -> None:
    gate = Gate()
    assert gate.take(0, YEAR, 0.5) == [0, 0.5]
    assert gate.refused() == [(1, "ahead")]


def test_a_lone_source_that_goes_on_for_five_seconds_confirms_its_jump() -> None:
    gate = Gate()
    assert gate.take(0, 600, 600 + 4.999 / 60) == [0]
    assert gate.take(600 + 5 / 60) == [600, 600 + 4.999 / 60, 600 + 5 / 60]
    assert gate.refused() == []


def test_a_confirmation_that_jumps_itself_is_held_anew() -> None:
    gate = Gate()
    assert gate.take(0, 600, YEAR) == [0, 600]
    assert gate.take(600.5) == [600.5]
    assert gate.refused() == [(2, "ahead")]


def test_two_sources_that_jump_to_one_time_confirm_each_other() -> None:
    gate = Gate()
    gate.take(0)
    gate.take(0, source="b")
    assert gate.take(600) == []
    assert gate.take(603, source="b") == [600, 603]


def test_beside_a_source_that_was_alive_a_jump_waits_for_three_heartbeats() -> None:
    gate = Gate()
    gate.take(0)
    gate.take(0, source="b")
    assert gate.take(600, 601.499) == []
    assert gate.take(601.5) == [600, 601.499, 601.5]


def test_a_source_that_died_before_the_others_last_three_heartbeats_is_no_witness() -> None:
    gate = Gate()
    gate.take(0, source="b")
    gate.take(0, 1.501)
    assert gate.take(600, 600.1) == [600, 600.1]


def test_a_source_that_another_contradicts_is_out_until_it_is_near_again() -> None:
    gate = Gate()
    gate.take(0, source="good")
    assert gate.take(60, source="fast") == []
    assert gate.take(0.5, 1, source="good") == [0.5, 1]
    assert gate.take(61.5, 62, source="fast") == []
    assert gate.refused() == [(1, "ahead"), (4, "ahead"), (5, "ahead")]
    assert gate.take(5, source="fast") == [5]
    assert gate.take(64, source="fast") == []
    assert gate.admission.jumps == 3


def test_what_is_held_counts_when_its_floor_comes_near() -> None:
    gate = Gate()
    gate.take(0, source="good")
    gate.take(20, source="fast")
    assert gate.take(4, 8, 12, 15, source="good") == [4, 8, 12, 15, 20]
    assert gate.refused() == []


def test_a_source_that_is_out_is_tried_again_a_day_beyond_its_floor() -> None:
    gate = Gate()
    gate.take(0, source="good")
    gate.take(60, source="other")
    gate.take(1, source="good")
    gate.take(62, 63, source="other")
    assert len(gate.refused()) == 3
    day = DAY / MINUTE
    assert gate.take(day + 2, day + 3.5, source="other") == [day + 2, day + 3.5]


def test_a_jump_that_nothing_follows_is_refused_after_the_horizon() -> None:
    gate = Gate()
    gate.take(0, source="good")
    gate.take(300, source="bad")
    gate.take(*range(5, 121, 5), source="good")
    assert gate.refused() == []
    gate.take(121, source="good")
    assert gate.refused() == [(1, "ahead")]


def test_at_the_end_of_a_file_what_is_held_is_refused() -> None:
    gate = Gate()
    gate.take(0, YEAR)
    gate.admission.finish()
    assert gate.refused() == [(1, "ahead")]


def test_with_log_append_time_only_the_records_stamp_is_asked() -> None:
    gate = Gate()
    assert gate.take(0, 600, appended=True) == [0, 600]
    gate.take(700, appended=True, stamp=TEN + 700 * MINUTE - 5 * SECOND - 1)
    assert gate.refused() == [(2, "ahead")]


@pytest.mark.parametrize("kind", ["off", "alone", "file"])
def test_without_heartbeats_a_day_is_no_jump(kind: str) -> None:
    sources = (SourceSpec(heartbeat_ms=None if kind == "off" else 30_000),)
    gate = Gate(Rules(Spec(sources=sources)))
    event = {"type": "call", "call": "c", "phase": "offered", "source": "a"}
    for ts in (TEN, TEN + DAY, TEN + 2 * DAY + 1):
        stamp = None if kind == "file" else ts
        gate.admission.push(Record(({**event, "ts": ts},), stamp))
    assert gate.counted == [0, DAY / MINUTE]
    assert gate.admission.jumps == 1


def test_a_retired_source_holds_nobody_back_and_returns_as_a_new_one() -> None:
    rules = Rules(Spec(sources=(SourceSpec(heartbeat_ms=None),)))
    gate = Gate(rules)
    gate.take(0, source="old")
    gate.take(1, source="new")
    floor = gate.admission.floors["main"]
    gate.take(24 * 60, source="new")
    assert len(floor.active()) == 2
    gate.take(24 * 60 + 1, source="new")
    assert len(floor.active()) == 1
    assert floor.sealed == TEN + DAY - 60 * MINUTE
    gate.take(24 * 60 - 5, source="old")
    assert gate.refused() == [(4, Reason.late_grace.value)]
    assert gate.take(24 * 60 - 3, source="old") == [24 * 60 - 3]
