"""Views as the store has them."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from stream.errors import ServiceError
from stream.events.partition import partition_of
from stream.render.view_fields import ViewKey
from stream.store import keys
from stream.store.keys import ShardKey
from stream.store.protocol import Store

LIST_S: Final = 2.0
"""How long the list of all teams is used: to read one of 60 000 takes 0.1 s of a core."""
READ_VIEWS: Final = 50
"""Views that are read at once: other work has its turn between two reads."""


class StoreReader:
    """See `stream.http.api.ViewReader`.

    Args:
        store: where the views are.
        topic: of the events; a floor's partition of it is the shard that wrote the floor's views.
        partitions: how many partitions the topic has; 0 while that is unknown.
        prefix: of all keys of the store.
    """

    def __init__(
        self, store: Store, topic: str, partitions: Callable[[], int], prefix: str = keys.PREFIX
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._topic = topic
        self._partitions = partitions
        self._teams: Sequence[tuple[str, str]] = ()
        self._teams_until_s = 0.0
        self._reading = asyncio.Lock()

    async def teams(self) -> Sequence[tuple[str, str]]:
        """(floor, team) of all teams that have a view, as they were at most `LIST_S` ago."""
        async with self._reading:
            if time.monotonic() >= self._teams_until_s:
                self._teams = await self._store.teams()
                self._teams_until_s = time.monotonic() + LIST_S
            return self._teams

    async def pools(self, floor: str) -> Sequence[str]:
        """Names of a floor's pools that may have a view.

        Raises:
            ServiceError: the store is unavailable, or Kafka was not reached yet.
        """
        partitions = self._partitions()
        if not partitions:
            raise ServiceError(f"the number of partitions of {self._topic} is not known yet")
        shard = ShardKey(self._topic, partition_of(floor, partitions), self._prefix)
        return [pool for at, pool in await self._store.pools(shard) if at == floor]

    async def read(self, views: Sequence[ViewKey]) -> Mapping[ViewKey, Mapping[str, str]]:
        """Fields of those views that exist."""
        by_key = {keys.view(view, self._prefix): view for view in views}
        wanted, found = list(by_key), dict[str, Mapping[str, str]]()
        for start in range(0, len(wanted), READ_VIEWS):
            found.update(await self._store.read_views(wanted[start : start + READ_VIEWS]))
        return {by_key[key]: texts for key, texts in found.items()}
