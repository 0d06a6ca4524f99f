"""The events of the audited floors, seeded, in the order of sending.

Most floors are *orderly*: their events come in the order of time, some of them twice. What control
decides there depends on nothing but the events, so it is compared transition by transition. The
others are *rough*: events come late, some later than the grace, so that figures and dead letters
are put to the test. One floor has two sources; the clock of the second, or its line, may go wrong:
then it is rough as well.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from random import Random

import orjson

from stream.events.partition import partition_of
from stream.simulate.plan import (
    Disturbance,
    FloorPlan,
    Habits,
    Plan,
    TeamPlan,
    WalkOut,
    even_floors,
)
from stream.simulate.run import Sent, simulate
from stream.units import HOUR_MS, MINUTE_MS
from tests.faults.feed import Event, Feed

START_MS = 1_772_448_600_000
"""2026-03-02T10:50:00Z: a Monday, within the peak of the configuration; soon an hour ends."""
LASTS_MS = 1_000 * HOUR_MS
HABITS = Habits(talk_ms=60_000, acw_ms=20_000, aux_spell_ms=2 * MINUTE_MS, load=0.95)
REPEATED = Disturbance(repeated=0.02)
ROUGH = Disturbance(late=0.04, late_ms_most=8 * MINUTE_MS, repeated=0.02)
"""With a grace of 5 minutes more than a third of the delayed events come too late."""
TWO_SOURCES = "floor-two"
WRONG_SOURCE = "pbx-b"
HEADS_OF_TWO = 10
"""At most so many agents a team: the plain reference, which is slow, computes this floor."""


@dataclass(frozen=True)
class Mix:
    """How many of what."""

    orderly: int = 30
    rough: int = 9
    teams: int = 3
    """Of each floor."""
    heads: int = 10
    """Of each team."""

    @property
    def floors(self) -> int:
        return self.orderly + self.rough + 1


SMALL = Mix(teams=2, heads=8)
"""As many floors of each kind, with half as many agents: for machines that have other work."""


def is_orderly(floor: str) -> bool:
    """Whether the floor's events come in the order of time; of two sources one may go wrong."""
    return floor.startswith("floor-") and floor != TWO_SOURCES


class Traffic:
    """Events until any instant, each as a record with its partition."""

    def __init__(self, mix: Mix, partitions: int, seed: int, start_ms: int = START_MS) -> None:
        self._sent = events(mix, seed, start_ms)
        self._partitions = partitions
        self._next: Sent | None = None
        self.feed = Feed(TWO_SOURCES, WRONG_SOURCE)
        """The one that may go wrong."""
        self.until_ms = start_ms

    def take(self, until_ms: int) -> Iterator[tuple[int, bytes]]:
        """Partition and record of all that is sent before an instant, in order."""
        self.until_ms = until_ms
        while True:
            sent = self._next if self._next is not None else next(self._sent)
            if sent.sent_ms >= until_ms:
                self._next = sent
                return
            self._next = None
            yield from map(self.record, self.feed.through(sent.event))

    def take_some(self, count: int) -> Iterator[tuple[int, bytes]]:
        """The same of the next so many events, whatever their instants."""
        for _ in range(count):
            sent = self._next if self._next is not None else next(self._sent)
            self._next = None
            self.until_ms = max(self.until_ms, sent.sent_ms)
            yield from map(self.record, self.feed.through(sent.event))

    def record(self, event: Event) -> tuple[int, bytes]:
        """Partition and value."""
        return partition_of(event["floor"], self._partitions), orjson.dumps(event)


def events(mix: Mix, seed: int, start_ms: int) -> Iterator[Sent]:
    """All events of all floors."""
    end_ms = start_ms + LASTS_MS
    orderly = even_floors(
        mix.orderly, mix.orderly * mix.teams, mix.orderly * mix.teams * mix.heads, habits=HABITS
    )
    rough = [
        FloorPlan(f"rough-{n:02d}", floor.teams, floor.source, HABITS)
        for n, floor in enumerate(orderly[: mix.rough], 1)
    ]
    plans = [
        Plan(orderly, start_ms, end_ms, seed, REPEATED, tuple(walk_outs(orderly, seed, start_ms))),
        Plan(tuple(rough), start_ms, end_ms, seed + 1, ROUGH),
    ]
    feeds: list[Iterator[Sent]] = [simulate(plan) for plan in plans]
    feeds += [
        renamed(simulate(Plan((one,), start_ms, end_ms, seed + 2)), one.source)
        for one in two_sources(mix)
    ]
    return merge(*feeds, key=lambda sent: sent.sent_ms)


def renamed(feed: Iterator[Sent], source: str) -> Iterator[Sent]:
    """Two sources of one floor name their calls apart."""
    for sent in feed:
        if "call" in sent.event:
            sent.event["call"] = f"{source}-{sent.event['call']}"
        yield sent


def two_sources(mix: Mix) -> Iterator[FloorPlan]:
    """One floor in two feeds: each with a team, a pool and a source of its own."""
    for letter in "ab":
        agents = tuple(f"{letter}-{n:03d}" for n in range(min(mix.heads, HEADS_OF_TWO)))
        team = TeamPlan(f"team-{letter}", agents, pool=f"pool-{letter}")
        yield FloorPlan(TWO_SOURCES, (team,), f"pbx-{letter}", HABITS)


def walk_outs(floors: Iterable[FloorPlan], seed: int, start_ms: int) -> Iterator[WalkOut]:
    """Now and then half of some team goes on a break together."""
    rng, held = Random(seed), list(floors)
    at_ms = start_ms + 3 * MINUTE_MS
    while at_ms < start_ms + LASTS_MS:
        floor = rng.choice(held)
        team = rng.choice(floor.teams)
        lasts_ms = rng.randrange(2, 6) * MINUTE_MS
        yield WalkOut(floor.name, team.name, at_ms, len(team.agents) // 2 + 1, lasts_ms=lasts_ms)
        at_ms += rng.randrange(5_000, MINUTE_MS)
