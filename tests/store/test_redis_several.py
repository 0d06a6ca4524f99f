"""The suite on a Redis of several servers."""

from collections.abc import AsyncIterator

import pytest

from stream.errors import ServiceError
from stream.store.options import StoreOptions
from stream.store.redis import RedisStore
from tests.redises import Cluster, Watched, client_of
from tests.store.suite import StoreSuite
from tests.store.worlds import SeveralWorld


@pytest.mark.parametrize("redis_executable", ["7"], indirect=True)
class TestRedisCluster(StoreSuite):
    """A Redis Cluster does what every store must do."""

    @pytest.fixture
    async def world(self, redis_cluster: Cluster) -> AsyncIterator[SeveralWorld]:
        async with emptied(redis_cluster) as world:
            yield world


@pytest.mark.parametrize("redis_executable", ["7"], indirect=True)
class TestRedisWithSentinels(StoreSuite):
    """A primary that Sentinels watch does what every store must do."""

    @pytest.fixture
    async def world(self, redis_watched: Watched) -> AsyncIterator[SeveralWorld]:
        async with emptied(redis_watched) as world:
            yield world


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (
            "redis+cluster://127.0.0.1:9,127.0.0.1:10",
            "no node of the cluster answers at 127.0.0.1:9",
        ),
        ("redis+sentinel://127.0.0.1:9/floor", "no Sentinel answers at 127.0.0.1:9"),
    ],
)
async def test_a_redis_of_several_servers_that_is_not_there_is_said(
    url: str, complaint: str
) -> None:
    with pytest.raises(ServiceError, match=complaint):
        await RedisStore(url, StoreOptions(patience_s=0.3)).open()


def emptied(of: Cluster | Watched) -> SeveralWorld:
    client = client_of(of.url)
    client.flushall()
    client.close()
    return SeveralWorld(of.url, of.servers)
