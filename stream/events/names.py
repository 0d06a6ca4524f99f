"""Names and their numbers: floors, sources, teams, pools, agents and seats of one shard.

Numbers are assigned at first use and are private to the shard. They never decide a result: where
order matters the names do, as bytes.
"""

from collections.abc import Hashable, Iterable, Sequence
from itertools import chain
from typing import Final, Generic, TypeVar

import numpy as np

from stream.arrays import grown
from stream.events.language import I64
from stream.events.partition import Route
from stream.roster import NO_ROSTER, NOT_IN_IDS, Roster

K = TypeVar("K", bound=Hashable)


class Numbering(Generic[K]):
    """A dictionary from keys to 0, 1, 2 ... in the order of first use."""

    __slots__ = ("get", "keys", "number_of")

    def __init__(self) -> None:
        self.keys: list[K] = []
        self.number_of: dict[K, int] = {}
        self.get = self.number_of.get

    def __len__(self) -> int:
        return len(self.keys)

    def number(self, key: K) -> int:
        """The number of a key; assigns one if the key is new."""
        found = self.number_of.get(key)
        if found is None:
            found = self.number_of[key] = len(self.keys)
            self.keys.append(key)
        return found

    def extend(self, keys: Iterable[K]) -> None:
        """Assign numbers to new keys, each of which occurs once."""
        known = len(self.keys)
        self.keys.extend(keys)
        self.number_of.update(zip(self.keys[known:], range(known, len(self.keys)), strict=True))

    def truncate(self, size: int) -> None:
        """Drop the keys whose number is not below `size`."""
        for key in self.keys[size:]:
            del self.number_of[key]
        del self.keys[size:]


class IntColumn:
    """An int64 column that grows by doubling; `data` is the filled part."""

    __slots__ = ("_data", "size")

    def __init__(self) -> None:
        self._data = np.zeros(64, np.int64)
        self.size = 0

    def append(self, value: int) -> None:
        """Add a value at the end."""
        if self.size == len(self._data):
            self._data = np.concatenate([self._data, np.zeros_like(self._data)])
        self._data[self.size] = value
        self.size += 1

    def extend(self, values: Iterable[int]) -> None:
        """Add values at the end."""
        added = np.fromiter(values, np.int64)
        first, self.size = self.size, self.size + len(added)
        self._data = grown(self._data, self.size)
        self._data[first : self.size] = added

    def truncate(self, size: int) -> None:
        """Drop the values from a place on."""
        self.size = size

    @property
    def data(self) -> I64:
        """The filled part: a view that must not be kept across an append."""
        return self._data[: self.size]


_COLUMNS: Final = {
    "floors": (),
    "sources": ("source_floor",),
    "pools": ("pool_floor",),
    "teams": ("team_floor", "team_pool"),
    "agents": ("agent_floor",),
    "seats": ("seat_agent", "seat_team"),
}
"""The kinds of names, and the columns of each."""


class Names:
    """All names of a shard. A seat is one (agent, team) pair of a floor."""

    def __init__(self, roster: Roster = NO_ROSTER) -> None:
        self.roster = roster
        self.route: Route | None = None
        """The partition of the records: a floor of another partition is assigned no number."""
        self.has_all_floors = True
        """Whether there is no other partition, which may have more floors."""
        self.floors: Numbering[str] = Numbering()
        self.sources: Numbering[tuple[str, str]] = Numbering()
        self.source_floor = IntColumn()
        self.pools: Numbering[tuple[str, str]] = Numbering()
        self.pool_floor = IntColumn()
        self.teams: Numbering[tuple[str, str]] = Numbering()
        self.team_floor = IntColumn()
        self.team_pool = IntColumn()
        self.agents: Numbering[tuple[str, str]] = Numbering()
        self.agent_floor = IntColumn()
        self.seats: Numbering[tuple[str, str, str]] = Numbering()
        self.fixed_seats: dict[tuple[str, str], int] = {}
        """Seats of agents who are in one team at all times by the roster."""
        self.seat_of_text: dict[str, int] = {}
        """Some seats by floor, agent and team as events give them, in one text of three lines:
        found in half the time of a tuple. No name may hold the end of a line. -1: no agent."""
        self.seat_agent = IntColumn()
        self.seat_team = IntColumn()
        self.drafts_from: dict[str, int] | None = None
        """By kind, the first number of a name that only a batch under way has; None without one."""
        self.has_invalid = False
        """Whether an earlier version stored names that events must not have any more."""
        self._byte_ranks: dict[int, tuple[int, I64]] = {}

    def stray(self, floor: str) -> str:
        """Why a floor is misrouted; empty if it is not."""
        if self.route is None or floor in self.floors.number_of:
            return ""
        return self.route.stray(floor)

    def source(self, floor: str, source: str) -> int:
        """The number of a source of a floor."""
        found = self.sources.get((floor, source))
        if found is None:
            self.source_floor.append(self.floors.number(floor))
            found = self.sources.number((floor, source))
        return found

    def pool(self, floor: str, pool: str) -> int:
        """The number of a pool of a floor."""
        found = self.pools.get((floor, pool))
        if found is None:
            self.pool_floor.append(self.floors.number(floor))
            found = self.pools.number((floor, pool))
        return found

    def team(self, floor: str, team: str) -> int:
        """The number of a team of a floor."""
        found = self.teams.get((floor, team))
        if found is None:
            self.team_floor.append(self.floors.number(floor))
            self.team_pool.append(self.pool(floor, self.roster.pool_of(team)))
            found = self.teams.number((floor, team))
        return found

    def agent(self, floor: str, agent: str) -> int:
        """The number of an agent of a floor."""
        found = self.agents.get((floor, agent))
        if found is None:
            self.agent_floor.append(self.floors.number(floor))
            found = self.agents.number((floor, agent))
        return found

    def seat(self, floor: str, agent: str, team: str | None, ts_ms: int) -> int:
        """The number of a seat; if the event names no team the roster at that time decides."""
        if team is not None:
            return self._seat((floor, agent, team))
        found = self._seat((floor, agent, self.roster.team_at(agent, ts_ms)))
        if self.roster.is_fixed(agent):
            self.fixed_seats[floor, agent] = found
        return found

    def seat_of(self, key: tuple[str, str, str], *, fixed: bool) -> int:
        """The number of a seat; fixed: of an agent who is in this team at all times."""
        found = self._seat(key)
        if fixed:
            self.fixed_seats[key[:2]] = found
        return found

    def _seat(self, key: tuple[str, str, str]) -> int:
        found = self.seats.get(key)
        if found is None:
            floor, agent, team = key
            self.seat_agent.append(self.agent(floor, agent))
            self.seat_team.append(self.team(floor, team))
            found = self.seats.number(key)
        return found

    def add_seats(self, keys: Sequence[tuple[str, str, str]]) -> None:
        """Assign numbers to new seats, each of which occurs once.

        A backlog of a hundred thousand agents begins with as many: in bulk they take a third of the
        time.
        """
        agents = [(floor, agent) for floor, agent, _ in keys]
        new = [key for key in dict.fromkeys(agents) if key not in self.agents.number_of]
        self.agent_floor.extend(self.floors.number(floor) for floor, _ in new)
        self.agents.extend(new)
        self.seat_agent.extend(map(self.agents.number_of.__getitem__, agents))
        self.seat_team.extend(self.team(floor, team) for floor, _, team in keys)
        self.seats.extend(keys)

    def byte_ranks(self, names: Numbering[tuple[str, str]]) -> I64:
        """The rank of each key by the bytes of its last name, which orders rows of equal time."""
        size, ranks = self._byte_ranks.get(id(names), (-1, np.zeros(0, np.int64)))
        if size != len(names):
            ordered = sorted({key[-1].encode() for key in names.keys})
            rank_of = {name: rank for rank, name in enumerate(ordered)}
            ranks = np.array([rank_of[key[-1].encode()] for key in names.keys], np.int64)
            self._byte_ranks[id(names)] = (len(names), ranks)
        return ranks

    def sizes(self) -> dict[str, int]:
        """The number of names by kind."""
        return {kind: len(getattr(self, kind)) for kind in _COLUMNS}

    def begin_drafts(self) -> None:
        """Names that are new from now on are drafts, until a batch is pushed."""
        if self.drafts_from is None:
            self.drafts_from = self.sizes()

    def has_drafts(self) -> bool:
        """Whether decoding has found new names since the last batch was pushed."""
        return self.drafts_from is not None and self.drafts_from != self.sizes()

    def sizes_kept(self) -> dict[str, int]:
        """The number of names by kind, without drafts."""
        return self.drafts_from or self.sizes()

    def fixed_drafts(self) -> set[tuple[str, str, str]]:
        """The new seats that are fixed."""
        first = self.sizes_kept()["seats"]
        new = self.seats.keys[first:]
        return {key for number, key in enumerate(new, first) if self._is_fixed(key, number)}

    def _is_fixed(self, key: tuple[str, str, str], number: int) -> bool:
        return self.fixed_seats.get(key[:2]) == number

    def keep_drafts(self) -> None:
        """Make the drafts names of the shard, under the numbers that they have."""
        self.drafts_from = None

    def drop_drafts(self) -> None:
        """Remove the drafts; new names are for good until the next batch is decoded."""
        for floor, agent, _ in self.fixed_drafts():
            del self.fixed_seats[floor, agent]
        self._drop_texts(self.sizes_kept())
        for kind, size in (self.drafts_from or {}).items():
            getattr(self, kind).truncate(size)
            for column in _COLUMNS[kind]:
                getattr(self, column).truncate(size)
        self.drafts_from = None

    def _drop_texts(self, first: dict[str, int]) -> None:
        for floor, agent, team in self.seats.keys[first["seats"] :]:
            self.seat_of_text.pop(f"{floor}\n{agent}\n{team}", None)
            self.seat_of_text.pop(f"{floor}\n{agent}\n", None)
        for floor in self.floors.keys[first["floors"] :]:
            self.seat_of_text.pop(f"{floor}\n\n", None)

    def to_lists(self) -> dict[str, list[list[str]]]:
        """All keys in the order of their numbers, for a snapshot."""
        kinds = ("sources", "pools", "teams", "agents", "seats")
        return {kind: [list(key) for key in getattr(self, kind).keys] for kind in kinds}

    def fill(self, lists: dict[str, list[list[str]]]) -> None:
        """Assign the numbers of a snapshot; only to an instance without names."""
        for floor, source in lists["sources"]:
            self.source(floor, source)
        for floor, pool in lists["pools"]:
            self.pool(floor, pool)
        for floor, team in lists["teams"]:
            self.team(floor, team)
        self.agents.extend((floor, agent) for floor, agent in lists["agents"])
        self.agent_floor.extend(self.floors.number(floor) for floor, _ in lists["agents"])
        self.add_seats([(floor, agent, team) for floor, agent, team in lists["seats"]])
        names = chain.from_iterable(chain.from_iterable(lists.values()))
        self.has_invalid = NOT_IN_IDS.search("".join(names)) is not None


class AgentNames(Sequence[str]):
    """Agents' names by number, read at access."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def __len__(self) -> int:
        return len(self._names.agents)

    def __getitem__(self, number: int) -> str:  # type: ignore[override]
        return self._names.agents.keys[number][1]
