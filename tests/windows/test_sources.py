"""Feeds: how far each one's clock has come, what is too late for it, and whether it lives."""

import pytest

from stream.events.language import Reason
from stream.shard import Shard
from stream.spec import SourceSpec, Spec
from stream.units import NEVER_MS
from tests.windows.telling import T_MS, Event, heartbeat, push, shard_of, state, states_of

GRACE_S, SEAL_S, HORIZON_S = 300, 1_800, 7_200
ELEVEN_S = 36 * 60
"""To the next full hour."""
LIVE = Spec(sources=(SourceSpec(heartbeat_ms=30_000),))


def lates(shard: Shard, *events: Event) -> list[tuple[int, Reason]]:
    return sorted((late.record, late.reason) for late in push(shard, list(events)))


def watermarks(shard: Shard) -> dict[str, float]:
    shard.step(shard.watermark_ms)
    return {
        f"{one.floor}/{one.source}": (one.watermark_ms - T_MS) / 1000
        for one in shard.figures().sources
    }


def test_every_kind_of_event_moves_its_sources_watermark_and_none_goes_back() -> None:
    shard = shard_of(
        [
            heartbeat(10, "a"),
            state(20, "ann", "aux", source="a"),
            heartbeat(15, "a"),
            {"type": "queue", "ts": T_MS + 30_000, "waiting": 1, "source": "b"},
            heartbeat(7, "b"),
            {"type": "call", "ts": T_MS + 5_000, "call": "c", "phase": "offered", "floor": "east"},
        ]
    )
    assert watermarks(shard) == {"east/east": 5, "main/a": 20, "main/b": 30}
    assert shard.watermark_ms == T_MS + 30_000


@pytest.mark.parametrize("early_ms", [0, 1])
def test_an_event_at_the_grace_counts_and_a_millisecond_earlier_is_late(early_ms: int) -> None:
    shard = shard_of([heartbeat(1_000)])
    event = state(1_000 - GRACE_S - early_ms / 1000, "ann", "aux")
    assert lates(shard, event) == [(0, Reason.late_grace)] * early_ms
    assert bool(states_of_anyone(shard)) == (not early_ms)


def states_of_anyone(shard: Shard) -> list[str]:
    shard.step(T_MS + 1_000_000)
    return [one.agent for one in shard.members("main", "unassigned")]


@pytest.mark.parametrize("early_ms", [0, 1])
def test_an_event_in_an_hour_that_is_sealed_is_late_and_a_millisecond_later_counts(
    early_ms: int,
) -> None:
    """The fastest source has passed the end of the hour by half an hour."""
    shard = shard_of([heartbeat(0, "slow"), heartbeat(ELEVEN_S + SEAL_S, "fast")])
    event = state(ELEVEN_S - early_ms / 1000, "ann", "aux", source="slow")
    assert lates(shard, event) == [(0, Reason.late_sealed)] * early_ms


@pytest.mark.parametrize("early_ms", [0, 1])
def test_what_is_beyond_the_floors_horizon_is_late_for_that_reason(early_ms: int) -> None:
    shard = shard_of([heartbeat(0, "slow"), heartbeat(HORIZON_S + 100, "fast")])
    event = state(100 - early_ms / 1000, "ann", "aux", source="slow")
    reason = Reason.late_horizon if early_ms else Reason.late_sealed
    assert lates(shard, event) == [(0, reason)]


def test_what_is_late_for_both_reasons_is_late_by_grace() -> None:
    shard = shard_of([heartbeat(20_000)])
    assert lates(shard, heartbeat(1)) == [(0, Reason.late_grace)]


def test_a_source_is_not_late_by_another_sources_clock() -> None:
    shard = shard_of([heartbeat(0, "a"), heartbeat(1_000, "b")])
    assert lates(shard, heartbeat(-GRACE_S, "a"), heartbeat(999 - GRACE_S, "b")) == [
        (1, Reason.late_grace)
    ]


def test_a_source_seen_for_the_first_time_starts_at_the_slowest_of_its_floor() -> None:
    shard = shard_of([heartbeat(1_000, "a"), heartbeat(2_000, "b"), heartbeat(9_000, floor="east")])
    assert lates(shard, heartbeat(1_000 - GRACE_S - 1, "c")) == [(0, Reason.late_grace)]
    assert watermarks(shard)["main/c"] == 1_000
    assert lates(shard, heartbeat(1_000 - GRACE_S, "d")) == []
    assert watermarks(shard)["main/d"] == 1_000


def test_the_first_source_of_a_floor_has_no_bound() -> None:
    shard = shard_of([heartbeat(9_000)])
    assert lates(shard, heartbeat(-9_000, floor="east", source="a")) == []
    assert watermarks(shard)["east/a"] == -9_000


def test_sources_that_are_new_in_one_batch_meet_what_came_before_them_in_it() -> None:
    events = [heartbeat(1_000, "a"), heartbeat(600, "b"), heartbeat(100, "c"), heartbeat(800, "c")]
    assert lates(shard_of([]), *events) == [(1, Reason.late_grace), (2, Reason.late_grace)]


def test_late_events_move_no_watermark_and_doom_nobody() -> None:
    """Beyond the floor's horizon the second would be late by grace, if the first had counted."""
    events = [
        heartbeat(0, "slow"),
        heartbeat(100, "fast"),
        heartbeat(20_000, "fast"),
        heartbeat(2_000, "slow"),
        heartbeat(1_000, "slow"),
    ]
    wanted = [(3, Reason.late_horizon), (4, Reason.late_horizon)]
    together = shard_of([])
    assert lates(together, *events) == wanted
    alone = shard_of([])
    assert [late for event in events for late in lates(alone, event)] == [
        (0, Reason.late_horizon)
    ] * 2
    assert watermarks(together) == watermarks(alone) == {"main/slow": 0, "main/fast": 20_000}


def test_events_of_a_sealed_hour_move_no_watermark_and_doom_nobody() -> None:
    """The second would be late by grace, if the first had counted."""
    shard = shard_of([heartbeat(0, "slow"), heartbeat(ELEVEN_S + SEAL_S, "fast")])
    late = [heartbeat(ELEVEN_S - 1, "slow"), heartbeat(ELEVEN_S - 2 - GRACE_S, "slow")]
    assert lates(shard, *late) == [(0, Reason.late_sealed), (1, Reason.late_sealed)]
    assert watermarks(shard)["main/slow"] == 0


def silent(shard: Shard, at_ms: int) -> bool:
    shard.step(at_ms)
    (source,) = shard.figures().sources
    return source.silent


def test_a_source_is_silent_a_millisecond_after_three_heartbeats_of_event_time() -> None:
    shard = shard_of([heartbeat(0)], Spec(event_clock=True))
    assert shard.next_deadline() == T_MS + 90_001
    assert not silent(shard, T_MS + 90_000)
    assert silent(shard, T_MS + 90_001)


def test_live_a_source_is_silent_by_kafkas_time_stamps_not_by_its_own_clock() -> None:
    shard = Shard(LIVE)
    push(shard, [heartbeat(-40)], [T_MS])
    push(shard, [heartbeat(-100)], [T_MS + 5_000])
    assert not silent(shard, T_MS + 95_000)
    assert silent(shard, T_MS + 95_001)
    push(shard, [heartbeat(60)], [T_MS + 100_000])
    assert not silent(shard, T_MS + 100_000)


def test_a_recorded_log_is_never_silent() -> None:
    spec = Spec(event_clock=True, sources=(SourceSpec(heartbeat_ms=None),))
    shard = shard_of([heartbeat(0)], spec)
    assert shard.engine.sources.silent_from_ms().tolist() == [NEVER_MS]
    assert not silent(shard, T_MS + 10**9)


def test_open_states_of_a_silent_source_count_up_to_its_watermark() -> None:
    shard = shard_of([state(0, "ann", "talking"), heartbeat(30)], Spec(event_clock=True))
    assert states_of(shard, 120, "ann")["talking"] == 120
    assert states_of(shard, 121, "ann") == {"talking": 30, "unknown": 3_601 - 30}


def test_a_state_counts_up_to_its_limit_and_is_unknown_from_there_for_good() -> None:
    ring = [state(0, "ann", "ringing"), state(400, "ann", "talking"), heartbeat(400)]
    shard = shard_of(ring, Spec(event_clock=True))
    found = states_of(shard, 460, "ann")
    assert (found["ringing"], found["talking"]) == (180, 60)
    assert sum(found.values()) == 3_600 + 460 % 60


def test_limits_can_be_set_by_source_and_switched_off() -> None:
    spec = Spec(
        event_clock=True,
        sources=(
            SourceSpec("pbx", heartbeat_ms=None, silence_ms=None),
            SourceSpec(heartbeat_ms=None),
        ),
    )
    events = [
        state(0, "ann", "ringing", source="pbx"),
        state(0, "bob", "ringing", source="other"),
        heartbeat(600, "pbx"),
        heartbeat(600, "other"),
    ]
    shard = shard_of(events, spec)
    assert states_of(shard, 600, "ann")["ringing"] == 600
    assert states_of(shard, 600, "bob")["ringing"] == 180
