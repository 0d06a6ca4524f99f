"""Events far ahead of their floor: on hold, confirmed or refused, as the naive reference says.

Minutes after ten o'clock. Heartbeats each 30 s: three of them are 1.5 minutes, a leap is 5.
"""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from stream.events.decode import decode_objects
from stream.shard import Shard
from stream.spec import NameLimits, Spec
from stream.units import HOUR_MS, MINUTE_MS
from stream.windows import admission, jump_test
from tests.reference.cases import TEN
from tests.reference.engine import Engine
from tests.reference.records import Event, Record
from tests.reference.rules import Rules
from tests.reference.storms import SOURCES, Storm, check

YEAR = 365 * 24 * 60
SPEC = Spec(event_clock=True)


def beat(minute: float, source: str = "a", **more: Any) -> Event:
    ts = TEN + round(minute * MINUTE_MS)
    return {"type": "heartbeat", "ts": ts, "source": source} | more


def row(minute: float, agent: str, **more: Any) -> Event:
    return {**beat(minute, **more), "type": "state", "agent": agent, "state": "aux"}


def push(shard: Shard, *events: Event) -> list[str]:
    """Push events, each a record stamped with its own time; returns why some did not count."""
    before = shard.counts.copy()
    shard.push(decode_objects(events, [one["ts"] for one in events], shard.names).batch)
    return sorted((shard.counts - before - Counter(accepted=10**9)).elements())


def minutes(shard: Shard) -> float:
    return (shard.watermark_ms - TEN) / MINUTE_MS


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("seed", range(40))
def test_in_batches_and_over_restarts_what_counts_is_what_counts_one_by_one(
    kind: str, seed: int
) -> None:
    check(kind, seed)


@pytest.mark.parametrize("seed", range(25))
def test_limits_of_names_and_jumps_together_depend_on_the_order_of_events_alone(seed: int) -> None:
    records = Storm(f"limits {seed}").records(100)
    limits = NameLimits(floors=2, sources=1 + seed % 3, pools=2, teams=2, agents=1 + seed % 6)
    rules = Rules(replace(SPEC, limits=limits))
    whole, single, random = Engine(rules), Engine(rules), Random(seed)
    for record in records:
        single.push([record])
    cuts = sorted(random.sample(range(1, len(records)), 4))
    for first, last in pairwise([0, *cuts, len(records)]):
        whole.push(records[first:last])
    assert whole.refused == single.refused
    for one in (whole.shard, single.shard):
        one.refuse_held()
    assert whole.shard.counts == single.shard.counts
    assert sorted(whole.shard.names.seats.keys) == sorted(single.shard.names.seats.keys)
    assert sorted(whole.shard.names.sources.keys) == sorted(single.shard.names.sources.keys)


# -- by hand


def test_a_wrong_year_brings_no_name_and_is_refused_with_both_clocks() -> None:
    shard = Shard(SPEC)
    assert push(shard, beat(0), row(YEAR, "zed", floor="main", team="z"), row(1, "ann")) == [
        "ahead"
    ]
    assert minutes(shard) == 1
    assert list(shard.names.agents.keys) == [("main", "ann")]
    (refused,) = shard.take_refused()
    assert refused.detail == (
        "ts 2027-03-02T10:00:00.000Z is far ahead of its floor, which has come to "
        "2026-03-02T10:01:00.000Z, and nothing has confirmed it; check the source's clock"
    )
    assert shard.take_refused() == []


def test_what_is_held_brings_its_names_when_it_counts() -> None:
    shard = Shard(SPEC)
    push(shard, beat(0), row(600, "zed"))
    assert (shard.held, len(shard.names.agents)) == (1, 0)
    push(shard, beat(600.1))
    assert (shard.held, list(shard.names.agents.keys)) == (0, [("main", "zed")])
    assert minutes(shard) == 600.1


def test_what_is_held_counts_by_its_place_in_the_record_and_its_rank() -> None:
    engine = Engine(Rules(SPEC))
    acw = {**row(600, "ann"), "state": "acw"}
    bad = {**row(600, "ann"), "state": "lunch"}
    record = (beat(-600), bad, row(600, "ann"), acw, row(600, "bob"))
    engine.push([Record((beat(0),), TEN), Record(record, TEN + 10 * HOUR_MS)])
    assert engine.shard.held == 3
    engine.push([Record((beat(600.1),), TEN + 10 * HOUR_MS + 6_000)])
    assert engine.refused == {(1, "late_grace"): 1, (1, "unknown_enum"): 1}
    engine.shard.step(TEN + 10 * HOUR_MS + 6_000)
    states = {one.agent: one.state for one in engine.shard.members("main", "unassigned")}
    assert states == {"ann": "acw", "bob": "aux"}


def test_who_is_late_by_an_hour_that_was_sealed_meanwhile_takes_back_no_jump() -> None:
    shard = Shard(SPEC)
    push(shard, beat(0), beat(5, "b"), *(beat(minute) for minute in range(5, 90, 5)))
    assert push(shard, beat(300, "b"), beat(90), beat(50, "b")) == ["late_sealed"]
    assert shard.held == 1


def test_beyond_its_bytes_the_oldest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jump_test, "HELD_BYTES_MOST", 250)
    shard = Shard(SPEC)
    push(shard, beat(0), beat(0, "b"))
    found = push(shard, *(beat(600 + n / 1_000) for n in range(5)))
    assert found == ["ahead"] * (5 - shard.held)
    assert 0 < shard.held < 5
    assert shard.engine.jumps.size_bytes <= 250
    push(shard, beat(602))
    assert (shard.held, shard.engine.jumps.size_bytes) == (0, 0)
    assert minutes(shard) == 602


def test_a_batch_without_a_jump_is_not_tested_event_by_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(admission, "JumpTest", refuse)
    shard = Shard(SPEC)
    assert push(shard, *(beat(n * 4.9, "ab"[n % 2]) for n in range(50))) == []
    with pytest.raises(AssertionError):
        push(shard, beat(300))


def test_a_snapshot_names_the_part_of_jumps_only_while_there_is_one() -> None:
    shard = Shard(SPEC)
    push(shard, beat(0))
    assert "jumps" not in shard.snapshot().names
    push(shard, beat(600))
    assert "jumps" in shard.snapshot().names
    push(shard, beat(1))
    stored = shard.snapshot()
    assert "jumps" not in stored.names
    assert "jumps" not in stored.changed
