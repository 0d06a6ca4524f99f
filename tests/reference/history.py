"""A history: records in order of arrival, and what they are judged by."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from tests.reference.records import Event, Record, floor_of, instant, source_of
from tests.reference.rules import Rules


@dataclass(frozen=True)
class History:
    """Records in order of arrival, and instants after the last at which figures are read."""

    rules: Rules
    records: tuple[Record, ...]
    looks: tuple[int, ...]
    seed: str = ""
    kinds: Mapping[str, int] = field(default_factory=Counter, compare=False)
    """What was put in on purpose."""
    changes: tuple[tuple[int, Rules], ...] = ()
    """Other rules before the record of this number."""

    def __repr__(self) -> str:
        lines = [f"  {record.stamp} {record.appended} {record.events}" for record in self.records]
        head = [f"History {self.seed}", f"{self.rules}", f"looks {self.looks}"]
        return "\n".join([*head, *(f"change {change}" for change in self.changes), *lines])

    @property
    def events(self) -> list[Event]:
        return [event for record in self.records for event in record.events]

    def random(self, purpose: str) -> Random:
        """Numbers that belong to this history: where to cut it, how to shuffle it."""
        return Random(f"{self.seed} {purpose}")

    def cuts(self) -> list[int]:
        """Numbers of records at which to stop, in order; the last is that of all records."""
        random, count = self.random("cuts"), len(self.records)
        cuts = {random.randint(1, count) for _ in range(random.randint(1, 4))}
        return sorted(cuts | {count})

    def now(self, pushed: int, watermark: int) -> int:
        """as_of after so many records: by the event clock, or Kafka's time of the newest one."""
        stamp = self.records[pushed - 1].stamp
        return watermark if self.rules.spec.event_clock or stamp is None else stamp

    def unchanged(self) -> "History":
        """The history by its first rules alone."""
        return replace(self, changes=())

    def singly(self) -> "History":
        """One event a record."""
        places = [number for number, record in enumerate(self.records) for _ in record.events]
        single = [
            Record((event,), record.stamp, record.appended)
            for record in self.records
            for event in record.events
        ]
        changes = tuple((places.index(number), rules) for number, rules in self.changes)
        return replace(self, records=tuple(single), changes=changes)

    def without(self, first: int, last: int) -> "History":
        """The history without the records [first, last)."""
        gone = last - first
        changes = tuple(
            (number - max(0, min(gone, number - first)), rules) for number, rules in self.changes
        )
        return replace(self, records=self.records[:first] + self.records[last:], changes=changes)


def sources_of(events: Iterable[Event]) -> set[tuple[str, str]]:
    """(floor, source) of all that speak."""
    return {(floor_of(event), source_of(event)) for event in events}


def greatest(records: Iterable[Record]) -> int:
    """The latest instant of their events."""
    return max(instant(event) for record in records for event in record.events)
