"""Views in a real Redis: lost replies, sleepers, people."""

import asyncio

import msgspec
import pytest

from stream.store import keys
from stream.store.lease import Outcome
from stream.store.options import StoreOptions
from stream.store.redis import RedisStore
from stream.store.scripts import script
from tests.store.deeds import DAY, NIGHT, SHARD
from tests.store.proxy import VIEW_FIELDS
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
    whole = script("view", VIEW_FIELDS).call(
        (DAY,), 1, 9, 9, 0, msgspec.msgpack.encode({"a": "of epoch 1"})
    )
    drop = script("drop").call((DAY,), 1)
    for command in (whole, drop):
        reply = world.admin.execute_command(*command)  # type: ignore[no-untyped-call]
        assert reply == b"FENCED"
    assert await store.read_views([DAY]) == {DAY: {"a": "of epoch 2"}}


async def test_a_view_that_its_shard_has_not_outlived_is_written_by_the_next_owner(
    world: RedisWorld,
) -> None:
    """On a cluster they lie on different nodes, of which one alone may lose what it held."""
    store = await world.store()
    for as_of_ms in (9_000, 9_001):
        await store.write_views(await store.acquire(SHARD), as_of_ms, {DAY: {"a": "lost"}})
    world.admin.delete(keys.shard(SHARD), keys.store_id(SHARD), keys.views(SHARD))
    lease = await store.acquire(SHARD)
    assert await store.write_views(lease, 8_000, {DAY: {"a": "8"}}) is Outcome.OK
    assert await store.read_views([DAY]) == {DAY: {"a": "8"}}


async def test_teams_and_views_that_were_lost_come_back_with_the_next_write(
    world: RedisWorld,
) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    await store.write_views(lease, 1, {DAY: {"a": "1", "b": "1"}})
    world.admin.delete(DAY, keys.teams())
    assert await store.write_views(lease, 2, {DAY: {"a": "2", "b": "1"}}) is Outcome.OK
    assert await store.read_views([DAY]) == {DAY: {"a": "2", "b": "1"}}
    assert await store.teams() == [("北京", "day")]


async def test_views_are_plain_hashes_for_people(world: RedisWorld) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    await store.write_views(lease, 1_000, {NIGHT: {"verdict": "watch", "agents:aux": "3"}})
    assert world.admin.hgetall("floorwatch:team:北京/夜班🌙") == {
        b"verdict": b"watch",
        b"agents:aux": b"3",
        b"_epoch": b"%d" % lease.owner.epoch,
        b"_as_of_ms": b"1000",
        b"_revision": b"1",
    }
    assert world.admin.smembers("floorwatch:teams") == {"北京/夜班🌙".encode()}


async def test_fields_are_what_they_are_whether_they_are_sent_by_number_or_by_name(
    world: RedisWorld,
) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    odd = "\x00\"\\]]'\n%d"
    names = [*dict(VIEW_FIELDS), "1", "2", odd, *(f"seconds:{n}" for n in range(1_500))]
    before = {name: f"{name} before" for name in names}
    after = {name: f"{name} after {odd}" for name in names[1:-1]} | {"new": ""}
    for as_of_ms, view in enumerate((before, after, before), 1):
        assert await store.write_views(lease, as_of_ms, {DAY: view}) is Outcome.OK
        assert await store.read_views([DAY]) == {DAY: view}


async def test_a_view_moves_each_second_in_few_bytes(world: RedisWorld) -> None:
    """Names are longer than values: what is known beforehand is not spelled out each time."""
    fields = tuple((f"talk_utilisation_mean:{n}m", "%.6f") for n in range(100))
    names = [name for name, _ in fields]

    async def bytes_of(options: StoreOptions) -> int:
        async with RedisStore(world.url, options) as store:
            lease = await store.acquire(SHARD)
            await store.write_views(lease, 1, {DAY: dict.fromkeys(names, "0.123456")})
            before = world.admin.info("stats")["total_net_input_bytes"]
            await store.write_views(lease, 2, {DAY: dict.fromkeys(names, "0.123457")})
            return int(world.admin.info("stats")["total_net_input_bytes"]) - int(before)

    spelled = await bytes_of(StoreOptions())
    assert await bytes_of(StoreOptions(view_fields=fields)) < 0.45 * spelled
