"""The way to the primaries of a Redis Cluster: each command goes to the node that has its slot."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, ResponseError
from redis.exceptions import ConnectionError as NotThere

from stream.store.address import Address, Site
from stream.store.connection import Answer, Connection, Facts, ask_all, facts_of
from stream.store.connector import Connector
from stream.store.redis_errors import FOREIGN
from stream.store.scripts import Command

_MAP: tuple[Command, ...] = (("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"))


@dataclass(frozen=True, slots=True)
class Trip:
    """One command on its way to a node."""

    command: Command
    slot: int
    to: Address | None
    """None: nobody serves the slot."""
    asking: bool = False
    """The node is only about to get the slot, and has to be told that we know."""


class ClusterLink:
    """A line to each primary, and the map that says which slots it has.

    The map is read before the first exchange and after each failure, from all known nodes at the
    same time; the one of the latest epoch is believed: a node that was cut off keeps an old one.
    """

    def __init__(self, site: Site, dialer: Connector, accept: Callable[[Facts], None]) -> None:
        self._dialer = dialer
        self._accept = accept
        self._scouts = {address: Connection(dialer.scout(address)) for address in site.addresses}
        self._seeds = frozenset(site.addresses)
        self._lines: dict[Address, Connection] = {}
        self._owners: list[Address | None] = []
        self._doubted = True
        self._learning = asyncio.Lock()

    async def connect(self) -> list[Facts]:
        """See `stream.store.topology.Link`."""
        await self._learn()
        owners = sorted({owner for owner in self._owners if owner is not None})
        found = await asyncio.gather(*(self._line(owner).connect() for owner in owners))
        return [facts for [facts] in found]

    async def exchange(self, commands: Sequence[Command]) -> list[Answer]:
        """See `stream.store.topology.Link`; nodes are asked at the same time, each in order.

        A command that is sent on to another node is followed once.
        """
        await self._learn()
        trips = [self._trip(command) for command in commands]
        answers = await self._make(trips)
        turned = {
            at: self._turned(trips[at], answer)
            for at, answer in enumerate(answers)
            if isinstance(answer, AskError)
        }
        if turned:
            again = await self._make([*turned.values()])
            for at, answer in zip(turned, again, strict=True):
                answers[at] = answer
        return answers

    def doubt(self) -> None:
        """See `stream.store.topology.Link`."""
        self._doubted = True

    async def close(self) -> None:
        """See `stream.store.topology.Link`."""
        lines = [*self._scouts.values(), *self._lines.values()]
        await asyncio.gather(*(line.close() for line in lines))

    # ------------------------------------------------------------------------------ trips

    def _trip(self, command: Command) -> Trip:
        slot = slot_of(command)
        return Trip(command, slot, self._owners[slot])

    def _turned(self, trip: Trip, answer: AskError) -> Trip:
        """The same command on its way to where a node has sent it on."""
        came_from = trip.to.host if trip.to else ""
        to = Address(answer.host or came_from, answer.port)
        moved = isinstance(answer, MovedError)
        if moved:  # for good; others may have moved with it
            self._owners[trip.slot] = to
            self._doubted = True
        return Trip(trip.command, trip.slot, to, asking=not moved)

    async def _make(self, trips: Sequence[Trip]) -> list[Answer]:
        by_node: dict[Address | None, list[int]] = {}
        for at, trip in enumerate(trips):
            by_node.setdefault(trip.to, []).append(at)
        if len(by_node) == 1:
            return await self._visit(trips[0].to, trips)
        groups = [(to, [trips[at] for at in places]) for to, places in by_node.items()]
        found = await asyncio.gather(*(self._visit(to, group) for to, group in groups))
        answers: list[Answer] = [None] * len(trips)
        for places, some in zip(by_node.values(), found, strict=True):
            for at, answer in zip(places, some, strict=True):
                answers[at] = answer
        return answers

    async def _visit(self, to: Address | None, trips: Sequence[Trip]) -> list[Answer]:
        """One exchange with one node; if it fails, that is the answer to each command."""
        if to is None:
            return [ClusterDownError(f"nobody serves slot {trip.slot}") for trip in trips]
        commands: list[Command] = []
        for trip in trips:
            commands += [("ASKING",), trip.command] if trip.asking else [trip.command]
        try:
            answers = await self._line(to).exchange(commands)
        except FOREIGN as exc:
            return [exc] * len(trips)
        kept = zip(commands, answers, strict=True)
        return [answer for command, answer in kept if command != ("ASKING",)]

    def _line(self, address: Address) -> Connection:
        line = self._lines.get(address)
        if line is None:
            line = self._lines[address] = Connection(self._dialer.server(address), self._accept)
        return line

    # ------------------------------------------------------------------------------ the map

    async def _learn(self) -> None:
        """Read the map anew if it is in doubt, once for all that wait for it."""
        if self._doubted:
            async with self._learning:
                await self._learn_in_turn()

    async def _learn_in_turn(self) -> None:
        if not self._doubted:
            return
        self._owners = await self._read_map()
        self._doubted = False
        nodes = {owner for owner in self._owners if owner is not None}
        for lines, kept in ((self._lines, nodes), (self._scouts, nodes | self._seeds)):
            for address in lines.keys() - kept:
                await lines.pop(address).close()
        for address in nodes - self._scouts.keys():
            self._scouts[address] = Connection(self._dialer.scout(address))

    async def _read_map(self) -> list[Address | None]:
        asked = list(self._scouts)
        answers = await ask_all([*self._scouts.values()], _MAP)
        found = [
            (state, slots, address.host)
            for address, (state, slots) in zip(asked, answers, strict=True)
            if not isinstance(state, Exception) and not isinstance(slots, Exception)
        ]
        if found:
            return newest_map(found)
        for state, _ in answers:
            if isinstance(state, ResponseError):  # it is there, but knows of no cluster
                raise state
        raise NotThere(f"no node of the cluster answers at {', '.join(map(str, asked))}")


def slot_of(command: Command) -> int:
    """The slot of a command's (first) key; those of a script all have the same."""
    key = command[3] if command[0] in {"EVALSHA", "EVAL"} else command[1]
    return key_slot(str(key).encode())


def newest_map(found: Sequence[tuple[bytes, Sequence[Any], str]]) -> list[Address | None]:
    """The primary of each slot by the word of who knows of the latest epoch.

    Args:
        found: of each node the answers to CLUSTER INFO and CLUSTER SLOTS, and its host.
    """
    _, slots, host = max(found, key=lambda row: epoch_of(row[0]))
    return owners_of(slots, host)


def epoch_of(state: bytes) -> int:
    """The latest epoch that a node knows of, out of CLUSTER INFO."""
    return int(facts_of(state)["cluster_current_epoch"])


def owners_of(reply: Sequence[Any], host: str) -> list[Address | None]:
    """The primary of each slot, out of CLUSTER SLOTS.

    Args:
        reply: rows of first slot, last slot, primary, replicas.
        host: of the node that was asked, for those that name none.
    """
    owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
    for start, end, primary, *_ in reply:
        address = Address((primary[0] or b"").decode() or host, primary[1])
        owners[start : end + 1] = [address] * (end + 1 - start)
    return owners
