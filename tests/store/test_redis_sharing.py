"""Installations that share a Redis: each has state of its own, or is refused."""

import pytest
import redis

from stream.errors import StateError
from stream.store import keys
from stream.store.lease import Outcome
from stream.store.options import StoreOptions
from stream.store.protocol import SealedHour
from stream.store.redis import RedisStore
from tests.store.deeds import SHARD, begun, commit_at, ids, snapshot_at


async def test_another_group_is_refused_and_takes_nothing(redis_url: str) -> None:
    async with (
        RedisStore(redis_url, StoreOptions(group="production")) as ours,
        RedisStore(redis_url, StoreOptions(group="staging")) as theirs,
    ):
        lease = await begun(ours)
        refusal = "floor-events:3 belongs to consumer group 'production'.* of group 'staging'"
        for _ in range(2):
            with pytest.raises(StateError, match=refusal):
                await theirs.acquire(SHARD)
        assert await ours.commit(lease, commit_at(20)) is Outcome.OK
        again = await ours.acquire(SHARD)
        assert again.offset == 20


async def test_state_of_a_version_that_names_no_group_belongs_to_the_first_that_reads_it(
    redis_url: str,
) -> None:
    async with RedisStore(redis_url) as earlier:
        await begun(earlier)
        async with RedisStore(redis_url, StoreOptions(group="a")) as store:
            assert (await store.acquire(SHARD)).offset == 10
        async with RedisStore(redis_url, StoreOptions(group="b")) as other:
            with pytest.raises(StateError, match="group 'a'"):
                await other.acquire(SHARD)
        assert (await earlier.acquire(SHARD)).offset == 10  # in a rolling upgrade it goes on


async def test_installations_of_different_prefixes_share_a_redis(redis_url: str) -> None:
    for name in ("floorwatch", "a.b-C_1"):
        async with RedisStore(redis_url, StoreOptions(group=name, prefix=name)) as store:
            shard = SHARD._replace(prefix=name)
            lease = await store.acquire(shard)
            assert (lease.offset, lease.manifest, lease.views) == (None, None, frozenset())
            assert await store.commit(lease, commit_at(10, name)) is Outcome.OK
            assert await store.save(lease, snapshot_at(10, {"a": name.encode()})) is Outcome.OK
            assert await store.save(lease, snapshot_at(10, {"b": b"1"}, "a")) is Outcome.OK
            assert await store.archive(lease, [SealedHour("f", 0, b"1")], 10**9) is Outcome.OK
            views = {keys.team_view("f", name, name): {"as_of": "1"}}
            views[keys.pool_view("f", name, name)] = {"as_of": "1"}
            assert await store.write_views(lease, 1, views) is Outcome.OK
            assert await store.teams() == [("f", name)]
            assert await store.pools(shard) == [("f", name)]
            found = await store.acquire(shard)
            assert (found.views, ids(found)) == (frozenset(views), [name])
            assert (await store.load(found))["a"] == name.encode()
    with redis.Redis.from_url(redis_url) as admin:
        prefixes = {key.decode().partition(":")[0] for key in admin.scan_iter()}
    assert prefixes == {"floorwatch", "a.b-C_1"}
