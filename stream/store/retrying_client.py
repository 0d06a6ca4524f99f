"""Sends commands to Redis until they are answered.

The client library retries nothing here: it could not know whether a command may be repeated. All
that this project sends may be, since the scripts recognise a repeat; so only this loop retries.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Self

from redis.exceptions import NoScriptError

from stream.errors import DamagedKeyError, FloorwatchError
from stream.store import keys
from stream.store.connection import Reply, ServerInfo
from stream.store.options import StoreOptions
from stream.store.redis_errors import REDIS_ERRORS, FaultKind, rule_for, translate
from stream.store.scripts import Command, in_full, keys_of
from stream.store.topology import Topology, topology_for

log = logging.getLogger(__name__)


class RetryingClient:
    """A client that sends each command until it is answered."""

    def __init__(self, topology: Topology, options: StoreOptions) -> None:
        self._topology = topology
        self.options = options
        self.field_numbers = {name: at for at, (name, _) in enumerate(options.view_fields, 1)}

    @classmethod
    def from_url(cls, url: str, options: StoreOptions) -> Self:
        """A client of the Redis at this URL, not yet connected.

        Raises:
            ConfigurationError: it is not the URL of a Redis.
        """
        return cls(topology_for(url, options), options)

    async def close(self) -> None:
        """Close the connections; a later `execute` opens new ones."""
        await self._topology.close()

    async def connect(self) -> list[ServerInfo]:
        """Connect to each primary; return the INFO of each.

        Raises:
            ServiceError: no answer within the patience, or a permanent error.
            StateError: one of them must not be used.
        """
        infos: list[ServerInfo] = []

        async def attempt() -> None:
            infos[:] = await self._topology.connect()

        await self._retry(attempt)
        return infos

    async def execute(self, commands: Sequence[Command]) -> list[Reply]:
        """Send these commands in one go; return their replies, in order.

        Each is sent again until it is answered, so it must be safe to repeat. Answered commands are
        not sent again, so do not pass two whose order matters.

        Raises:
            ServiceError: no answer within the patience, or a permanent error.
            DamagedKeyError: a key holds something else.
            StateError: another answer that a retry would not change.
        """
        replies: list[Reply] = [None] * len(commands)
        open_commands = dict(enumerate(commands))
        try:
            await self._retry(lambda: self._execute_open(open_commands, replies))
        except DamagedKeyError as error:
            raise DamagedKeyError(await self._damage(commands) or str(error)) from None
        return replies

    async def _damage(self, commands: Sequence[Command]) -> str:
        """Which keys of these commands hold something else, as text; empty if that is unknown."""
        wanted = {key: kind for key in map(str, keys_of(commands)) if (kind := keys.type_of(key))}
        types: list[Reply] = [None] * len(wanted)
        asked: dict[int, Command] = dict(enumerate(("TYPE", key) for key in wanted))
        try:
            await self._retry(lambda: self._execute_open(asked, types))
        except FloorwatchError:
            return ""
        found = zip(wanted.items(), (reply.decode() for reply in types), strict=True)
        wrong = [
            f"key {key} holds something else (a {got}, not a {kind})"
            for (key, kind), got in found
            if got not in {kind, "none"}
        ]
        whose = "; ".join(wrong) or f"one of the keys {', '.join(wanted)} holds something else"
        return f"{whose}: {keys.REMEDY}"

    async def _retry(self, attempt: Callable[[], Awaitable[Exception | None]]) -> None:
        """Make attempts until one neither raises nor returns an error."""
        loop = asyncio.get_running_loop()
        give_up_at_s = loop.time() + self.options.patience_s
        for attempts, pause_s in enumerate(self._pauses_s(), 1):
            try:
                error = await attempt()
            except REDIS_ERRORS as exc:
                error = exc
            if error is None:
                return
            self._topology.invalidate()
            # One attempt proves nothing: this process may have slept all the while.
            is_over = attempts > 1 and loop.time() + pause_s > give_up_at_s
            if rule_for(error).kind is FaultKind.permanent or is_over:
                raise translate(error) from error
            log.debug("Redis: %s; trying again in %g s", error, pause_s)
            await asyncio.sleep(pause_s)

    def _pauses_s(self) -> Iterator[float]:
        backoff_s = self.options.backoff_s
        return chain(backoff_s, repeat(backoff_s[-1]))

    async def _execute_open(
        self, open_commands: dict[int, Command], replies: list[Reply]
    ) -> Exception | None:
        """Send the open commands; remove the answered ones; return an error among the rest."""
        error: Exception | None = None
        places = list(open_commands)
        answers = await self._topology.exchange([open_commands[place] for place in places])
        for place, answer in zip(places, answers, strict=True):
            if isinstance(answer, NoScriptError):
                open_commands[place] = in_full(open_commands[place])
            elif isinstance(answer, Exception):
                error = answer
            else:
                replies[place] = answer
                del open_commands[place]
        if error is None and open_commands:  # scripts that a server did not have: at once, in full
            return await self._execute_open(open_commands, replies)
        return error
