"""Where spells begin."""

from typing import Any

import pytest

from stream.events.language import State
from stream.shard import Shard
from stream.spec import SourceSpec, Spec
from stream.windows.closing.archive import Hour
from tests.windows.telling import Event, heartbeat, push, state

LOG = Spec(event_clock=True, sources=(SourceSpec(heartbeat_ms=None),))
ELEVEN_S = 36 * 60
"""From the telling's beginning to the end of its hour."""


def spells(*events: Event, team: str = "unassigned") -> dict[str, int]:
    """Spells that ann began in the first hour, sealed when all events were told."""
    shard = Shard(LOG)
    push(shard, [*events, heartbeat(ELEVEN_S + 300)])
    [hour] = shard.take_sealed()
    return counts(hour, team)


def counts(hour: Hour, team: str) -> dict[str, int]:
    at = [seat[1:] for seat in hour.seats].index((team, "ann"))
    return {name.name: int(hour.spells[at, name]) for name in State if hour.spells[at, name]}


def ann(at_s: float, name: str, **more: Any) -> Event:
    return state(at_s, "ann", name, **more)


def test_each_change_of_state_begins_a_spell_and_a_repeat_none() -> None:
    told = spells(ann(0, "available"), ann(60, "aux"), ann(70, "aux"), ann(80, "available"))
    assert told == {"available": 2, "aux": 1}


def test_a_row_that_becomes_known_late_takes_away_what_it_disproves() -> None:
    """Two spells of aux become one, when what was thought to be between is told otherwise."""
    events = [ann(0, "available"), ann(60, "aux"), ann(90, "talking"), ann(120, "aux")]
    assert spells(*events)["aux"] == 2
    assert spells(*events, ann(100, "aux"))["aux"] == 2
    assert spells(*events, ann(90, "aux", seq=1))["aux"] == 1


def test_what_lasts_no_time_begins_none() -> None:
    assert spells(ann(0, "available"), ann(60, "aux"), ann(60, "meal")) == {
        "available": 1,
        "meal": 1,
    }


def test_what_comes_with_sync_begins_none() -> None:
    told = spells(ann(0, "available"), ann(60, "aux", sync=True), ann(90, "aux"))
    assert told == {"available": 1}


def test_a_state_that_had_passed_its_limit_begins_anew() -> None:
    assert spells(ann(0, "ringing"), ann(180, "ringing"))["ringing"] == 1
    assert spells(ann(0, "ringing"), ann(180.001, "ringing"))["ringing"] == 2


def test_the_same_state_in_another_team_is_another_spell() -> None:
    events = ann(0, "available", team="blue"), ann(60, "available", team="red")
    assert spells(*events, team="blue") == spells(*events, team="red") == {"available": 1}


@pytest.mark.parametrize(("at_s", "hour"), [(ELEVEN_S - 0.001, 0), (ELEVEN_S, 1)])
def test_a_spell_belongs_to_the_hour_in_which_it_begins(at_s: float, hour: int) -> None:
    shard = Shard(LOG)
    push(shard, [ann(0, "available"), ann(at_s, "aux"), heartbeat(ELEVEN_S + 3_900)])
    hours = shard.take_sealed()
    told = [counts(one, "unassigned").get("aux", 0) for one in hours]
    assert told == [1 - hour, hour]
