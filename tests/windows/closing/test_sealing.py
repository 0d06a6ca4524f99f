"""Sealed hours: when an hour is sealed, and what it holds then."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stream.events.language import Reason, State
from stream.shard import Shard
from stream.spec import PoolSpec, SourceSpec, Spec, WindowSpec
from stream.units import HOUR_MS, MINUTE_MS
from stream.windows.calls.minute_sums import TEAM_COUNTS
from stream.windows.closing.archive import Hour, encode
from stream.windows.closing.sealing import HOURS_MOST
from tests.windows.telling import T_MS, Event, call, heartbeat, push, state

EVENT = Spec(event_clock=True)
LOG = Spec(event_clock=True, sources=(SourceSpec(heartbeat_ms=None, silence_ms=None),))
ELEVEN_S = 36 * 60
"""From the telling's beginning, 10:24, to the end of its hour."""
GRACE_S, SEAL_S = 300, 1_800


def sealed(events: list[Event], spec: Spec = EVENT) -> list[Hour]:
    shard = Shard(spec)
    push(shard, events)
    return shard.take_sealed()


def times(hour: Hour, agent: str) -> dict[str, float]:
    """Seconds of an agent by state, over all teams."""
    rows = [at for at, seat in enumerate(hour.seats) if seat[2] == agent]
    sums = hour.state_ms[rows].sum(axis=0)
    return {name.name: sums[name] / 1000 for name in State if sums[name]}


@pytest.mark.parametrize("early_ms", [0, 1])
def test_an_hour_is_sealed_when_the_slowest_source_is_past_its_end_by_the_grace(
    early_ms: int,
) -> None:
    far = ELEVEN_S + GRACE_S
    events = [state(0, "ann", "aux", source="a"), heartbeat(0, "b"), heartbeat(far + 99, "b")]
    hours = sealed([*events, heartbeat(far - early_ms / 1000, "a")])
    assert [hour.end_ms - T_MS for hour in hours] == [ELEVEN_S * 1000] * (not early_ms)


@pytest.mark.parametrize("early_ms", [0, 1])
def test_or_when_the_fastest_is_past_it_by_half_an_hour(early_ms: int) -> None:
    far = ELEVEN_S + SEAL_S - early_ms / 1000
    events = [state(0, "ann", "available", source="a"), heartbeat(0, "b"), heartbeat(far, "b")]
    assert len(sealed(events, LOG)) == 1 - early_ms


def test_an_hour_waits_for_a_source_that_is_met_in_the_same_batch() -> None:
    far = ELEVEN_S + GRACE_S
    events = [state(0, "ann", "available", source="a"), heartbeat(60, "b"), heartbeat(far, "a")]
    assert sealed(events) == []
    assert len(sealed([*events, heartbeat(far, "b")])) == 1


def test_who_is_silent_for_a_quarter_of_an_hour_and_then_sends_all_loses_nothing() -> None:
    """What source b sends of 10:30 to 10:45 comes at 10:45, oldest first."""
    quiet = [heartbeat(at_s, "a") for at_s in range(0, 45 * 60, 30)]
    late = [
        state(at_s, "bob", name, source="b") for at_s, name in [(1_900, "aux"), (2_000, "meal")]
    ]
    late += [heartbeat(at_s, "b") for at_s in range(1_800, 45 * 60, 30)]
    late.sort(key=lambda event: event["ts"])
    shard = Shard(EVENT)
    push(shard, [state(0, "bob", "available", source="b"), heartbeat(1_800, "b"), *quiet])
    assert push(shard, [*late, heartbeat(45 * 60, "b")]) == []
    [hour] = shard.take_sealed()
    assert times(hour, "bob")["aux"] == 100
    assert times(hour, "bob")["unknown"] == 24 * 60  # before his first row


def test_a_row_of_a_sealed_hour_is_late_and_changes_nothing() -> None:
    shard = Shard(LOG)
    far = ELEVEN_S + SEAL_S
    push(shard, [state(0, "ann", "available", source="a"), heartbeat(0, "b"), heartbeat(far, "b")])
    [before] = shard.take_sealed()
    [late] = push(shard, [state(60, "ann", "aux", source="a")])
    assert late.reason is Reason.late_sealed
    assert shard.counts["late_sealed"] == 1
    assert times(before, "ann").get("aux") is None
    push(shard, [heartbeat(far + 3_600, "b"), heartbeat(far + 3_600, "a")])
    assert [times(hour, "ann").get("aux") for hour in shard.take_sealed()] == [None]


def test_open_states_count_to_the_end_and_those_of_a_silent_source_to_its_watermark() -> None:
    events = [
        state(0, "ann", "available", source="a"),
        state(0, "bob", "available", source="b"),
        heartbeat(600, "b"),
        heartbeat(ELEVEN_S + SEAL_S, "a"),
    ]
    [hour] = sealed(events)
    assert times(hour, "ann") == {"available": ELEVEN_S, "unknown": 24 * 60}
    assert times(hour, "bob") == {"available": 600, "unknown": 3_000}
    [hour] = sealed(events, LOG)
    assert times(hour, "bob") == {"available": ELEVEN_S, "unknown": 24 * 60}


def test_a_state_counts_to_its_limit() -> None:
    [hour] = sealed([state(0, "ann", "ringing"), heartbeat(ELEVEN_S + GRACE_S)])
    assert times(hour, "ann") == {"ringing": 180, "unknown": 3_420}


def test_one_event_may_seal_many_hours_of_a_floor_that_nobody_left() -> None:
    hours = sealed([state(0, "ann", "available"), heartbeat(5 * 3_600)], LOG)
    assert [times(hour, "ann") for hour in hours[1:]] == [{"available": 3_600}] * (len(hours) - 1)
    assert len(hours) == 5
    later_s = 30 * 24 * 3_600
    confirmed = [heartbeat(later_s), heartbeat(later_s + 6)]  # else it might be a wrong clock
    month = sealed([state(0, "ann", "available"), *confirmed], LOG)
    assert len(month) == HOURS_MOST


def test_hours_in_which_nobody_is_staffed_and_nothing_happens_are_not_told() -> None:
    assert sealed([state(0, "ann", "offline"), heartbeat(5 * 3_600)], LOG) == []


def test_calls_count_with_their_seat_and_pool_in_the_hour_of_their_instant() -> None:
    events = [
        call(10, "offered", pool="sales"),
        call(20, "answered", "ann", team="blue", pool="sales"),
        call(ELEVEN_S - 10, "ended", "ann", team="blue", pool="sales", talk_s=4, hold_s=1),
        call(ELEVEN_S + 10, "wrapped", "ann", team="blue", acw_s=20),
        heartbeat(ELEVEN_S + GRACE_S),
    ]
    [hour] = sealed(events)
    assert hour.seats == (("main", "blue", "ann"),)
    told = dict(zip(TEAM_COUNTS, hour.calls[0].tolist(), strict=True))
    assert (told["started"], told["handled"], told["short"]) == (1, 1, 1)
    assert (told["talk_ms"], told["hold_ms"], told["acw_ms"]) == (4_000, 1_000, 20_000)
    assert (hour.pools, hour.pool_calls[0, :2].tolist()) == (("sales",), [1, 1])


def test_after_call_work_that_outlasts_the_seal_counts_in_the_next_hour() -> None:
    events = [
        call(20, "answered", "ann", team="blue"),
        call(ELEVEN_S - 10, "ended", "ann", team="blue", talk_s=60),
        heartbeat(ELEVEN_S + GRACE_S),
        call(ELEVEN_S + 400, "wrapped", "ann", team="blue", acw_s=410),
        heartbeat(ELEVEN_S + GRACE_S + 3_600),
    ]
    first, second = sealed(events)
    acw, handled = TEAM_COUNTS.index("acw_ms"), TEAM_COUNTS.index("handled")
    assert (first.calls[0, [handled, acw]].tolist()) == [1, 0]
    assert (second.calls[0, [handled, acw]].tolist()) == [0, 410_000]


def morning(spec: Spec, floors: tuple[str, ...] = ("main",)) -> list[Event]:
    """Four agents of each floor for some hours, in order."""
    rng = np.random.default_rng(7)
    names = ["available", "talking", "aux", "meal"]
    events: list[dict[str, Any]] = []
    for at_s in range(0, 5 * 3_600, 40):
        floor = floors[at_s // 40 % len(floors)]
        agent, name = f"a{rng.integers(4)}", names[rng.integers(4)]
        events.append(state(at_s, agent, name, floor=floor))
    return events


def test_an_hour_is_that_of_the_live_figures_when_it_is_sealed() -> None:
    spec = Spec(event_clock=True, seat_calls=True)
    shard, compared = Shard(spec), 0
    for event in morning(spec):
        push(shard, [event])
        shard.step(shard.watermark_ms)
        for hour in shard.take_sealed():
            sums = shard.seat_sums(hour.start_ms, hour.end_ms)
            live = {key[1:]: row for key, row in zip(sums.keys, sums.state_ms, strict=True)}
            for seat, state_ms in zip(hour.seats, hour.state_ms, strict=True):
                missing = hour.end_ms - hour.start_ms - int(live[seat].sum())
                live[seat][State.unknown] += missing if hour.start_ms < T_MS else 0
                np.testing.assert_array_equal(state_ms, live[seat])
                compared += 1
    assert compared == 4 * 5


def test_neither_batches_nor_looks_ahead_nor_other_floors_change_an_hour() -> None:
    """To look at figures hours later opens minutes, and lets go of old ones; hours keep theirs."""
    floors = ("north", "south", "east")
    events = morning(EVENT, floors)
    whole, single = Shard(EVENT), Shard(EVENT)
    push(whole, events)
    for event in events:
        push(single, [event])
        single.step(int(event["ts"]) + 20 * HOUR_MS)
        single.figures()
    wanted = sorted(map(encode, whole.take_sealed()))
    assert len(wanted) >= 3 * 4
    assert sorted(map(encode, single.take_sealed())) == wanted


@pytest.mark.parametrize(
    ("zone", "minute"), [("UTC", 0), ("Asia/Kolkata", 30), ("Asia/Kathmandu", 15)]
)
def test_hours_are_those_of_the_floors_zone(zone: str, minute: int) -> None:
    spec = Spec(event_clock=True, pools=(PoolSpec(zone=zone),))
    hours = sealed(morning(spec), spec)
    assert {hour.start_ms // MINUTE_MS % 60 for hour in hours} == {minute}


def test_the_zone_is_that_of_the_first_pool_that_is_listed_for_the_floor() -> None:
    spec = Spec(
        pools=(PoolSpec(zone="Asia/Tokyo"), PoolSpec("north", "sales", "Asia/Kolkata"), PoolSpec())
    )
    assert [spec.floor_zone(floor) for floor in ("north", "south")] == [
        "Asia/Kolkata",
        "Asia/Tokyo",
    ]


def test_grace_and_seal_are_settings() -> None:
    spec = replace(LOG, windows=WindowSpec(grace_ms=0, seal_ms=MINUTE_MS))
    both = [state(0, "ann", "available", source="a"), heartbeat(0, "b")]
    assert sealed([*both, heartbeat(ELEVEN_S + 59, "b")], spec) == []
    assert len(sealed([*both, heartbeat(ELEVEN_S + 60, "b")], spec)) == 1
    assert len(sealed([*both, heartbeat(ELEVEN_S, "b"), heartbeat(ELEVEN_S, "a")], spec)) == 1
