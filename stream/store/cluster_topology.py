"""Routes commands to the primaries of a Redis Cluster, by the slots of their keys."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, ResponseError
from redis.exceptions import ConnectionError as NotThere

from stream.store.address import Address, Site
from stream.store.connection import Answer, Connection, ServerInfo, ask_all, parse_info
from stream.store.connector import Connector
from stream.store.redis_errors import REDIS_ERRORS
from stream.store.scripts import Command

_MAP: tuple[Command, ...] = (("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))


@dataclass(frozen=True, slots=True)
class RoutedCommand:
    """One command and the node that it goes to."""

    command: Command
    slot: int
    to: Address | None
    """None: no node serves the slot."""
    asking: bool = False
    """The node is still importing the slot: send ASKING first."""


class ClusterTopology:
    """Connections to all primaries, and the map of their slots.

    The map is read before the first exchange and after each failure, from all known nodes at the
    same time; the one with the latest epoch wins: a node that was cut off keeps an old one.
    """

    def __init__(
        self, site: Site, connector: Connector, accept: Callable[[ServerInfo], None]
    ) -> None:
        self._connector = connector
        self._accept = accept
        self._discovery = {
            address: Connection(connector.discovery(address)) for address in site.addresses
        }
        self._seeds = frozenset(site.addresses)
        self._connections: dict[Address, Connection] = {}
        self._owners: list[Address | None] = []
        self._stale = True
        self._refresh_lock = asyncio.Lock()

    async def connect(self) -> list[ServerInfo]:
        """See `stream.store.topology.Topology`."""
        await self._refresh()
        owners = sorted({owner for owner in self._owners if owner is not None})
        replies = await asyncio.gather(*(self._connection(owner).connect() for owner in owners))
        return [info for [info] in replies]

    async def exchange(self, commands: Sequence[Command]) -> list[Answer]:
        """See `stream.store.topology.Topology`; nodes work at the same time, each in order.

        A redirection is followed once.
        """
        await self._refresh()
        routed = [self._route(command) for command in commands]
        answers = await self._execute_routed(routed)
        redirected = {
            at: self._redirected(routed[at], answer)
            for at, answer in enumerate(answers)
            if isinstance(answer, AskError)
        }
        if redirected:
            retried = await self._execute_routed([*redirected.values()])
            for at, answer in zip(redirected, retried, strict=True):
                answers[at] = answer
        return answers

    def invalidate(self) -> None:
        """See `stream.store.topology.Topology`."""
        self._stale = True

    async def close(self) -> None:
        """See `stream.store.topology.Topology`."""
        connections = [*self._discovery.values(), *self._connections.values()]
        await asyncio.gather(*(connection.close() for connection in connections))

    # ------------------------------------------------------------------------------ trips

    def _route(self, command: Command) -> RoutedCommand:
        slot = slot_of(command)
        return RoutedCommand(command, slot, self._owners[slot])

    def _redirected(self, each: RoutedCommand, answer: AskError) -> RoutedCommand:
        """The same command, routed to where a node has redirected it."""
        came_from = each.to.host if each.to else ""
        to = Address(answer.host or came_from, answer.port)
        moved = isinstance(answer, MovedError)
        if moved:  # for good; other slots may have moved with it
            self._owners[each.slot] = to
            self._stale = True
        return RoutedCommand(each.command, each.slot, to, asking=not moved)

    async def _execute_routed(self, routed: Sequence[RoutedCommand]) -> list[Answer]:
        by_node: dict[Address | None, list[int]] = {}
        for at, each in enumerate(routed):
            by_node.setdefault(each.to, []).append(at)
        if len(by_node) == 1:
            return await self._execute_on(routed[0].to, routed)
        groups = [(to, [routed[at] for at in places]) for to, places in by_node.items()]
        replies = await asyncio.gather(*(self._execute_on(to, group) for to, group in groups))
        answers: list[Answer] = [None] * len(routed)
        for places, some in zip(by_node.values(), replies, strict=True):
            for at, answer in zip(places, some, strict=True):
                answers[at] = answer
        return answers

    async def _execute_on(
        self, to: Address | None, routed: Sequence[RoutedCommand]
    ) -> list[Answer]:
        """One exchange with one node; if it fails, the error is the answer to each command."""
        if to is None:
            return [ClusterDownError(f"no node serves slot {each.slot}") for each in routed]
        commands: list[Command] = []
        for each in routed:
            commands += [("ASKING",), each.command] if each.asking else [each.command]
        try:
            answers = await self._connection(to).exchange(commands)
        except REDIS_ERRORS as exc:
            return [exc] * len(routed)
        kept = zip(commands, answers, strict=True)
        return [answer for command, answer in kept if command != ("ASKING",)]

    def _connection(self, address: Address) -> Connection:
        connection = self._connections.get(address)
        if connection is None:
            connection = self._connections[address] = Connection(
                self._connector.server(address), self._accept
            )
        return connection

    # ------------------------------------------------------------------------------ the map

    async def _refresh(self) -> None:
        """Read the map again if it is stale, once for all that wait for it."""
        if self._stale:
            async with self._refresh_lock:
                await self._refresh_once()

    async def _refresh_once(self) -> None:
        if not self._stale:
            return
        self._owners = await self._read_map()
        self._stale = False
        nodes = {owner for owner in self._owners if owner is not None}
        wanted = ((self._connections, nodes), (self._discovery, nodes | self._seeds))
        for connections, kept in wanted:
            for address in connections.keys() - kept:
                await connections.pop(address).close()
        for address in nodes - self._discovery.keys():
            self._discovery[address] = Connection(self._connector.discovery(address))

    async def _read_map(self) -> list[Address | None]:
        asked = list(self._discovery)
        answers = await ask_all([*self._discovery.values()], _MAP)
        replies = [
            (state, slots, address.host)
            for address, (state, slots) in zip(asked, answers, strict=True)
            if not isinstance(state, Exception) and not isinstance(slots, Exception)
        ]
        if replies:
            return newest_map(replies)
        for state, _ in answers:
            if isinstance(state, ResponseError):  # the node answers, but is not in a cluster
                raise state
        raise NotThere(f"no node of the cluster answers at {', '.join(map(str, asked))}")


def slot_of(command: Command) -> int:
    """The slot of a command's (first) key; all keys of a script have the same."""
    key = command[3] if command[0] in {"EVALSHA", "EVAL"} else command[1]
    return key_slot(str(key).encode())


def newest_map(replies: Sequence[tuple[bytes, Sequence[Any], str]]) -> list[Address | None]:
    """The primary of each slot, from the node that knows the latest epoch.

    Args:
        replies: of each node the answers to CLUSTER INFO and CLUSTER SLOTS, and its host.
    """
    _, slots, host = max(replies, key=lambda row: epoch_of(row[0]))
    return owners_of(slots, host)


def epoch_of(state: bytes) -> int:
    """The latest epoch that a node knows, from CLUSTER INFO."""
    return int(parse_info(state)["cluster_current_epoch"])


def owners_of(reply: Sequence[Any], host: str) -> list[Address | None]:
    """The primary of each slot, from CLUSTER SLOTS.

    Args:
        reply: rows of first slot, last slot, primary, replicas.
        host: of the node that was asked, for primaries without one.
    """
    owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
    for start, end, primary, *_ in reply:
        address = Address((primary[0] or b"").decode() or host, primary[1])
        owners[start : end + 1] = [address] * (end + 1 - start)
    return owners
