"""The records: an hour of simulated floors, one event a record, and what they must add up to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import orjson
from cells import Cells, cells_of
from peers.book import Book

from stream.events.partition import partition_of
from stream.simulate.plan import Plan, even_floors
from stream.simulate.run import simulate
from stream.units import HOUR_MS

START_MS = 1_772_445_600_000
"""Monday, 2026-03-02, 10:00 UTC."""
PARTITIONS = 8


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made."""

    events: int
    agents: int
    teams: int
    floors: int


@dataclass(frozen=True, slots=True)
class Record:
    """What is produced; the key is the floor, the time stamp the event's own."""

    floor: str
    value: bytes
    ts_ms: int
    partition: int


@dataclass(slots=True)
class Extent:
    """The first so many records, by partition, and what they add up to."""

    records: int = 0
    ends: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(PARTITIONS), 0))
    cells: Cells = field(default_factory=dict)


def make(size: Size, some: int, made: list[Record]) -> tuple[Extent, Extent]:
    """Append the records to `made`, in the order of time.

    Returns:
        The extent of all of them, and that of the first `some`.
    """
    book, whole, part = Book(), Extent(), Extent()
    floors: dict[str, int] = {}
    for event in islice(_events(size), size.events):
        floor, ts_ms = str(event["floor"]), int(str(event["ts"]))
        partition = floors.setdefault(floor, partition_of(floor, PARTITIONS))
        made.append(Record(floor, orjson.dumps(event), ts_ms, partition))
        book.take((event,))
        whole.records += 1
        whole.ends[partition] += 1
        if whole.records == some:
            part = Extent(some, dict(whole.ends), cells_of(book))
    whole.cells = cells_of(book)
    return whole, part


def _events(size: Size) -> Iterator[dict[str, object]]:
    plan = Plan(even_floors(size.floors, size.teams, size.agents), START_MS, START_MS + 2 * HOUR_MS)
    return (sent.event for sent in simulate(plan))
