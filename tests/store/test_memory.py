from collections.abc import AsyncIterator

import pytest

from tests.store.suite import StoreSuite
from tests.store.worlds import MemoryWorld


class TestMemoryStore(StoreSuite):
    """The memory twin does what every store must do."""

    @pytest.fixture
    async def world(self) -> AsyncIterator[MemoryWorld]:
        async with MemoryWorld() as world:
            yield world
