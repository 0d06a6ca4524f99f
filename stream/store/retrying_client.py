"""Sends commands to Redis until they are answered.

The client library repeats nothing here: it could not know whether a command may be repeated. All
that this project sends may be, since the scripts recognise a repeat; so one loop repeats, this one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Self

from redis.exceptions import NoScriptError

from stream.store.connection import Facts, Reply
from stream.store.protocol import StoreOptions
from stream.store.redis_errors import FOREIGN, Hope, fault_of, translated
from stream.store.scripts import Command, in_full
from stream.store.topology import Link, link_to

log = logging.getLogger(__name__)


class RetryingClient:
    """A link of its own, over which each command is sent until it is answered."""

    def __init__(self, link: Link, options: StoreOptions) -> None:
        self._link = link
        self.options = options
        self.number_of_field = {name: at for at, name in enumerate(options.view_fields, 1)}

    @classmethod
    def to(cls, url: str, options: StoreOptions) -> Self:
        """A wire to the Redis at this URL, not yet connected.

        Raises:
            ConfigurationError: it is no URL of a Redis.
        """
        return cls(link_to(url, options), options)

    async def close(self) -> None:
        """Drop the connections; a later `ask` makes new ones."""
        await self._link.close()

    async def connect(self) -> list[Facts]:
        """Connect to each primary; what each says of itself.

        Raises:
            ServiceError: no answer within the patience, or none to hope for.
            StateError: one of them must not be used.
        """
        found: list[Facts] = []

        async def attempt() -> None:
            found[:] = await self._link.connect()

        await self._persist(attempt)
        return found

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies to these commands, sent in one go, in order.

        Each is sent again until it is answered, so it must bear repetition. Commands that were
        answered are not sent again, so do not give two of which the order matters.

        Raises:
            ServiceError: no answer within the patience, or none to hope for.
            StateError: an answer that trying again would not change.
        """
        replies: list[Reply] = [None] * len(commands)
        open_commands = dict(enumerate(commands))
        await self._persist(lambda: self._round(open_commands, replies))
        return replies

    async def _persist(self, attempt: Callable[[], Awaitable[Exception | None]]) -> None:
        """Make attempts until one neither raises nor answers an error."""
        loop = asyncio.get_running_loop()
        give_up_at_s = loop.time() + self.options.patience_s
        for attempts, pause_s in enumerate(self._pauses_s(), 1):
            try:
                error = await attempt()
            except FOREIGN as exc:
                error = exc
            if error is None:
                return
            self._link.doubt()
            # One attempt proves nothing: this process may have slept all the while.
            is_over = attempts > 1 and loop.time() + pause_s > give_up_at_s
            if fault_of(error).hope is Hope.lasts or is_over:
                raise translated(error) from error
            log.debug("Redis: %s; trying again in %g s", error, pause_s)
            await asyncio.sleep(pause_s)

    def _pauses_s(self) -> Iterator[float]:
        backoff_s = self.options.backoff_s
        return chain(backoff_s, repeat(backoff_s[-1]))

    async def _round(
        self, open_commands: dict[int, Command], replies: list[Reply]
    ) -> Exception | None:
        """Send what is open; take out what was answered; return an error among the rest."""
        error: Exception | None = None
        places = list(open_commands)
        answers = await self._link.exchange([open_commands[place] for place in places])
        for place, answer in zip(places, answers, strict=True):
            if isinstance(answer, NoScriptError):
                open_commands[place] = in_full(open_commands[place])
            elif isinstance(answer, Exception):
                error = answer
            else:
                replies[place] = answer
                del open_commands[place]
        if error is None and open_commands:  # scripts that a server did not have: at once, in full
            return await self._round(open_commands, replies)
        return error
