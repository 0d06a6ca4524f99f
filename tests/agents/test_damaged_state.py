"""Acquiring a partition whose commit or snapshot is incomplete, or holds what others wrote."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest

from stream.errors import UnreadableStateError
from stream.store.lease import Lease
from stream.windows import snapshot as parts_of
from stream.windows.packing import pack
from tests.agents.bench import (
    KEY,
    Bench,
    batch,
    live,
    recording,
    reference,
    seats,
    until_the_walk_out,
)
from tests.agents.test_acquisition import UNTIL, audits, stopped


def without_a_part(bench: Bench) -> None:
    del bench.server.shards[KEY].parts["tallies"]


def with_another_part(bench: Bench) -> None:
    parts = bench.server.shards[KEY].parts
    parts["seats/0"] = parts["agents/0"]


def with_a_part_of_others(bench: Bench) -> None:
    bench.server.shards[KEY].parts["calls"] = b"hello, world"


def with_control_of_others(bench: Bench) -> None:
    shard = bench.server.shards[KEY]
    assert shard.commit is not None
    shard.commit = replace(shard.commit, control=b"hello, world")


def with_a_team_that_cannot_be_decoded(bench: Bench) -> None:
    """What is stored of a team is decoded when the log names it; the rest is whole."""
    shard = bench.server.shards[KEY]
    assert shard.commit is not None
    part = dict(parts_of.read_part({"control": shard.commit.control}, "control"))
    state = orjson.loads(part["control"].tobytes())
    state["teams"] = [["berlin", "sales", "inbound", {"people": {}}], *state["teams"]]
    part["control"] = np.frombuffer(orjson.dumps(state), np.uint8)
    shard.commit = replace(shard.commit, control=pack(part))


def with_an_unreadable_manifest(bench: Bench) -> None:
    unreadable(bench, unreadable="its manifest cannot be read")


def unreadable(bench: Bench, **fields: Any) -> None:
    """The next lease has these values."""
    acquire = bench.store.acquire

    async def acquire_unreadable(shard: Any) -> Lease:
        del bench.store.acquire
        return replace(await acquire(shard), **fields)

    bench.store.acquire = acquire_unreadable  # type: ignore[method-assign]


DAMAGES = [
    without_a_part,
    with_another_part,
    with_a_part_of_others,
    with_control_of_others,
    with_a_team_that_cannot_be_decoded,
    with_an_unreadable_manifest,
]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_damaged_state_is_refused_with_what_to_do(damage: Callable[[Bench], None]) -> None:
    bench = Bench()
    await stopped(bench)
    before = bench.server.copy()
    damage(bench)
    with pytest.raises(
        UnreadableStateError,
        match=r'^the state of floor-events:0 in Redis is damaged: .*on_loss = "rebuild"',
    ):
        await bench.acquire_task()
    bench.server.set_back(before)  # a backup is restored: nothing is lost
    assert (await bench.acquire_task()).task.offset == UNTIL


@pytest.mark.parametrize("damage", DAMAGES)
async def test_damaged_state_is_computed_again_from_the_log(
    damage: Callable[[Bench], None], caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(rebuild=True)
    await stopped(bench)
    damage(bench)
    runner = await bench.acquire_task()
    assert runner.task.offset == 0
    assert "the state of floor-events:0 is damaged: computing it from the log's start" in "".join(
        caplog.messages
    )
    await runner.process(batch(recording(1), 0, UNTIL))
    await runner.drain()
    shard, _ = reference(recording(1), UNTIL)
    assert seats((await bench.acquire_task()).task.shard) == seats(shard)


async def test_alerts_of_damaged_state_end_if_they_can_be_read() -> None:
    bench, records = live(), until_the_walk_out(1)
    bench.rebuild = True
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    await runner.drain()
    raised = {audit["id"] for audit in audits(bench) if audit["status"] == "firing"}
    without_a_part(bench)
    runner = await bench.acquire_task()
    await runner.flush()
    ended = {audit["id"] for audit in audits(bench) if audit["to"] == "insufficient_data"}
    assert ended == raised != set()


async def test_damaged_state_without_a_position_is_not_committed_with_one_made_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a crash before the reset it would look whole."""
    bench, records = live(), until_the_walk_out(1)
    bench.rebuild = True
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))
    await runner.drain()
    unreadable(bench, as_of_ms=None, unreadable="its commit lacks the field as_of")
    runner = await bench.acquire_task()
    assert runner.task.offset == 0
    assert "no alert is ended" in caplog.text
    await runner.flush()
    assert not [audit for audit in audits(bench) if audit["to"] == "insufficient_data"]


async def test_the_log_of_a_rebuild_says_where_restoring_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A bug of ours may look like damage, and the state is dropped next."""
    bench = Bench(rebuild=True)
    await stopped(bench)
    with_a_team_that_cannot_be_decoded(bench)
    await bench.acquire_task()
    assert "in _adopt_team" in caplog.text
