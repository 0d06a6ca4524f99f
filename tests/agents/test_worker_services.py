"""What a task delivers, and whether most events are rejected: each minute counts by itself."""

import logging
from collections import Counter
from dataclasses import replace

import pytest

from stream.agents.record_chunk import EventCounts
from stream.agents.worker_services import StoreState, StreamQuality
from stream.control.model import Verdict
from stream.notify.notice import key_of
from stream.render.worker_metrics import Health
from stream.units import MINUTE_MS
from tests.agents.bench import Bench
from tests.agents.test_outbox import RAISE, outbox_with

BEGIN_MS = 1_000_000


def counts(good: int = 0, bad: int = 0) -> EventCounts:
    return EventCounts(accepted=good, rejected=Counter(syntax=bad))


def quality_after_bad_events() -> StreamQuality:
    quality = StreamQuality()
    quality.add(counts(bad=150), BEGIN_MS)
    assert quality.mostly_rejected
    return quality


def test_a_minute_of_few_good_events_makes_a_bad_stream_good_again() -> None:
    quality = quality_after_bad_events()
    for minute in (1, 2):
        quality.add(counts(good=1), BEGIN_MS + minute * MINUTE_MS)
    assert not quality.mostly_rejected


def test_a_minute_without_any_event_makes_a_bad_stream_good_again() -> None:
    quality = quality_after_bad_events()
    quality.roll(BEGIN_MS + MINUTE_MS)
    assert quality.mostly_rejected  # the minute that has just ended was bad
    quality.roll(BEGIN_MS + 2 * MINUTE_MS)
    assert not quality.mostly_rejected


def test_chunks_of_a_bad_minute_add_up() -> None:
    quality = StreamQuality()
    for second in range(10):
        quality.add(counts(good=3, bad=10), BEGIN_MS + second * 1_000)
    assert quality.mostly_rejected


def test_a_bad_stream_is_logged_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    services = Bench().services
    with caplog.at_level(logging.INFO, "stream.agents.worker_services"):
        for _ in range(3):
            services.count(counts(bad=150), BEGIN_MS)
        assert b"floorwatch_events_mostly_bad 1.0" in services.health.text()
        services.roll(BEGIN_MS + MINUTE_MS)
        services.roll(BEGIN_MS + 2 * MINUTE_MS)

    assert b"floorwatch_events_mostly_bad 0.0" in services.health.text()
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "floorwatch dlq show" in caplog.text


async def test_a_later_step_of_an_alert_waits_for_the_one_that_was_not_accepted() -> None:
    grown = replace(RAISE, at_ms=RAISE.at_ms + 1, before=Verdict.out_of_control)
    other = replace(RAISE, id="a2")
    bench, outbox = Bench(), outbox_with(RAISE, grown, other)
    bench.pager.refused = {key_of(RAISE)}

    bench.services._page(outbox, unstored=True)
    assert [one.key for one in bench.pager.notices] == [key_of(other)]

    bench.pager.refused.clear()
    bench.services._page(outbox, unstored=True)
    assert [one.key for one in bench.pager.notices][1:] == [key_of(RAISE), key_of(grown)]


def test_a_store_that_may_not_hold_state_any_more_is_reported_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    state = StoreState(Health())
    for reasons in ([], ["it evicts"], ["it evicts", "it evicts"], [], []):
        state.set_unfit(reasons)
    assert caplog.messages == ["it evicts", "the store may hold state again"]
    assert state.unfit == ()
