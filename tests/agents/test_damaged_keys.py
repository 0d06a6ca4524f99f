"""A task whose state somebody has damaged in the store."""

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
