"""Acquiring a partition whose log is not what its state was computed from, or begins later."""

import logging
from dataclasses import replace
from typing import Any

import orjson
import pytest

from stream.agents.acquisition import LogTooShort
from stream.agents.log_check import LogMatch
from stream.agents.transport.fetched_batch import FetchedBatch, RecordColumns
from stream.errors import StateError
from stream.store.protocol import Commit
from stream.store.record_fingerprint import RecordFingerprint
from tests.agents.bench import (
    KEY,
    TOPIC,
    Bench,
    batch,
    live,
    recording,
    until_the_walk_out,
)

UNTIL = 700


async def stopped(bench: Bench, end: int = UNTIL) -> None:
    """State of some records, as a worker leaves it."""
    runner = await bench.acquire_task()
    await runner.process(batch(recording(1), 0, end))
    await runner.drain()


async def test_the_last_record_is_noted_in_commit_and_manifest() -> None:
    bench = Bench()
    await stopped(bench)
    lease = await bench.store.acquire(KEY)
    assert lease.manifest is not None
    assert lease.fingerprint is not None
    assert lease.fingerprint == lease.manifest.fingerprint
    value, time_ms = recording(1)[UNTIL - 1]
    assert lease.fingerprint == RecordFingerprint.of(UNTIL - 1, time_ms, value)


async def test_the_same_log_is_read_on() -> None:
    bench = Bench()
    await stopped(bench)
    runner = await bench.acquire_task()
    assert (runner.task.offset, bench.removed) == (UNTIL, [0, 0])


async def test_another_log_is_refused_with_what_to_do() -> None:
    bench = Bench()
    await stopped(bench)
    bench.log.match = LogMatch.replaced
    with pytest.raises(StateError, match=r'made again.*on_loss = "rebuild"'):
        await bench.acquire_task()
    bench.log.match = LogMatch.same  # the topic was restored: nothing is lost
    assert (await bench.acquire_task()).task.offset == UNTIL


async def test_another_log_is_read_from_its_start_with_empty_state() -> None:
    bench = Bench(rebuild=True)
    await stopped(bench)
    epoch = (await bench.store.acquire(KEY)).owner.epoch
    bench.log.match, bench.log.begins = LogMatch.replaced, 30
    runner = await bench.acquire_task()
    assert runner.task.offset == 30
    assert runner.task.shard.team_keys() == ()
    assert runner.task.lease.owner.epoch > epoch
    bench.log.match = LogMatch.same
    assert (await bench.acquire_task()).task.offset == 30
    assert sum(bench.removed) == 0


async def test_a_log_that_is_too_short_for_a_moment_is_waited_for() -> None:
    bench = Bench(rebuild=True)
    await stopped(bench)
    bench.log.match = LogMatch.short
    with pytest.raises(LogTooShort):
        await bench.acquire_task()
    bench.log.match = LogMatch.same
    assert (await bench.acquire_task()).task.offset == UNTIL


async def stopped_behind_markers(bench: Bench) -> None:
    """State whose position lies behind markers, as a transactional producer leaves them."""
    runner = await bench.acquire_task()
    await runner.process(batch(recording(1), 0, UNTIL))
    markers = RecordColumns([], [], b"", (), UNTIL, UNTIL + 2)
    await runner.process(FetchedBatch(TOPIC, 1, markers, UNTIL + 2))
    await runner.drain()


async def test_a_log_that_holds_the_last_record_but_not_the_position_was_cut() -> None:
    """Else the task would begin beyond its end, or read on behind what comes there instead."""
    bench = Bench()
    await stopped_behind_markers(bench)
    bench.log.matches[UNTIL + 1] = LogMatch.short
    with pytest.raises(LogTooShort, match=str(UNTIL + 2)):
        await bench.acquire_task()
    bench.log.matches[UNTIL + 1] = LogMatch.replaced
    with pytest.raises(StateError, match="tail was cut"):
        await bench.acquire_task()
    bench.log.matches.clear()
    assert (await bench.acquire_task()).task.offset == UNTIL + 2


async def test_what_an_older_worker_committed_behind_the_noted_record_must_be_there() -> None:
    """Version 0.1.0 leaves the fingerprint of the commit before in the store."""
    bench = Bench()
    await stopped(bench)
    shard = bench.server.shards[KEY]
    assert shard.commit is not None
    shard.commit = replace(shard.commit, offset=UNTIL + 100)
    bench.log.matches[UNTIL + 99] = LogMatch.replaced
    with pytest.raises(StateError, match="tail was cut"):
        await bench.acquire_task()


async def test_a_record_that_differs_decides_though_the_log_is_too_short_for_another() -> None:
    bench = Bench()
    runner = await bench.acquire_task()
    await runner.process(batch(recording(1), 0, 300))
    await runner.save()
    await runner.process(batch(recording(1), 300, UNTIL))
    assert await runner.flush()
    bench.log.matches = {299: LogMatch.replaced, UNTIL - 1: LogMatch.short}
    with pytest.raises(StateError, match="is not the one"):
        await bench.acquire_task()


@pytest.mark.parametrize(("begins", "lost"), [(UNTIL, 0), (UNTIL + 60, 60)])
async def test_what_retention_removed_unread_is_counted_once_and_said(
    caplog: pytest.LogCaptureFixture, begins: int, lost: int
) -> None:
    bench = Bench()
    await stopped(bench)
    bench.log.match, bench.log.begins = LogMatch.unverifiable, begins
    with caplog.at_level(logging.WARNING):
        runner = await bench.acquire_task()
    assert "cannot be verified" in caplog.text
    assert ("retention removed records" in caplog.text) == bool(lost)
    assert (runner.task.offset, sum(bench.removed)) == (UNTIL + lost, lost)
    await bench.acquire_task()
    assert sum(bench.removed) == lost


async def test_a_new_group_begins_where_the_log_does_and_has_lost_nothing() -> None:
    bench = Bench()
    bench.log.begins = 5_000
    runner = await bench.acquire_task()
    assert (runner.task.offset, sum(bench.removed)) == (5_000, 0)
    bench.log.begins, bench.log.match = 6_000, LogMatch.unverifiable
    runner = await bench.acquire_task()
    assert (runner.task.offset, sum(bench.removed)) == (6_000, 1_000)


async def test_state_without_a_fingerprint_is_accepted_and_gets_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Version 0.1.0 stored none."""
    bench = Bench()
    await stopped(bench)
    shard = bench.server.shards[KEY]
    assert shard.commit is not None
    assert shard.manifest is not None
    shard.commit = replace(shard.commit, fingerprint=None)
    shard.manifest = replace(shard.manifest, fingerprint=None)
    with caplog.at_level(logging.WARNING):
        runner = await bench.acquire_task()
    assert "stored by an earlier version" in caplog.text
    await runner.process(batch(recording(1), UNTIL, UNTIL + 50))
    await runner.flush()
    caplog.clear()
    await bench.acquire_task()
    assert "earlier version" not in caplog.text


async def test_alerts_of_a_log_that_is_gone_end_as_no_longer_known() -> None:
    bench, records = live(), until_the_walk_out(1)
    bench.rebuild = True
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    await runner.drain()
    raised = {audit["id"] for audit in audits(bench) if audit["status"] == "firing"}
    assert raised

    bench.log.match = LogMatch.replaced
    crashed = await bench.acquire_task()
    assert crashed.task.offset == 0
    runner = await bench.acquire_task()  # what was decided survives a crash
    await runner.flush()

    ended = [audit for audit in audits(bench) if audit["to"] == "insufficient_data"]
    assert {audit["id"] for audit in ended} == raised
    assert {audit["status"] for audit in ended} == {"resolved"}
    assert all("no longer known" in audit["title"] for audit in ended)


def audits(bench: Bench) -> list[dict[str, Any]]:
    return [orjson.loads(entry.body) for entry in bench.diary.audits]


async def test_ends_are_decided_again_after_a_crash_before_the_reset() -> None:
    bench, records = live(), until_the_walk_out(1)
    bench.rebuild = True
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    await runner.drain()
    before = bench.server.copy()
    bench.log.match = LogMatch.replaced
    await bench.acquire_task()
    first = set(bench.server.shards[KEY].outbox)
    old, now = before.shards[KEY], bench.server.shards[KEY]
    assert old.commit is not None
    now.commit, now.manifest, now.parts = old.commit, old.manifest, old.parts
    await bench.acquire_task()
    assert set(bench.server.shards[KEY].outbox) == first
    assert isinstance(now.commit, Commit)
