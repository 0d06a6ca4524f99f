"""A shard's time: live, behind, frozen, and never moved far by one record."""

from random import Random

import pytest

from stream.agents.shard_clock import BEHIND_MS, ShardClock
from stream.units import HOUR_MS, NEVER_MS, SECOND_MS
from stream.windows.sources import UNSEEN_MS, CountedSource
from tests.reference.live import Receipt, live_now
from tests.reference.rules import Rules

T = 1_700_000_000_000
WATERMARK = T - 600_000
QUIET_MS = 90_000
"""Three heartbeats."""


def clock(*, by_events: bool = False, as_of_ms: int | None = None) -> ShardClock:
    return ShardClock(by_events=by_events, as_of_ms=as_of_ms, now_ms=0)


def observe(
    shard: ShardClock, seen_ms: int, now_ms: int, source: int = 0, *, by_broker: bool = False
) -> None:
    broker_ms = seen_ms if by_broker else UNSEEN_MS
    shard.observe([CountedSource(("main", str(source)), seen_ms, broker_ms, QUIET_MS)], now_ms)


def is_live(shard: ShardClock) -> bool:
    return shard.live


def test_before_the_partitions_end_time_follows_the_events() -> None:
    shard = clock()
    observe(shard, T, 0)
    shard.update(0, at_end=False, kafka_answered=True)

    assert not shard.live
    assert shard.as_of_ms(WATERMARK, 5) == WATERMARK


def test_at_the_end_time_is_the_newest_time_stamp_and_what_has_passed_since() -> None:
    shard = clock()
    observe(shard, T, 1_000)
    shard.update(1_000, at_end=True, kafka_answered=True)

    assert shard.live
    assert shard.as_of_ms(WATERMARK, 1_700) == T + 700


def test_an_older_record_does_not_set_the_live_clock_back() -> None:
    shard = clock()
    observe(shard, T, 1_000)
    observe(shard, T - 5_000, 2_000)
    shard.update(2_000, at_end=True, kafka_answered=True)

    assert shard.as_of_ms(WATERMARK, 2_000) == T + 1_000


def test_the_fastest_of_several_clocks_does_not_move_the_live_clock() -> None:
    shard = clock()
    observe(shard, T, 0)
    observe(shard, T + 4 * 60_000, 0, source=1)
    observe(shard, T - 200, 0, source=2)
    shard.update(0, at_end=True, kafka_answered=True)

    assert shard.as_of_ms(WATERMARK, 0) == T


def test_of_two_clocks_the_slower_is_believed_until_its_source_falls_silent() -> None:
    shard = clock()
    observe(shard, T, 0)
    observe(shard, T + 100, 0, source=1)
    shard.update(0, at_end=True, kafka_answered=True)
    assert shard.as_of_ms(WATERMARK, 0) == T

    observe(shard, T + QUIET_MS + 101, QUIET_MS + 1, source=1)
    assert shard.as_of_ms(WATERMARK, QUIET_MS + 1) == T + QUIET_MS + 101


def test_where_the_broker_stamps_its_clock_is_believed() -> None:
    shard = clock()
    for source in range(2):
        observe(shard, T + HOUR_MS, 0, source)
    observe(shard, T, 0, 2, by_broker=True)
    shard.update(0, at_end=True, kafka_answered=True)

    assert shard.as_of_ms(WATERMARK, 0) == T


@pytest.mark.parametrize("seed", range(100))
def test_the_live_clock_is_that_of_the_naive_reference(seed: int) -> None:
    random, shard, now = Random(seed), clock(), 0
    leads = [random.choice([0, 40, 3_000, HOUR_MS]) for _ in range(4)]
    broker = random.random() < 0.3
    receipts: list[Receipt] = []
    for _ in range(60):
        now += random.choice([0, 10, 1_000, 30 * SECOND_MS, 91 * SECOND_MS])
        source = random.randrange(1 + seed % 4)
        by_broker = broker and random.random() < 0.5
        stamp = T + now + (0 if by_broker else leads[source]) - random.choice([0, 0, 700])
        # A source's greatest time stamp so far is what the shard reports.
        mine = [one.stamp for one in receipts if one.source == str(source)]
        receipts.append(Receipt(str(source), max([stamp, *mine]), now, by_broker))
        observe(shard, max([stamp, *mine]), now, source, by_broker=by_broker)
        shard.update(now, at_end=True, kafka_answered=True)
        assert shard.as_of_ms(WATERMARK, now) == live_now(Rules(), receipts, now)


def test_a_backlog_older_than_ten_seconds_puts_it_behind_until_the_end_is_reached() -> None:
    shard = clock()
    observe(shard, T, 0)
    shard.update(0, at_end=True, kafka_answered=True)
    later = BEHIND_MS + 1
    shard.update(later, at_end=False, kafka_answered=True)
    assert not is_live(shard)

    observe(shard, T + 1, later)
    shard.update(later, at_end=True, kafka_answered=True)
    assert is_live(shard)
    assert shard.as_of_ms(WATERMARK, later) == T + later


def test_unread_records_that_are_fresh_leave_it_live() -> None:
    shard = clock()
    observe(shard, T, 0)
    shard.update(0, at_end=True, kafka_answered=True)
    shard.update(BEHIND_MS, at_end=False, kafka_answered=True)

    assert shard.live


def test_time_stands_still_while_kafka_does_not_answer() -> None:
    shard = clock()
    observe(shard, T, 0)
    shard.update(1_000, at_end=True, kafka_answered=True)
    shard.update(9_000, at_end=True, kafka_answered=False)  # as a process looks that has slept
    shard.update(9_100, at_end=True, kafka_answered=False)
    assert shard.as_of_ms(WATERMARK, 9_100) == T + 1_000

    shard.update(9_500, at_end=True, kafka_answered=True)
    assert shard.as_of_ms(WATERMARK, 9_500) == T + 9_500


def test_a_deadline_is_awaited_just_as_long_as_time_runs() -> None:
    shard = clock()
    assert shard.ms_until(T, 0) == NEVER_MS
    observe(shard, T, 0)
    shard.update(0, at_end=True, kafka_answered=True)
    assert shard.ms_until(T + 500, 100) == 401
    assert shard.as_of_ms(WATERMARK, 100 + 401) > T + 500
    assert shard.ms_until(T - 5, 100) == 0

    shard.update(200, at_end=True, kafka_answered=False)
    assert shard.ms_until(T + 201, 200) == NEVER_MS


def test_after_an_acquisition_without_new_records_time_goes_on_from_the_last_commit() -> None:
    shard = clock(as_of_ms=T)
    shard.update(2_000, at_end=True, kafka_answered=True)

    assert shard.as_of_ms(WATERMARK, 2_000) == T + 2_000


def test_what_was_committed_counts_until_every_source_had_time_to_speak() -> None:
    shard = clock(as_of_ms=T)
    observe(shard, T - 25_000, 1_000)
    shard.update(1_000, at_end=True, kafka_answered=True)
    assert shard.as_of_ms(WATERMARK, 1_000) == T + 1_000

    observe(shard, T + 70_000, QUIET_MS + 1)
    shard.update(QUIET_MS + 1, at_end=True, kafka_answered=True)
    assert shard.as_of_ms(WATERMARK, QUIET_MS + 1) == T + 70_000


def test_without_any_record_or_commit_there_is_no_live_time() -> None:
    shard = clock()
    shard.update(2_000, at_end=True, kafka_answered=True)

    assert shard.as_of_ms(0, 2_000) == 0


def test_the_events_clock_is_never_live() -> None:
    shard = clock(by_events=True)
    observe(shard, T, 0)
    shard.update(0, at_end=True, kafka_answered=True)

    assert not shard.live
    assert shard.as_of_ms(WATERMARK, 0) == WATERMARK
