from collections.abc import AsyncIterator

import pytest

from tests.store.worlds import RedisWorld

pytest.register_assert_rewrite("tests.store.suite", "tests.store.suite_of_views")


@pytest.fixture
async def world(redis_url: str) -> AsyncIterator[RedisWorld]:
    """Stores on the shared Redis, each behind a proxy."""
    async with RedisWorld(redis_url) as world:
        yield world
