"""A team's or pool's view ends when nothing of it counts any more."""

from typing import Any

import pytest

from stream.roster import Assignment, Roster
from stream.shard import Shard
from stream.spec import PoolSpec, ShiftSpec, SourceSpec, Spec
from stream.units import DAY_MS, HOUR_MS
from tests.reference import cases
from tests.windows.telling import T_MS, heartbeat, push, state

LOG = Spec(event_clock=True, sources=(SourceSpec(heartbeat_ms=None, silence_ms=None),))
DAY_S = DAY_MS // 1_000


def shard_after(
    events: list[dict[str, Any]], until_s: float, spec: Spec = LOG, roster: Roster | None = None
) -> Shard:
    shard = Shard(spec, roster or Roster())
    push(shard, [*events, heartbeat(until_s)])
    shard.step(T_MS + round(until_s * 1_000))
    return shard


def call(at_s: float, name: str, phase: str, pool: str) -> dict[str, Any]:
    ts = T_MS + round(at_s * 1_000)
    return {"type": "call", "ts": ts, "call": name, "phase": phase, "pool": pool}


def teams_of(shard: Shard) -> list[str]:
    return [key.team for key in shard.figures().teams.keys]


def pools_of(shard: Shard) -> list[str]:
    return [key.pool for key in shard.figures().pools.keys]


MISSPELT = [state(0, "ann", "available", team="slaes"), state(1, "ann", "available", team="sales")]


def test_a_misspelt_team_is_shown_until_its_windows_are_empty() -> None:
    assert teams_of(shard_after(MISSPELT, 3_600)) == ["sales", "slaes"]
    assert teams_of(shard_after(MISSPELT, DAY_S)) == ["sales"]


def test_a_team_of_people_who_went_home_ends_with_its_windows() -> None:
    events = [state(0, "ann", "available", team="red"), state(60, "ann", "offline", team="red")]
    assert teams_of(shard_after(events, 3_600)) == ["red"]
    shard = shard_after(events, 2 * DAY_S)
    assert teams_of(shard) == pools_of(shard) == []
    assert shard.figures().detectors == ()


@pytest.mark.parametrize(
    ("spec", "roster"),
    [
        (Spec(event_clock=True, shifts=(ShiftSpec((), team="slaes"),)), Roster()),
        (LOG, Roster({"zoe": (Assignment(0, 1, "slaes"),)})),
        (LOG, Roster(pools={"slaes": "main"})),
    ],
    ids=["by a shift", "by the roster", "by its pool"],
)
def test_a_team_that_somebody_has_named_stays(spec: Spec, roster: Roster) -> None:
    assert "slaes" in teams_of(shard_after(MISSPELT, DAY_S, spec, roster))


def test_a_pool_without_calls_ends_and_one_that_is_named_stays() -> None:
    events = [
        call(0, "c1", "offered", "old"), call(5, "c1", "abandoned", "old"),
        call(0, "c2", "offered", "kept"), call(5, "c2", "abandoned", "kept"),
    ]  # fmt: skip
    spec = Spec(event_clock=True, sources=LOG.sources, pools=(PoolSpec(name="kept"), PoolSpec()))
    assert pools_of(shard_after(events, 3_600, spec)) == ["kept", "old"]
    assert pools_of(shard_after(events, 2 * DAY_S, spec)) == ["kept"]


def test_a_pool_in_which_a_call_back_is_open_stays_until_it_is_made_or_dropped() -> None:
    asked = call(0, "c", "callback_requested", "sales")
    done = call(7_200, "c", "callback_done", "sales")
    assert pools_of(shard_after([asked], 0)) == ["sales"]
    assert pools_of(shard_after([asked], 6 * DAY_S)) == ["sales"]
    assert pools_of(shard_after([asked], 8 * DAY_S)) == []
    assert pools_of(shard_after([asked, done], 7_300)) == ["sales"]
    assert pools_of(shard_after([asked, done], DAY_S)) == []


def test_a_pool_with_a_gauge_stays_while_the_gauge_is_read() -> None:
    events = [{"type": "queue", "ts": T_MS, "pool": "wall", "waiting": 0}]
    assert pools_of(shard_after(events, HOUR_MS // 1_000 - 1)) == ["wall"]
    assert pools_of(shard_after(events, HOUR_MS // 1_000)) == []


def test_vanished_team_is_not_shown_after_three_days() -> None:
    shard = Shard(LOG)
    push(shard, [dict(event) for event in cases.vanished_team(3)])
    shard.step(shard.watermark_ms)
    assert teams_of(shard) == ["sales"]


def test_a_source_that_was_replaced_is_shown_as_silent_for_a_day() -> None:
    shard = Shard(Spec(event_clock=True))
    push(shard, [heartbeat(0, "old"), heartbeat(0, "new")])
    for at_s, wanted in ((DAY_S, {"new": False, "old": True}), (DAY_S + 1, {"new": False})):
        push(shard, [heartbeat(at_s, "new")])
        shard.step(T_MS + at_s * 1_000)
        assert {one.source: one.silent for one in shard.figures().sources} == wanted
    push(shard, [heartbeat(DAY_S + 1, "old")])
    shard.step(T_MS + (DAY_S + 1) * 1_000)
    assert {one.source: one.silent for one in shard.figures().sources} == {
        "new": False,
        "old": False,
    }


def test_the_last_source_of_a_floor_stays_silent_however_long_it_lasts() -> None:
    shard = Shard(Spec(event_clock=True))
    push(shard, [heartbeat(0, "pbx"), heartbeat(0, "other", floor="b")])
    for at_s in range(0, 3 * DAY_S, 3_600):
        push(shard, [heartbeat(at_s, "other", floor="b")])
    shard.step(T_MS + 3 * DAY_MS - HOUR_MS)
    silent = {(one.floor, one.source): one.silent for one in shard.figures().sources}
    assert silent == {("main", "pbx"): True, ("b", "other"): False}
