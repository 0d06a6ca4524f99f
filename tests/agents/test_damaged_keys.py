"""A task whose state somebody has damaged in the store."""

from typing import Any

import pytest

from stream.errors import DamagedKeyError
from tests.agents.bench import batch, live, until_the_walk_out


async def test_a_damaged_key_is_named_once_and_pages_are_sent_from_memory(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    bench.store.unavailable = True
    bench.store.error = DamagedKeyError("key floorwatch:{a:0}:outbox holds something else")
    await runner.process(batch(records, 0, len(records)))

    for _ in range(3):
        assert not await runner.flush()
        await runner.publish()

    state = bench.services.store_state
    assert "page" in bench.diary.lines
    assert list(state.damaged.values()) == ["key floorwatch:{a:0}:outbox holds something else"]
    assert state.unavailable_since_s is None
    assert len([one for one in caplog.messages if "outbox holds something else" in one]) == 1
    bench.store.unavailable = False
    assert await runner.flush()
    assert not state.damaged


async def test_a_key_that_keeps_snapshots_from_being_saved_is_named_once_while_commits_go_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, records = live(), until_the_walk_out(1)
    runner = await bench.acquire_task()
    await runner.process(batch(records, 0, len(records)))

    async def save(*_: Any) -> Any:
        raise DamagedKeyError("key floorwatch:{a:0}:garbage holds something else")

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "save", save)
        for _ in range(3):
            assert await runner.flush()
            await runner._save_or_log()
    state = bench.services.store_state
    assert list(state.unsaved.values()) == ["key floorwatch:{a:0}:garbage holds something else"]
    assert state.is_answering([0])
    assert len([one for one in caplog.messages if "garbage" in one]) == 1

    await runner._save_or_log()
    assert not state.unsaved
