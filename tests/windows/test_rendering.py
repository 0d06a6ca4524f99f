"""Time of rows in gaps: corrected when other gaps are known, whatever was read before."""

from random import Random

import pytest

from stream.roster import NO_ROSTER
from stream.shard import Shard
from stream.spec import SourceSpec, Spec
from stream.units import DAY_MS
from stream.windows.gaps import Gaps
from stream.windows.source_gaps import gaps_at
from tests.windows.telling import T_MS, Event, heartbeat, push, shard_of, state, states_of

DENSE = Spec(event_clock=True, sources=(SourceSpec(heartbeat_ms=5_000),))
"""A gap is longer than 15 s."""
AGENTS = ("ann", "bob", "cid")


def beats(start_s: int, end_s: int, source: str = "main") -> list[Event]:
    return [heartbeat(at_s, source) for at_s in range(start_s, end_s + 1, 10)]


def spent(shard: Shard, as_of_s: int, agent: str = "ann") -> dict[str, float]:
    held = states_of(shard, as_of_s, agent)
    before_s = 3600 - as_of_s // 60 * 60  # unknown, since his first row is at 0
    held["unknown"] -= before_s
    return {name: seconds for name, seconds in held.items() if seconds}


def test_who_was_on_a_break_when_the_feed_died_is_not_charged_for_it() -> None:
    events = [state(0, "ann", "aux"), *beats(0, 60), *beats(300, 320)]
    for end in ([], [state(330, "ann", "available")]):
        shard = shard_of([*events, *beats(330, 330), *end], DENSE)
        assert spent(shard, 330) == {"aux": 90, "unknown": 240}


def test_a_break_that_ends_with_the_gap_is_unknown_from_the_last_event_on() -> None:
    shard = shard_of([state(0, "ann", "aux"), *beats(0, 60)], DENSE)
    assert spent(shard, 90) == {"aux": 60, "unknown": 30}
    push(shard, [state(200, "ann", "available")])
    assert spent(shard, 200) == {"aux": 60, "unknown": 140}


def test_what_was_buffered_fills_the_gap_however_often_figures_were_read() -> None:
    shard = shard_of([state(0, "ann", "aux"), *beats(0, 60), *beats(200, 230)], DENSE)
    late = [*beats(70, 190), state(100, "ann", "available"), state(150, "ann", "aux")]
    for event in sorted(late, key=lambda one: one["ts"]):
        assert push(shard, [event]) == []
        shard.figures()
    assert spent(shard, 230) == {"aux": 180, "available": 50}


def test_a_source_that_never_sent_a_heartbeat_has_no_gaps() -> None:
    shard = shard_of([state(0, "ann", "aux"), state(250, "ann", "available")], DENSE)
    assert spent(shard, 280) == {"aux": 250, "available": 30}


def test_rows_of_another_source_are_not_in_the_gap_and_those_of_the_dead_one_are() -> None:
    rows = [state(0, who, "aux", source=source) for who, source in (("ann", "a"), ("bob", "b"))]
    shard = shard_of([*rows, *beats(0, 30, "a"), *beats(0, 120, "b")], DENSE)
    push(shard, [state(100, "ann", "available", source="b")])
    assert spent(shard, 120) == {"aux": 30, "unknown": 70, "available": 20}
    assert spent(shard, 120, "bob") == {"aux": 120}


def test_gaps_that_no_row_has_a_part_in_are_dropped() -> None:
    shard = Shard(DENSE)
    for start in range(0, 400 * 20, 20):
        push(shard, [state(start, "ann", ("aux", "available")[start // 20 % 2]), heartbeat(start)])
        shard.step(shard.watermark_ms)
    assert len(shard.engine.sources.times.pauses[0]) <= 130


def test_before_a_day_has_passed_a_gap_is_unknown_and_then_offline() -> None:
    shard = shard_of([state(0, "ann", "aux"), heartbeat(0)], DENSE)
    [gap] = gaps_at(shard.engine.sources, T_MS + 20_000).rows()
    assert gap[1] == T_MS
    assert gap[3] == T_MS + DAY_MS
    assert shard.engine.rendered.rows() <= {gap}
    assert not Gaps.none().rows()


def drawn(random: Random) -> list[Event]:
    """Events of two sources within the grace, in order, with gaps."""
    events: list[Event] = []
    for source in ("a", "b"):
        at_s = random.randint(0, 20)
        while at_s < 280:
            event = heartbeat(at_s, source)
            if random.random() < 0.4:
                name = random.choice(["aux", "available", "talking", "offline"])
                event = state(at_s, random.choice(AGENTS), name, source=source)
            events.append(event)
            at_s += random.choice([3, 7, 7, 12, 15, 16, 40, 90])
    return sorted(events, key=lambda one: one["ts"])


def tables(shard: Shard) -> object:
    return {
        (key.team, one.agent, one.state): one.state_ms.tolist()
        for key, members in shard.all_members().items()
        for one in members
    }


@pytest.mark.parametrize("seed", range(60))
def test_neither_order_nor_batches_nor_readings_nor_restores_make_a_difference(seed: int) -> None:
    random = Random(seed)
    events, end_ms = drawn(random), T_MS + 330_000
    opening = [heartbeat(0, "a"), heartbeat(0, "b")]
    plain = Shard(DENSE)
    push(plain, [*opening, *events])
    random.shuffle(events)
    events += random.sample(events, len(events) // 3)
    shard, parts = Shard(DENSE), dict[str, bytes]()
    push(shard, opening)
    while events:
        size = random.randint(1, 6)
        batch, events = events[:size], events[size:]
        assert push(shard, batch) == []
        if random.random() < 0.5:
            shard.step(shard.watermark_ms + random.choice([0, 20_000]))
            shard.figures()
        if random.random() < 0.2:
            stored = shard.snapshot()
            parts = {name: ({**parts, **stored.changed})[name] for name in stored.names}
            shard = Shard.restore(DENSE, NO_ROSTER, parts, shard.control_state())
            shard.resume()
    for one in (plain, shard):
        one.step(end_ms)
    assert tables(shard) == tables(plain)
