"""One connection to Redis, which sends commands until they are answered.

The client library repeats nothing here: it could not know whether a command may be repeated. All
that this project sends may be, since the scripts recognise a repeat; so one loop repeats, this one.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any, Self

from hiredis import pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ResponseError

from stream.errors import ConfigurationError
from stream.store.faults import FOREIGN, Hope, fault_of, translated
from stream.store.protocol import StoreOptions
from stream.store.scripts import Command, in_full

log = logging.getLogger(__name__)

Reply = Any
"""bytes, int, None or a list of these."""


class Wire:
    """A connection of its own, with one exchange at a time."""

    def __init__(self, connection: AbstractConnection, options: StoreOptions) -> None:
        self._connection = connection
        self.options = options
        self.number_of_field = {name: at for at, name in enumerate(options.view_fields, 1)}
        self._turn = asyncio.Lock()

    @classmethod
    def to(cls, url: str, options: StoreOptions) -> Self:
        """A wire to the Redis at this URL, not yet connected.

        Raises:
            ConfigurationError: it is no URL of a Redis.
        """
        try:
            pool = ConnectionPool.from_url(
                url,
                protocol=2,
                socket_timeout=options.answer_timeout_s,
                socket_connect_timeout=options.connect_timeout_s,
                socket_read_size=128 * 1024,
                retry=Retry(NoBackoff(), 0),
                client_name="floorwatch",
            )
            connection = pool.connection_class(**pool.connection_kwargs)
        except (ValueError, TypeError) as exc:
            raise ConfigurationError(f"[redis] url: {exc}") from exc
        return cls(connection, options)

    async def close(self) -> None:
        """Drop the connection; a later `ask` makes a new one."""
        await self._connection.disconnect(nowait=True)

    async def ask(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies to these commands, sent in one go, in order.

        Each is sent again until it is answered, so it must bear repetition. Commands that were
        answered are not sent again.

        Raises:
            ServiceError: no answer within the patience, or none to hope for.
            StateError: an answer that trying again would not change.
        """
        loop = asyncio.get_running_loop()
        give_up_at_s = loop.time() + self.options.patience_s
        replies: list[Reply] = [None] * len(commands)
        open_commands = dict(enumerate(commands))
        for pause_s in self._pauses_s():
            try:
                error = await self._round(open_commands, replies)
            except FOREIGN as exc:
                error = exc
            if not open_commands:
                return replies
            if error is None:  # only scripts that Redis did not have: send them in full, at once
                continue
            if fault_of(error).hope is Hope.lasts or loop.time() + pause_s > give_up_at_s:
                raise translated(error) from error
            log.debug("Redis: %s; trying again in %g s", error, pause_s)
            await asyncio.sleep(pause_s)
        raise AssertionError  # the pauses do not end

    def _pauses_s(self) -> Iterator[float]:
        backoff_s = self.options.backoff_s
        return chain(backoff_s, repeat(backoff_s[-1]))

    async def _round(
        self, open_commands: dict[int, Command], replies: list[Reply]
    ) -> Exception | None:
        """Send what is open once; take out what was answered; return an error among the rest."""
        error: Exception | None = None
        places = list(open_commands)
        answers = await self._exchange([open_commands[place] for place in places])
        for place, answer in zip(places, answers, strict=True):
            if isinstance(answer, NoScriptError):
                open_commands[place] = in_full(open_commands[place])
            elif isinstance(answer, ResponseError):
                error = answer
            else:
                replies[place] = answer
                del open_commands[place]
        return error

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply | ResponseError]:
        async with self._turn:
            try:
                await self._connection.connect()  # type: ignore[no-untyped-call]
                # The library's own packing is Python and takes four times as long.
                packed = [pack_command(each) for each in commands]  # type: ignore[arg-type]
                await self._connection.send_packed_command(packed, check_health=False)
                return [await self._answer() for _ in commands]
            except BaseException:
                # Replies may be on their way that the next exchange would take for its own.
                await self._connection.disconnect(nowait=True)
                raise

    async def _answer(self) -> Reply | ResponseError:
        try:
            return await self._connection.read_response()
        except ResponseError as exc:
            return exc
