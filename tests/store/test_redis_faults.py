"""What befalls a real Redis: killed, set back, stopped, full, emptied; and a worker that dies."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from stream.cli.embedded import RedisProgram
from stream.errors import ConfigurationError, ServiceError, StateError
from stream.store import keys
from stream.store.lease import Outcome
from stream.store.options import StoreOptions
from stream.store.redis import RedisStore
from stream.store.scripts import script
from tests.store.deeds import DAY, SHARD, begun, commit_at, ids, snapshot_at
from tests.store.proxy import Proxy
from tests.store.worlds import QUICK, RedisWorld

MakeRedis = Callable[..., RedisProgram]
SHORT = StoreOptions(patience_s=0.3, answer_timeout_s=0.2, connect_timeout_s=0.2)


def aof_of(server: RedisProgram) -> Path:
    """The append-only file that grows: one file in 6.2, the increment of several in 7."""
    found = [*server.directory.glob("appendonlydir/*.incr.aof"), *server.directory.glob("*.aof")]
    return found[0]


async def test_scripts_that_redis_forgot_are_sent_in_full(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    world.admin.script_flush()
    assert await store.commit(lease, commit_at(20)) is Outcome.OK
    world.admin.script_flush()
    views = {keys.team_view("f", str(n)): {"as_of": "1"} for n in range(100)}
    assert await store.write_views(lease, 1, views) is Outcome.OK
    assert await store.read_views(list(views)) == views


async def test_a_killed_redis_that_comes_back_goes_on(make_redis: MakeRedis) -> None:
    server = make_redis("--appendfsync", "everysec")
    async with RedisStore(server.url, QUICK) as store:
        lease = await begun(store)
        await store.save(lease, snapshot_at(10, {"a": b"1"}))
        server.stop(signal.SIGKILL)
        waiting = asyncio.create_task(store.commit(lease, commit_at(20, "a")))
        await asyncio.to_thread(server.start)
        assert await waiting is Outcome.OK
        assert await store.load(lease) == {"a": b"1"}
        assert await store.save(lease, snapshot_at(20, {"b": b"2"}, "a")) is Outcome.OK
        found = await store.acquire(SHARD)
        assert (found.offset, ids(found)) == (20, ["a"])


async def test_an_older_file_is_noticed(make_redis: MakeRedis) -> None:
    server = make_redis("--appendfsync", "always")
    async with RedisStore(server.url, QUICK) as store:
        lease = await begun(store)
        await store.save(lease, snapshot_at(10, {"a": b"1"}))
        older = shutil.copy(aof_of(server), server.directory / "older")
        await store.commit(lease, commit_at(20, "lost"))
        await store.save(lease, snapshot_at(20, {"a": b"2"}))
        server.stop(signal.SIGKILL)
        shutil.copy(older, aof_of(server))
        await asyncio.to_thread(server.start)
        assert await store.commit(lease, commit_at(30)) is Outcome.MISMATCH
        found = await store.acquire(SHARD)
        assert (found.offset, found.commit_seq, found.outbox) == (10, 1, ())
        assert await store.load(found) == {"a": b"1"}


async def test_a_file_that_lost_just_a_snapshot_is_noticed(make_redis: MakeRedis) -> None:
    server = make_redis("--appendfsync", "always")
    async with RedisStore(server.url, QUICK) as store:
        lease = await begun(store)
        await store.save(lease, snapshot_at(10, {"a": b"1"}))
        without = aof_of(server).stat().st_size
        await store.save(lease, snapshot_at(10, {"b": b"2"}, "a"))
        server.stop(signal.SIGKILL)
        os.truncate(aof_of(server), without)
        await asyncio.to_thread(server.start)
        assert await store.save(lease, snapshot_at(10, {}, "a", "b")) is Outcome.MISMATCH
        found = await store.acquire(SHARD)
        assert await store.load(found) == {"a": b"1"}


async def test_a_torn_file_sets_back_control_offset_and_outbox_together(
    make_redis: MakeRedis,
) -> None:
    server = make_redis("--appendfsync", "always")
    async with RedisStore(server.url, QUICK) as store:
        lease = await begun(store)
        whole = aof_of(server).stat().st_size
        await store.commit(lease, commit_at(20, "a", "b", "c"))
        torn_at = range(whole + 1, aof_of(server).stat().st_size, 29)
        full = aof_of(server).read_bytes()
        for size in torn_at:
            server.stop(signal.SIGKILL)
            aof_of(server).write_bytes(full[:size])
            await asyncio.to_thread(server.start)
            async with RedisStore(server.url, QUICK) as other:
                found = await other.acquire(SHARD)
            state = (found.commit_seq, found.offset, found.control, ids(found))
            assert state == (1, 10, commit_at(10).control, []), f"torn at {size} of {len(full)}"


async def test_an_epoch_lies_above_those_that_redis_has_lost(world: RedisWorld) -> None:
    store = await world.store()
    await store.acquire(SHARD)
    earlier = world.copy()
    lost = [(await store.acquire(SHARD)).owner.epoch for _ in range(3)]
    world.set_back(earlier)
    assert (await store.acquire(SHARD)).owner.epoch > max(lost)
    world.admin.hset(keys.shard(SHARD), "epoch", 2**52)  # a clock that was put back by years
    assert (await store.acquire(SHARD)).owner.epoch == 2**52 + 1


async def test_an_emptied_redis_answers_mismatch_and_has_a_new_id(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    world.admin.flushall()
    assert await store.commit(lease, commit_at(20)) is Outcome.MISMATCH
    found = await store.acquire(SHARD)
    assert (found.manifest, found.offset) == (None, None)
    assert found.store_id != lease.store_id


async def test_a_redis_that_may_evict_is_refused(make_redis: MakeRedis) -> None:
    server = make_redis("--maxmemory-policy", "allkeys-lru")
    with pytest.raises(StateError, match=r"maxmemory-policy allkeys-lru.*CONFIG SET"):
        await RedisStore(server.url).open()


async def test_a_redis_that_may_evict_from_now_on_is_noticed(make_redis: MakeRedis) -> None:
    server = make_redis()
    async with RedisStore(server.url, QUICK) as store:
        lease = await begun(store)
        assert [one.unfit for one in await store.memory()] == [""]
        with redis.Redis.from_url(server.url) as admin:
            admin.config_set("maxmemory-policy", "volatile-ttl")
            [found] = await store.memory()
            assert "maxmemory-policy volatile-ttl: it could remove state" in found.unfit
            assert await store.commit(lease, commit_at(20)) is Outcome.OK
            admin.config_set("maxmemory-policy", "noeviction")
        assert [one.unfit for one in await store.memory()] == [""]


async def test_a_full_redis_accepts_nothing_and_recovers(make_redis: MakeRedis) -> None:
    server = make_redis()
    async with RedisStore(server.url, SHORT) as store:
        lease = await begun(store)
        with redis.Redis.from_url(server.url) as admin:
            admin.config_set("maxmemory", "1")
            with pytest.raises(ServiceError, match="no memory left"):
                await store.commit(lease, commit_at(20, "a"))
            with pytest.raises(ServiceError, match="no memory left"):
                await store.write_views(lease, 1, {DAY: {"as_of": "1"}})
            assert admin.hget(keys.shard(SHARD), "offset") == b"10"
            assert not admin.exists(keys.outbox(SHARD), DAY)
            admin.config_set("maxmemory", "0")
        assert await store.commit(lease, commit_at(21)) is Outcome.OK
        found = await store.acquire(SHARD)
        assert (found.commit_seq, found.offset, ids(found)) == (3, 21, ["a"])


async def test_a_key_that_is_not_ours_is_named_and_nothing_is_written(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    world.admin.set(keys.outbox(SHARD), "not a hash")
    with pytest.raises(StateError, match="holds something else"):
        await store.commit(lease, commit_at(20, "a"))
    assert world.admin.hget(keys.shard(SHARD), "offset") == b"10"
    world.admin.delete(keys.outbox(SHARD))
    assert await store.commit(lease, commit_at(20)) in {Outcome.OK, Outcome.ALREADY}


async def test_a_redis_that_hangs_is_abandoned_and_what_was_sent_is_kept(
    make_redis: MakeRedis,
) -> None:
    server = make_redis()
    async with RedisStore(server.url, SHORT) as store:
        lease = await begun(store)
        server.send(signal.SIGSTOP)
        with pytest.raises(ServiceError, match="Redis"):
            await store.commit(lease, commit_at(20, "a"))
        with pytest.raises(ServiceError, match="Redis"):
            await store.commit(lease, commit_at(30, "b"))
        server.send(signal.SIGCONT)
        assert await store.commit(lease, commit_at(40, "b", "c")) is Outcome.OK
        found = await store.acquire(SHARD)
        assert (found.offset, ids(found)) == (40, ["a", "b", "c"])
        assert found.commit_seq == 3


async def test_a_redis_that_is_not_there_is_said(make_redis: MakeRedis) -> None:
    server = make_redis()
    server.stop()
    with pytest.raises(ServiceError, match="Redis is unavailable"):
        await RedisStore(server.url, SHORT).open()


async def test_a_password_of_any_characters_is_the_one_that_redis_gets(
    make_redis: MakeRedis,
) -> None:
    server = make_redis()
    with redis.Redis.from_url(server.url) as admin:
        for number, password in enumerate(("a@b:c", "50%", "a/b?c#d", "é [x] \\ '\"", "+ &=")):
            user = f"floor-{number}"
            admin.acl_setuser(
                user, enabled=True, passwords=f"+{password}", keys="*", categories=["+@all"]
            )
            for written in {quote(password, safe=""), password} - {"a/b?c#d"}:
                url = f"redis://{user}:{written}@{server.address}/0"
                async with RedisStore(url, QUICK) as store:
                    await begun(store)


async def test_a_wrong_password_is_said_at_once(make_redis: MakeRedis) -> None:
    server = make_redis()
    with redis.Redis.from_url(server.url) as admin:
        admin.config_set("requirepass", "secret")
    with pytest.raises(ServiceError, match="refuses the user or the password"):
        await RedisStore(server.url, QUICK).open()
    with pytest.raises(ServiceError, match="refuses the user or the password") as caught:
        await RedisStore(server.url.replace("//", "//:guess@"), QUICK).open()
    assert "guess" not in str(caught.value)
    async with RedisStore(server.url.replace("//", "//:secret@"), QUICK) as store:
        assert (await store.acquire(SHARD)).offset is None


def test_what_is_no_url_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"\[redis\] url"):
        RedisStore("localhost:6379")


async def test_a_cancelled_commit_is_applied_once_and_in_its_place(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    proxy = world.proxy_of(store)
    proxy.stall_reply_to("commit")
    task = asyncio.create_task(store.commit(lease, commit_at(20, "a")))
    await proxy.reached()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.commit(lease, commit_at(30, "b")) is Outcome.OK
    found = await store.acquire(SHARD)
    assert (found.commit_seq, found.offset, ids(found)) == (3, 30, ["a", "b"])


async def test_an_outbox_of_thousands_is_read_in_order(world: RedisWorld) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    names = [f"id-{n * 7919 % 5_000}" for n in range(5_000)]
    assert await store.commit(lease, commit_at(10, *names)) is Outcome.OK
    assert ids(await store.acquire(SHARD)) == names


async def test_an_acquire_whose_reply_was_lost_counts_once(world: RedisWorld) -> None:
    store = await world.store()
    world.proxy_of(store).lose_reply_to("acquire")
    lease = await store.acquire(SHARD)
    assert world.proxy_of(store).lost == 1
    scope = (keys.shard(SHARD), keys.store_id(SHARD))
    again = script("acquire").call(scope, lease.owner.token, "another id")
    epoch, *_, store_id = world.admin.execute_command(*again)  # type: ignore[no-untyped-call]
    assert (int(epoch), store_id.decode()) == (lease.owner.epoch, lease.store_id)
    assert await store.commit(lease, commit_at(10)) is Outcome.OK


async def test_an_acquire_that_comes_again_gives_nobody_back_what_another_has(
    world: RedisWorld,
) -> None:
    former, store = await world.store(), await world.store()
    world.proxy_of(former).keep_next("acquire")
    lost = await former.acquire(SHARD)
    await store.acquire(SHARD)
    await world.proxy_of(former).send_kept()

    assert await former.commit(lost, commit_at(10)) is Outcome.FENCED


async def test_a_store_may_be_opened_after_it_was_closed(redis_url: str) -> None:
    async with Proxy(redis_url) as proxy:
        store = RedisStore(proxy.url, QUICK)
        for _ in range(2):
            await store.open()
            await store.acquire(SHARD)
            await store.close()
