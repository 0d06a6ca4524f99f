"""What befalls a Redis that Sentinels watch: it dies, is cut off, and loses what nobody copied."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis

from stream.errors import ServiceError, StateError
from stream.store import keys
from stream.store.lease import Lease, Outcome
from stream.store.options import StoreOptions
from stream.store.redis import RedisStore
from tests.redises import Watched, copied_primary, stop_copying, until, wait_until_copied, watched
from tests.store.deeds import DAY, SHARD, begun, commit_at, ids, snapshot_at
from tests.store.proxy import Proxy
from tests.store.worlds import dialed_through

pytestmark = pytest.mark.parametrize("redis_executable", ["7"], indirect=True)

PATIENT = StoreOptions(patience_s=20.0, answer_timeout_s=1.0)
LAG_S_MAX = 2


async def test_a_primary_that_hangs_is_replaced_and_waited_for(own_watched: Watched) -> None:
    async with RedisStore(own_watched.url, PATIENT) as store:
        lease = await begun(store)
        await store.save(lease, snapshot_at(10, {"a": b"1"}))
        await store.write_views(lease, 1, {DAY: {"as_of": "1"}})
        former = own_watched.primary()
        former.send(signal.SIGSTOP)
        assert (await store.commit(lease, commit_at(20, "a"))).stored
        assert await store.write_views(lease, 2, {DAY: {"as_of": "2"}}) is Outcome.OK
        assert await store.read_views([DAY]) == {DAY: {"as_of": "2"}}
        former.send(signal.SIGCONT)  # it wakes up as a primary, and soon learns better
        assert await store.commit(lease, commit_at(30)) is Outcome.OK
        found = await store.acquire(SHARD)
        assert (found.commit_seq, found.offset, ids(found)) == (3, 30, ["a"])
        assert await store.load(found) == {"a": b"1"}


async def test_a_lost_tail_is_a_mismatch(own_watched: Watched) -> None:
    async with RedisStore(own_watched.url, PATIENT) as store:
        lease = await begun(store)
        await store.save(lease, snapshot_at(10, {"a": b"1"}))
        stop_copying(own_watched.primary())
        await store.commit(lease, commit_at(20, "confirmed"))
        await store.save(lease, snapshot_at(20, {"a": b"2"}))
        own_watched.primary().stop(signal.SIGKILL)
        assert await store.commit(lease, commit_at(30)) is Outcome.MISMATCH
        lease = await store.acquire(SHARD)
        assert (lease.offset, lease.commit_seq, ids(lease)) == (10, 1, [])
        assert await store.load(lease) == {"a": b"1"}
        assert await store.commit(lease, commit_at(20, "confirmed")) is Outcome.OK


async def test_a_name_that_no_sentinel_knows_is_said(redis_watched: Watched) -> None:
    with pytest.raises(ServiceError, match="know no such service; check the name"):
        await RedisStore(redis_watched.url.replace("/floor/", "/flour/"), PATIENT).open()


async def test_a_sentinel_that_is_configured_as_a_redis_says_what_to_write(
    redis_watched: Watched,
) -> None:
    with pytest.raises(StateError, match=r"redis\+sentinel://host:port/SERVICE"):
        await RedisStore(f"redis://{redis_watched.sentinels[0].address}", PATIENT).open()


async def test_a_sentinel_that_hangs_is_not_waited_for(redis_watched: Watched) -> None:
    redis_watched.sentinels[0].send(signal.SIGSTOP)
    try:
        async with RedisStore(redis_watched.url, PATIENT) as store, asyncio.timeout(5):
            assert (await store.acquire(SHARD)).owner.token
    finally:
        redis_watched.sentinels[0].send(signal.SIGCONT)


# ------------------------------------------------------------------------------ two primaries


@asynccontextmanager
async def torn_net(executable: Path, directory: Path) -> AsyncIterator[tuple[Watched, Proxy]]:
    """Sentinels and replica reach the primary by a proxy, which may be cut; we reach all."""
    replicas = ("--min-replicas-to-write", "1", "--min-replicas-max-lag", str(LAG_S_MAX))
    primary = copied_primary(executable, directory, *replicas).start()
    async with Proxy(primary.url) as proxy:
        block = watched(primary, directory, down_ms=1_000, port=proxy.port)
        found = await asyncio.to_thread(block.__enter__)  # what it starts needs the proxy
        try:
            with dialed_through({proxy.port: primary.port}):
                yield found, proxy
        finally:
            block.__exit__(None, None, None)


async def tail_of(store: RedisStore, lease: Lease) -> tuple[int, Outcome]:
    """Commit until it is refused; the last offset that was confirmed, and the refusal."""
    offset = 10
    while True:
        outcome = await store.commit(lease, commit_at(offset + 1, f"sent at {offset + 1}"))
        if not outcome.stored:
            return offset, outcome
        offset += 1
        await asyncio.sleep(0.05)


async def test_what_an_old_primary_took_after_it_was_cut_off_is_noticed_and_done_again(
    redis_executable: Path, tmp_path: Path
) -> None:
    async with torn_net(redis_executable, tmp_path) as (redises, proxy):
        old, new = redises.servers
        async with RedisStore(redises.url, PATIENT) as store:
            lease = await begun(store)
            await asyncio.to_thread(wait_until_copied, old)
            proxy.way.clear()
            lost, outcome = await tail_of(store, lease)
            assert (lost > 10, outcome) == (True, Outcome.MISMATCH)
            with redis.Redis.from_url(old.url) as client:
                assert client.info()["role"] == "master"
                assert int(client.hget(keys.shard(SHARD), "offset") or 0) >= lost
            lease = await store.acquire(SHARD)
            assert (lease.offset, ids(lease)) == (10, [])
            assert await store.commit(lease, commit_at(lost)) is Outcome.OK
            with redis.Redis.from_url(new.url) as client:
                assert client.hget(keys.shard(SHARD), "offset") == b"%d" % lost


async def test_who_goes_on_writing_to_an_old_primary_is_fenced_by_the_new_ones_owner(
    redis_executable: Path, tmp_path: Path
) -> None:
    async with (
        torn_net(redis_executable, tmp_path) as (redises, proxy),
        RedisStore(redises.url, PATIENT) as sleeper,
    ):
        stale = await begun(sleeper)
        await asyncio.to_thread(wait_until_copied, redises.servers[0])
        proxy.way.clear()
        await asyncio.to_thread(until, lambda: redises.primary() is redises.servers[1], "new")
        async with RedisStore(redises.url, PATIENT) as heir:
            lease = await heir.acquire(SHARD)
            assert lease.offset == 10
            assert await heir.commit(lease, commit_at(50)) is Outcome.OK
            assert (await tail_of(sleeper, stale))[1] is Outcome.FENCED
            assert await heir.commit(lease, commit_at(60)) is Outcome.OK
