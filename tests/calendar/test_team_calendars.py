"""When the working days of teams end, against the reference's walk over lists."""

from random import Random

import numpy as np
import pytest

from stream.calendar.local_spans import closings
from stream.calendar.team_calendars import TeamCalendars
from stream.events.language import State
from stream.events.names import Names
from stream.spec import LocalSpan, PoolSpec, ShiftSpec, Spec
from stream.units import HOUR_MS, MINUTE_MS
from tests.reference.cases import at
from tests.reference.rules import Rules

SLACK_MS = 30 * MINUTE_MS
NIGHT = (LocalSpan(1_320, 360), LocalSpan(360, 840))
OPENINGS = ((), (LocalSpan(480, 720), LocalSpan(720, 1_200)), (LocalSpan(0, 0),), NIGHT)


def day_end(spec: Spec, start_ms: int) -> int:
    """Of a state of somebody of team `red` that begins at an instant."""
    names = Names()
    names.seat("main", "ann", "red", start_ms)
    calendars = TeamCalendars(names, spec)
    calendars.follow_names()
    none = np.zeros(1, np.int64)
    return int(calendars.day_end(none, none + start_ms, none + SLACK_MS)[0])


@pytest.mark.parametrize("seed", range(60))
def test_a_day_ends_as_the_reference_says(seed: int) -> None:
    random = Random(seed)
    zone = random.choice(["Europe/Berlin", "Asia/Kolkata", "UTC"])
    shifts = random.choice([(), (ShiftSpec(NIGHT),), (ShiftSpec(NIGHT, team="blue"),)])
    spec = Spec(pools=(PoolSpec(zone=zone, open=random.choice(OPENINGS)),), shifts=shifts)
    change = at("2026-03-29T01:00:00")
    start_ms = change + random.randint(-40, 40) * HOUR_MS // 2 + random.choice([-1, 0, 1])
    wanted = Rules(spec).limit("main", "red", "pbx", State.available, start_ms)
    assert day_end(spec, start_ms) == wanted


def test_a_shift_that_ends_within_the_hour_is_not_the_one_that_began() -> None:
    spec = Spec(shifts=(ShiftSpec((LocalSpan(480, 960), LocalSpan(960, 1_200))),))
    assert day_end(spec, at("15:00:00") - 1) == at("16:30:00")
    assert day_end(spec, at("15:00:00")) == at("20:30:00")


def test_a_state_that_begins_around_the_last_end_of_the_day_ends_with_it() -> None:
    night = Spec(shifts=(ShiftSpec((LocalSpan(1_320, 360),)),))
    for spec in (night, Spec(pools=(PoolSpec(open=(LocalSpan(1_320, 360),)),))):
        assert day_end(spec, at("05:10:00")) == at("06:30:00")
        assert day_end(spec, at("06:00:04")) == at("06:30:04")
        assert day_end(spec, at("06:50:00")) == at("07:20:00"), "somebody works on for a while"
        assert day_end(spec, at("07:00:00")) == at("2026-03-03T06:30:00")
        assert day_end(spec, at("21:40:00")) == at("2026-03-03T06:30:00"), "early for the next"


def test_hours_at_whose_end_others_begin_do_not_close() -> None:
    assert closings(OPENINGS[1]) == OPENINGS[1][1:]
    assert closings((LocalSpan(0, 24 * 60),)) == ()
    assert closings(NIGHT) == NIGHT[1:]
