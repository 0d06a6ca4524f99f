from collections.abc import AsyncIterator

import pytest

from tests.store.suite import StoreSuite
from tests.store.worlds import RedisWorld


class TestRedisStore(StoreSuite):
    """Redis does what every store must do."""

    @pytest.fixture
    async def world(self, redis_url: str) -> AsyncIterator[RedisWorld]:
        async with RedisWorld(redis_url) as world:
            yield world
