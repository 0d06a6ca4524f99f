"""What a floor knows of its sources: how far each has come, what it holds, and who is retired."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.reference import clock
from tests.reference.records import Event, instant
from tests.reference.rules import DAY, MINUTE, SECOND, Rules


class Arrival(NamedTuple):
    """An event with its place in the partition."""

    place: tuple[int, int]
    """Number of its record, and its number in the record."""
    event: Event
    stamp: int | None
    appended: bool

    @property
    def ts(self) -> int:
        return instant(self.event)


@dataclass
class Source:
    """One source of a floor."""

    name: str
    mark: int | None = None
    """Its watermark; None as long as it is not known."""
    beats: bool = False
    """Whether a heartbeat of it counted."""
    held: list[Arrival] = field(default_factory=list)
    """Jumps that wait to be confirmed, by offset."""
    needs: int = 0
    """How much later than the first held one a confirmation must be."""
    contradicted: bool = False
    floor_then: int = 0
    """F when the first was held."""
    out: bool = False


class Marks:
    """The sources of one floor."""

    def __init__(self, floor: str) -> None:
        self.floor = floor
        self.greatest: int | None = None
        """F"""
        self.sealed: int | None = None
        self.sources: dict[str, Source] = {}

    def source(self, name: str) -> Source:
        return self.sources.setdefault(name, Source(name))

    def retired(self, source: Source) -> bool:
        assert self.greatest is not None
        return source.mark is not None and self.greatest - source.mark > DAY

    def active(self, but: Source | None = None) -> list[int]:
        """Watermarks of the known sources that are not retired."""
        return [
            one.mark
            for one in self.sources.values()
            if one is not but and one.mark is not None and not self.retired(one)
        ]

    def holding(self) -> Iterator[Source]:
        """Sources that hold something, by the offset of their first."""
        held = [one for one in self.sources.values() if one.held]
        yield from sorted(held, key=lambda one: one.held[0].place)

    def start(self, source: Source, ts: int) -> int:
        """The watermark by which a source is judged: new and retired ones start at the slowest."""
        if source.mark is not None and not self.retired(source):
            return source.mark
        slowest = min(self.active(source), default=ts)
        return slowest if source.mark is None else max(source.mark, slowest)

    def leap(self, rules: Rules, source: Source, stamp: int | None) -> int:
        """J: what is further ahead of F is a jump."""
        heartbeats = rules.three_heartbeats(source.name)
        alone = not source.beats and not self.active(source)
        if heartbeats is None or alone or stamp is None:
            return DAY
        return max(rules.spec.windows.grace_ms, heartbeats)

    def reach(self, rules: Rules, source: Source, stamp: int | None) -> int:
        """What is later is a jump."""
        assert self.greatest is not None
        return self.greatest + self.leap(rules, source, stamp)

    def needed(self, rules: Rules, source: Source, ts: int) -> int:
        """D: how much later a confirmation must be."""
        quiet = rules.quiet(source.name)
        alive = self.start(source, ts) - quiet
        return quiet if any(mark >= alive for mark in self.active(source)) else 5 * SECOND

    def seal(self, rules: Rules) -> int:
        """Where the oldest hour begins that is not sealed."""
        assert self.greatest is not None
        limits = rules.spec.windows
        reach = max(min(self.active()) - limits.grace_ms, self.greatest - limits.seal_ms)
        zone = rules.zone_of_hours(self.floor)
        return clock.hour_start(zone, reach // MINUTE * MINUTE)
