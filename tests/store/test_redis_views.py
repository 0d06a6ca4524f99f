"""Views in a real Redis: lost replies, sleepers, people."""

import asyncio

import pytest

from stream.store.protocol import Outcome
from stream.store.scripts import script
from tests.store.deeds import DAY, NIGHT, SHARD
from tests.store.worlds import RedisWorld


async def test_cancelled_views_are_written_whole_the_next_time(world: RedisWorld) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    await store.write_views(lease, 1, {DAY: {"a": "1", "b": "1"}})
    proxy = world.proxy_of(store)
    proxy.stall_reply_to("view")
    task = asyncio.create_task(store.write_views(lease, 2, {DAY: {"a": "2", "c": "2"}}))
    await proxy.reached()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.write_views(lease, 3, {DAY: {"a": "1"}}) is Outcome.OK
    assert await store.read_views([DAY]) == {DAY: {"a": "1"}}


async def test_a_lost_reply_to_a_view_changes_nothing(world: RedisWorld) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    proxy = world.proxy_of(store)
    for as_of_ms in range(1, 5):
        proxy.lose_reply_to("view")
        view = {"as_of": str(as_of_ms), f"only at {as_of_ms}": "x"}
        assert await store.write_views(lease, as_of_ms, {DAY: view}) is Outcome.OK
        assert await store.read_views([DAY]) == {DAY: view}
    assert proxy.lost == 4


async def test_a_view_that_was_damaged_by_hand_is_written_whole(world: RedisWorld) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    await store.write_views(lease, 1, {DAY: {"a": "1", "b": "1"}, NIGHT: {"a": "1"}})
    world.admin.delete(DAY)
    assert await store.write_views(lease, 2, {DAY: {"a": "2", "b": "1"}}) is Outcome.OK
    assert await store.read_views([DAY]) == {DAY: {"a": "2", "b": "1"}}


async def test_a_sleeper_does_not_bring_back_what_its_successor_dropped(world: RedisWorld) -> None:
    old, new = await world.store(), await world.store()
    stale = await old.acquire(SHARD)
    await old.write_views(stale, 1, {DAY: {"a": "1"}})
    lease = await new.acquire(SHARD)
    await new.drop_views(lease, sorted(lease.views))
    assert await old.write_views(stale, 2, {DAY: {"a": "2"}}) is Outcome.FENCED
    assert await new.read_views([DAY]) == {}
    assert await new.teams() == []


async def test_a_sleeper_that_wakes_in_the_middle_of_a_write_changes_nothing(
    world: RedisWorld,
) -> None:
    """Its owner check was answered before it slept; the view's own guard is what remains."""
    store = await world.store()
    await store.acquire(SHARD)
    await store.write_views(await store.acquire(SHARD), 1, {DAY: {"a": "of epoch 2"}})
    whole = script("view").call((DAY,), 1, 9, 9, 0, 1, "a", "of epoch 1")
    drop = script("drop").call((DAY,), 1)
    for command in (whole, drop):
        reply = world.admin.execute_command(*command)  # type: ignore[no-untyped-call]
        assert reply == b"FENCED"
    assert await store.read_views([DAY]) == {DAY: {"a": "of epoch 2"}}


async def test_views_are_plain_hashes_for_people(world: RedisWorld) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    await store.write_views(lease, 1_000, {NIGHT: {"verdict": "watch", "agents:aux": "3"}})
    assert world.admin.hgetall("floorwatch:team:北京/夜班🌙") == {
        b"verdict": b"watch",
        b"agents:aux": b"3",
        b"_epoch": b"1",
        b"_as_of_ms": b"1000",
        b"_revision": b"1",
    }
    assert world.admin.smembers("floorwatch:teams") == {"北京/夜班🌙".encode()}
