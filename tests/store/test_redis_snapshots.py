"""Snapshots in a real Redis: crashes, sleepers, garbage, damage."""

import asyncio
import random

import pytest
import redis

from stream.errors import UnreadableStateError
from stream.store import keys
from stream.store.lease import Outcome
from stream.store.scripts import ScriptName, script
from tests.store.deeds import DAY, SHARD, begun, commit_at, snapshot_at
from tests.store.worlds import RedisWorld


def pieces(admin: redis.Redis) -> set[str]:
    """All pieces of snapshots in Redis."""
    return {key.decode() for key in admin.scan_iter("*:part:*") if isinstance(key, bytes)}


async def test_a_cancelled_save_does_not_lose_its_parts(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    proxy = world.proxy_of(store)
    steps: tuple[tuple[ScriptName, dict[str, bytes]], ...]
    steps = (("put", {"a": b"a"}), ("flip", {"b": b"b"}))
    names: list[str] = []
    for script_name, parts in steps:
        proxy.stall_reply_to(script_name)
        task = asyncio.create_task(store.save(lease, snapshot_at(10, parts, *names)))
        await proxy.reached()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        names += parts
    assert await store.save(lease, snapshot_at(10, {"c": b"c"}, *names)) is Outcome.OK
    found = await store.acquire(SHARD)
    assert await store.load(found) == {"a": b"a", "b": b"b", "c": b"c"}
    assert len(pieces(world.admin)) == 3


async def test_all_other_keys_are_internal_and_share_the_shards_tag(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    await store.commit(lease, commit_at(20, "a"))
    await store.save(lease, snapshot_at(20, {"a": b"1"}))
    await store.save(lease, snapshot_at(20, {"a": b"2"}))
    await store.write_views(lease, 1, {DAY: {"a": "1"}})
    found = {str(key, "utf-8") for key in world.admin.keys("*") if isinstance(key, bytes)}
    tagged = {key for key in found if key.startswith("floorwatch:{floor-events:3}:")}
    assert found - tagged == {keys.teams(), DAY}
    assert len(tagged) == 5  # shard, store id, outbox, views, one piece


async def test_superseded_pieces_are_removed(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    big = bytes(range(256)) * 40_000
    await store.save(lease, snapshot_at(10, {"a": big, "b": b"1"}))
    kept = {key for key in pieces(world.admin) if ":b:" in key}
    await store.save(lease, snapshot_at(10, {"a": b"small"}, "b"))
    assert kept < pieces(world.admin)
    assert len(pieces(world.admin)) == 2
    assert not world.admin.exists(keys.garbage(SHARD))


async def test_a_crashed_upload_is_swept_by_the_next_owner(world: RedisWorld) -> None:
    dying, heir = await world.store(), await world.store()
    lease = await begun(dying)
    await dying.save(lease, snapshot_at(10, {"a": b"1"}))
    whole = pieces(world.admin)
    world.proxy_of(dying).lose_reply_to("put", nth=40)
    task = asyncio.create_task(
        dying.save(lease, snapshot_at(10, {str(n): b"x" for n in range(40)}, "a"))
    )
    await world.proxy_of(dying).reached()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(pieces(world.admin)) == 41
    found = await heir.acquire(SHARD)
    assert pieces(world.admin) == whole
    assert await heir.load(found) == {"a": b"1"}


async def test_a_sleepers_upload_leaves_no_garbage(world: RedisWorld) -> None:
    old, new = await world.store(), await world.store()
    stale = await begun(old)
    await new.acquire(SHARD)
    assert await old.save(stale, snapshot_at(10, {"a": b"1"})) is Outcome.FENCED
    assert pieces(world.admin) == set()


async def test_a_piece_that_comes_again_after_its_flip_makes_no_garbage_of_itself(
    world: RedisWorld,
) -> None:
    store = await world.store()
    lease = await begun(store)
    for parts, others in (({"a": b"1"}, ()), ({"b": b"2"}, ("a",))):
        world.proxy_of(store).keep_next("put")
        await store.save(lease, snapshot_at(10, parts, *others))
        await world.proxy_of(store).send_kept()
    await store.save(lease, snapshot_at(10, {"c": b"3"}, "a", "b"))

    assert await store.load(await store.acquire(SHARD)) == {"a": b"1", "b": b"2", "c": b"3"}


async def test_commits_go_on_while_a_snapshot_is_uploaded(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    noise = random.Random(7)
    parts = {str(n): noise.randbytes(1_000_000) for n in range(8)}
    saving = asyncio.create_task(store.save(lease, snapshot_at(10, parts)))
    commits = 0
    while not saving.done():
        commits += 1
        assert await store.commit(lease, commit_at(10 + commits)) is Outcome.OK
        await asyncio.sleep(0)
    assert await saving is Outcome.OK
    assert commits > 5
    found = await store.acquire(SHARD)
    assert (found.offset, found.manifest and found.manifest.offset) == (10 + commits, 10)
    assert await store.load(found) == parts


async def test_a_redis_that_lost_pieces_of_an_upload_accepts_no_manifest_that_names_them(
    world: RedisWorld,
) -> None:
    store = await world.store()
    lease = await begun(store)
    await store.save(lease, snapshot_at(10, {"a": b"1"}))
    earlier = world.copy()
    noise = random.Random(7)
    parts = {str(n): noise.randbytes(1_000_000) for n in range(8)}
    world.proxy_of(store).lose_reply_to("put", nth=9)  # after the first run of pieces
    saving = asyncio.create_task(store.save(lease, snapshot_at(10, parts, "a")))
    await world.proxy_of(store).reached()
    world.set_back(earlier)
    assert await saving is Outcome.MISMATCH
    found = await store.acquire(SHARD)
    assert await store.load(found) == {"a": b"1"}
    assert len(pieces(world.admin)) == 1


async def test_swept_pieces_that_came_back_do_not_replace_new_ones_that_were_lost(
    world: RedisWorld,
) -> None:
    store = await world.store()
    lease = await begun(store)
    world.admin.sadd(keys.garbage(SHARD), keys.piece(SHARD, "a", "m1", 0))
    owner = (lease.owner.epoch, lease.owner.token)
    scope = (keys.shard(SHARD), keys.garbage(SHARD))
    for manifest_id, answer in (("m2", b"MISMATCH"), ("m1", b"OK")):
        flip = script("flip").call(scope, *owner, 1, "", manifest_id, 1, "the manifest")
        assert world.admin.execute_command(*flip) == answer  # type: ignore[no-untyped-call]
    assert not world.admin.exists(keys.garbage(SHARD))


async def test_a_damaged_or_missing_part_is_never_restored(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    await store.save(lease, snapshot_at(10, {"a": b"1", "b": b"2"}))
    piece = next(key for key in pieces(world.admin) if ":a:" in key)
    whole = world.admin.get(piece)
    world.admin.set(piece, b"nonsense")
    with pytest.raises(UnreadableStateError, match="part 'a' of its snapshot is damaged"):
        await store.load(lease)
    world.admin.delete(piece)
    with pytest.raises(
        UnreadableStateError, match=r"1 of 2 parts of its snapshot are missing \(a\)"
    ):
        await store.load(lease)
    world.admin.set(piece, whole or b"")
    assert await store.load(lease) == {"a": b"1", "b": b"2"}
