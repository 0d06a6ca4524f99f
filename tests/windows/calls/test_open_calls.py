"""What calls count for: each thing that was said once, in whatever order it was said."""

from itertools import permutations
from typing import Any

import pytest

from stream.shard import Shard
from stream.units import HOUR_MS
from tests.windows.telling import Event, call, calls_of, heartbeat, push, shard_of

PLAIN = [
    call(0, "offered"),
    call(10, "answered", "ann", wait_s=10),
    call(100, "ended", "ann", talk_s=80, hold_s=10),
    call(130, "wrapped", "ann", acw_s=30),
]
TRANSFER = [
    call(0, "offered"),
    call(10, "answered", "ann"),
    call(40, "ended", "ann"),
    call(45, "answered", "bob"),
    call(145, "ended", "bob"),
    call(150, "wrapped", acw_s=20),
]


def counts(shard: Shard, agent: str, *names: str) -> list[int]:
    found = calls_of(shard, 600).get(agent, {})
    return [found.get(name, 0) for name in names]


def pool_of(shard: Shard) -> dict[str, Any]:
    calls_of(shard, 600)
    pools = shard.figures().pools
    names = ("waiting", "offered", "answered", "abandoned", "service_level")
    return {name: getattr(pools, name).reshape(len(pools.keys), -1)[0, -1] for name in names}


def test_a_plain_call_counts_once_with_its_own_durations() -> None:
    found = calls_of(shard_of(PLAIN), 600)["ann"]
    found.pop("ln_handle")
    assert found == {
        "started": 1, "handled": 1, "talk_ms": 80_000, "talk_known": 1, "hold_ms": 10_000,
        "acw_ms": 30_000, "acw_known": 1, "ln_known": 1,
    }  # fmt: skip


@pytest.mark.parametrize("story", [PLAIN, TRANSFER], ids=["plain", "transfer"])
def test_the_order_in_which_phases_arrive_decides_nothing(story: list[Event]) -> None:
    wanted = calls_of(shard_of(story), 600), pool_of(shard_of(story))
    for order in list(permutations(story))[:: len(story) * 9 - 35]:
        shard = shard_of(list(order))
        assert (calls_of(shard, 600), pool_of(shard)) == wanted


@pytest.mark.parametrize("story", [PLAIN, TRANSFER], ids=["plain", "transfer"])
def test_a_repeated_phase_counts_once(story: list[Event]) -> None:
    twice = shard_of([*story, *story[::-1]])
    assert calls_of(twice, 600) == calls_of(shard_of(story), 600)
    assert pool_of(twice) == pool_of(shard_of(story))
    together = shard_of([])
    push(together, story + story)
    assert calls_of(together, 600) == calls_of(shard_of(story), 600)


def test_a_transfer_is_a_second_leg_and_no_second_answer_of_the_pool() -> None:
    shard = shard_of(TRANSFER)
    assert counts(shard, "ann", "started", "handled", "talk_ms") == [1, 1, 30_000]
    assert counts(shard, "bob", "started", "handled", "talk_ms") == [1, 1, 100_000]
    assert (pool_of(shard)["offered"], pool_of(shard)["answered"]) == (1, 1)


def test_after_call_work_without_an_agent_belongs_to_the_leg_that_ended_last() -> None:
    shard = shard_of(TRANSFER)
    assert counts(shard, "ann", "acw_ms", "acw_known") == [0, 0]
    assert counts(shard, "bob", "acw_ms", "acw_known") == [20_000, 1]
    push(shard, [call(148, "answered", "cleo"), call(149, "ended", "cleo")])
    assert counts(shard, "bob", "acw_ms") == [0]
    assert counts(shard, "cleo", "acw_ms") == [20_000]


def test_after_call_work_with_an_agent_belongs_to_that_agents_leg() -> None:
    shard = shard_of([*TRANSFER[:-1], call(150, "wrapped", "ann", acw_s=20)])
    assert counts(shard, "ann", "acw_ms") == [20_000]
    assert counts(shard, "bob", "acw_ms", "acw_known") == [0, 0]


def test_after_call_work_counts_in_the_minute_of_the_end() -> None:
    shard = shard_of([call(50, "ended", "ann", talk_s=9), call(70, "wrapped", "ann", acw_s=20)])
    assert calls_of(shard, 600)["ann"]["acw_ms"] == 20_000
    first = shard.seat_sums(1_772_447_040_000, 1_772_447_100_000)
    assert first.calls[0, 6] == 20_000


def test_of_two_that_contradict_the_lesser_counts_whichever_came_first() -> None:
    either = [call(100, "ended", "ann", talk_s=80), call(101, "ended", "ann", talk_s=70)]
    same_time = [call(100, "ended", "ann", talk_s=80), call(100, "ended", "ann", talk_s=70)]
    for pair, talk_ms in ((either, 80_000), (same_time, 70_000)):
        for order in (pair, pair[::-1]):
            assert counts(shard_of(order), "ann", "handled", "talk_ms") == [1, talk_ms]
            together = shard_of([])
            push(together, order)
            assert counts(together, "ann", "handled", "talk_ms") == [1, talk_ms]


def test_a_contradiction_in_the_team_moves_the_call_to_the_lesser_name() -> None:
    pair = [call(9, "ended", "ann", team="red"), call(9, "ended", "ann", team="blue")]
    for order in (pair, pair[::-1]):
        shard = shard_of(order)
        calls_of(shard, 600)
        sums = shard.seat_sums(shard.as_of_ms - HOUR_MS, shard.as_of_ms)
        assert {key[2]: row[1] for key, row in zip(sums.keys, sums.calls, strict=True)} == {
            "blue": 1, "red": 0,
        }  # fmt: skip


def test_a_wait_that_was_not_told_is_the_time_since_the_offer() -> None:
    offer, told = call(0, "offered"), call(30, "answered", "ann", wait_s=15)
    untold = call(30, "answered", "ann")
    assert pool_of(shard_of([offer, told]))["service_level"] == 1.0
    assert pool_of(shard_of([offer, untold]))["service_level"] == 0.0
    assert pool_of(shard_of([call(10, "offered"), untold]))["service_level"] == 1.0
    assert pool_of(shard_of([untold]))["service_level"] == 0.0  # unknown is not in time


def test_talk_that_was_not_told_is_the_time_since_the_answer_else_unknown() -> None:
    shard = shard_of([call(10, "answered", "ann"), call(13, "ended", "ann")])
    assert counts(shard, "ann", "talk_ms", "talk_known", "short") == [3_000, 1, 1]
    shard = shard_of([call(13, "ended", "ann")])
    assert counts(shard, "ann", "handled", "talk_ms", "talk_known", "short") == [1, 0, 0, 0]
    shard = shard_of([call(20, "answered", "ann"), call(13, "ended", "ann")])
    assert counts(shard, "ann", "talk_ms", "talk_known") == [0, 0]


def test_a_call_of_5_s_is_short_and_a_millisecond_more_is_not() -> None:
    for talk_s, short in ((5, 1), (5.001, 0), (0, 1)):
        shard = shard_of([call(13, "ended", "ann", talk_s=talk_s)])
        assert counts(shard, "ann", "short") == [short]


def test_a_call_waits_until_it_is_answered_ended_or_abandoned() -> None:
    for last in (call(20, "answered", "ann"), call(20, "ended"), call(20, "abandoned")):
        assert pool_of(shard_of([call(0, "offered")]))["waiting"] == 1
        assert pool_of(shard_of([call(0, "offered"), last]))["waiting"] == 0


def test_a_call_that_was_abandoned_and_answered_by_nobody_counts_against_the_level() -> None:
    shard = shard_of([call(0, "offered"), call(20, "abandoned", wait_s=20)])
    assert pool_of(shard) == {
        "waiting": 0, "offered": 1, "answered": 0, "abandoned": 1, "service_level": 0.0,
    }  # fmt: skip


def held(shard: Shard) -> int:
    return len(shard.engine.counting.calls.index.numbers)


def test_a_call_of_which_all_is_known_is_let_go_after_grace_and_its_repeats_count_nothing() -> None:
    shard = shard_of([*PLAIN, heartbeat(430)])
    shard.step(shard.watermark_ms)
    assert held(shard) == 1
    push(shard, [heartbeat(490)])
    assert held(shard) == 0
    before = calls_of(shard, 600)
    later = [{**event, "ts": event["ts"] + 400_000} for event in PLAIN[2:]]
    assert not push(shard, later)
    assert calls_of(shard, 600) == before
    assert +shard.engine.counting.calls.odd == {"repeat": 2}


def test_an_id_that_comes_again_after_its_call_was_let_go_is_another_call() -> None:
    shard = let_go()
    push(shard, [{**event, "ts": event["ts"] + 500_000} for event in PLAIN])
    assert counts(shard, "ann", "started", "handled", "talk_ms") == [2, 2, 160_000]
    assert pool_of(shard)["offered"] == 2


def let_go() -> Shard:
    """A shard that knew a call and holds it no more."""
    shard = shard_of([*PLAIN, heartbeat(430)])
    shard.step(shard.watermark_ms)
    push(shard, [heartbeat(490)])
    assert held(shard) == 0
    return shard


def test_a_call_is_kept_until_control_has_seen_what_came_of_it() -> None:
    shard = shard_of([*PLAIN, heartbeat(430), heartbeat(490)])
    assert held(shard) == 1
    shard.step(shard.watermark_ms)
    push(shard, [heartbeat(560)])
    assert held(shard) == 0


def test_a_new_leg_of_a_call_that_was_let_go_still_counts() -> None:
    shard = let_go()
    push(shard, [call(495, "answered", "bob")])
    assert counts(shard, "bob", "started") == [1]
    assert counts(shard, "ann", "started", "handled") == [1, 1]


def test_a_slot_is_used_again_without_traces_of_the_call_before() -> None:
    shard = let_go()
    other = [{**event, "ts": event["ts"] + 500_000, "call": "c2"} for event in TRANSFER[:-1]]
    push(shard, other)
    alone = shard_of([heartbeat(490), *other])
    assert counts(shard, "bob", "started", "handled", "talk_ms", "acw_known") == counts(
        alone, "bob", "started", "handled", "talk_ms", "acw_known"
    )
    assert shard.engine.counting.calls.size == 1


def test_a_call_whose_end_was_lost_waits_for_four_hours_and_is_then_forgotten() -> None:
    shard = shard_of([call(0, "offered")])
    for hours, waiting, kept in ((3.9, 1, 1), (4, 0, 1), (4.1, 0, 0)):
        push(shard, [heartbeat(hours * 3_600 + 1)])
        shard.step(shard.watermark_ms)
        assert shard.figures().pools.waiting.tolist() == [waiting]
        assert held(shard) == kept


def test_calls_of_one_name_on_two_floors_are_two() -> None:
    shard = shard_of([call(0, "offered", floor=floor) for floor in ("north", "south")])
    calls_of(shard, 600)
    assert shard.figures().pools.offered[:, -1].tolist() == [1, 1]


def test_of_legs_that_ended_at_one_instant_the_greater_name_has_the_after_call_work() -> None:
    legs = [call(20, "answered", agent) for agent in ("ann", "bob", "Bob")]
    ends = [call(40, "ended", agent) for agent in ("ann", "bob", "Bob")]
    for order in list(permutations([*legs, *ends]))[::97]:
        shard = shard_of([*order, call(60, "wrapped", acw_s=20)])
        assert [counts(shard, who, "acw_ms") for who in ("ann", "bob", "Bob")] == [
            [0], [20_000], [0],
        ]  # fmt: skip
