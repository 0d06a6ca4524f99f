"""A shard's time: live, behind, frozen, and never moved far by one record."""

from stream.agents.shard_clock import AHEAD_MS_MAX, BEHIND_MS, ShardClock
from stream.units import NEVER_MS

T = 1_700_000_000_000
WATERMARK = T - 600_000


def clock(*, by_events: bool = False, as_of_ms: int | None = None) -> ShardClock:
    return ShardClock(by_events=by_events, as_of_ms=as_of_ms, now_ms=0)


def is_live(shard: ShardClock) -> bool:
    return shard.live


def test_before_the_partitions_end_time_follows_the_events() -> None:
    shard = clock()
    shard.observe_record(T, 0, T)
    shard.update(0, at_end=False, kafka_answered=True)

    assert not shard.live
    assert shard.as_of_ms(WATERMARK, 5) == WATERMARK


def test_at_the_end_time_is_the_newest_time_stamp_and_what_has_passed_since() -> None:
    shard = clock()
    shard.observe_record(T, 1_000, T)
    shard.update(1_000, at_end=True, kafka_answered=True)

    assert shard.live
    assert shard.as_of_ms(WATERMARK, 1_700) == T + 700


def test_an_older_record_does_not_set_the_live_clock_back() -> None:
    shard = clock()
    shard.observe_record(T, 1_000, T)
    shard.observe_record(T - 5_000, 2_000, T)
    shard.update(2_000, at_end=True, kafka_answered=True)

    assert shard.as_of_ms(WATERMARK, 2_000) == T + 1_000


def test_a_time_stamp_far_ahead_of_the_workers_own_clock_does_not_move_the_live_clock() -> None:
    shard = clock()
    shard.observe_record(T, 0, T)
    shard.observe_record(T + AHEAD_MS_MAX + 1, 0, T)
    shard.update(0, at_end=True, kafka_answered=True)

    assert shard.as_of_ms(WATERMARK, 0) == T


def test_a_backlog_older_than_ten_seconds_puts_it_behind_until_the_end_is_reached() -> None:
    shard = clock()
    shard.observe_record(T, 0, T)
    shard.update(0, at_end=True, kafka_answered=True)
    later = BEHIND_MS + 1
    shard.update(later, at_end=False, kafka_answered=True)
    assert not is_live(shard)

    shard.observe_record(T + 1, later, T)
    shard.update(later, at_end=True, kafka_answered=True)
    assert is_live(shard)
    assert shard.as_of_ms(WATERMARK, later) == T + later


def test_unread_records_that_are_fresh_leave_it_live() -> None:
    shard = clock()
    shard.observe_record(T, 0, T)
    shard.update(0, at_end=True, kafka_answered=True)
    shard.update(BEHIND_MS, at_end=False, kafka_answered=True)

    assert shard.live


def test_time_stands_still_while_kafka_does_not_answer() -> None:
    shard = clock()
    shard.observe_record(T, 0, T)
    shard.update(1_000, at_end=True, kafka_answered=True)
    shard.update(9_000, at_end=True, kafka_answered=False)  # as a process looks that has slept
    shard.update(9_100, at_end=True, kafka_answered=False)
    assert shard.as_of_ms(WATERMARK, 9_100) == T + 1_000

    shard.update(9_500, at_end=True, kafka_answered=True)
    assert shard.as_of_ms(WATERMARK, 9_500) == T + 9_500


def test_a_deadline_is_awaited_just_as_long_as_time_runs() -> None:
    shard = clock()
    assert shard.ms_until(T, 0) == NEVER_MS
    shard.observe_record(T, 0, T)
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


def test_without_any_record_or_commit_there_is_no_live_time() -> None:
    shard = clock()
    shard.update(2_000, at_end=True, kafka_answered=True)

    assert shard.as_of_ms(0, 2_000) == 0


def test_the_events_clock_is_never_live() -> None:
    shard = clock(by_events=True)
    shard.observe_record(T, 0, T)
    shard.update(0, at_end=True, kafka_answered=True)

    assert not shard.live
    assert shard.as_of_ms(WATERMARK, 0) == WATERMARK
