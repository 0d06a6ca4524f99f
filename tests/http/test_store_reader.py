"""What the pages show is what the store holds."""

import pytest

from stream.errors import ServiceError
from stream.events.partition import partition_of
from stream.http.store_reader import StoreReader
from stream.render.view_fields import ViewKey, ViewKind
from stream.store import keys
from stream.store.keys import ShardKey
from stream.store.memory import MemoryStore
from stream.store.memory_server import MemoryServer

TOPIC, PARTITIONS = "floor-events", 4
FLOOR = "北京"
TEAM, POOL = ViewKey(ViewKind.team, FLOOR, "夜班🌙"), ViewKey(ViewKind.pool, FLOOR, "main")
ALONE = ViewKey(ViewKind.pool, FLOOR, "a pool without teams")
OTHER = ViewKey(ViewKind.pool, "elsewhere", "main")


async def stored(*views: ViewKey) -> MemoryStore:
    """A store in which the shard of the floor has written these views."""
    store = MemoryStore(MemoryServer())
    lease = await store.acquire(ShardKey(TOPIC, partition_of(FLOOR, PARTITIONS)))
    await store.write_views(lease, 1, {keys.view(view): {"as_of": "1"} for view in views})
    return store


async def test_the_pools_of_a_floor_are_those_with_a_view_also_without_a_team() -> None:
    reader = StoreReader(await stored(TEAM, POOL, ALONE, OTHER), TOPIC, lambda: PARTITIONS)
    assert await reader.pools(FLOOR) == ["a pool without teams", "main"]
    assert await reader.pools("nowhere") == []
    assert await reader.teams() == [(FLOOR, "夜班🌙")]


async def test_views_that_do_not_exist_are_left_out() -> None:
    reader = StoreReader(await stored(TEAM, POOL), TOPIC, lambda: PARTITIONS)
    assert await reader.read([TEAM, ALONE, POOL]) == {TEAM: {"as_of": "1"}, POOL: {"as_of": "1"}}


async def test_before_kafka_was_reached_pools_cannot_be_listed_and_all_else_can() -> None:
    reader = StoreReader(await stored(TEAM, POOL), TOPIC, lambda: 0)
    with pytest.raises(ServiceError, match="floor-events"):
        await reader.pools(FLOOR)
    assert POOL in await reader.read([POOL])
