"""The suite on a Redis of several servers."""

from collections.abc import AsyncIterator

import pytest

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


def emptied(of: Cluster | Watched) -> SeveralWorld:
    client = client_of(of.url)
    client.flushall()
    client.close()
    return SeveralWorld(of.url, of.servers)
