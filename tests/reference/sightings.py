"""When sources were heard of: their dates, the gaps between these, and who is silent or retired."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tests.reference.marks import Arrival
from tests.reference.records import floor_of, source_of
from tests.reference.rules import DAY, NEVER, Rules


class Gap(NamedTuple):
    """Time [start, end) in which nothing of a source is dated; from `gone` on it is a day old."""

    start: int
    end: int
    gone: int


class Sighting:
    """All that is known of when one source was heard of."""

    def __init__(self) -> None:
        self.last = -NEVER
        self.dates: dict[int, int] = {}
        """By instant: from when on the event vouches for the time before it."""
        self.first_heartbeat = NEVER
        self.seen = -NEVER
        """The latest stamp."""


class Sightings:
    """The sources of all floors."""

    def __init__(self) -> None:
        self.of: dict[tuple[str, str], Sighting] = {}
        self._gaps: dict[tuple[str, str], list[Gap]] = {}
        """Those between two dates, until something is added."""

    def add(self, rules: Rules, one: Arrival) -> None:
        source = source_of(one.event)
        found = self.of.setdefault((floor_of(one.event), source), Sighting())
        self._gaps.pop((floor_of(one.event), source), None)
        limit = rules.three_heartbeats(source)
        vouched = -NEVER if limit is None else one.ts - limit
        found.dates[one.ts] = min(found.dates.get(one.ts, NEVER), vouched)
        found.last = max(found.last, one.ts)
        found.seen = max(found.seen, one.ts if one.stamp is None else one.stamp)
        if one.event["type"] == "heartbeat":
            found.first_heartbeat = min(found.first_heartbeat, one.ts)

    def forget(self, floor: str, source: str) -> None:
        self.of.pop((floor, source), None)
        self._gaps.pop((floor, source), None)

    def heard(self, rules: Rules, floor: str) -> int:
        """The latest instant at which a source of a floor was heard of."""
        mine = [one for (where, _), one in self.of.items() if where == floor]
        return max(one.last if rules.spec.event_clock else one.seen for one in mine)

    def silent(self, rules: Rules, floor: str, source: str, at: int) -> bool:
        """Whether nothing was heard of a source for three heartbeats."""
        found, limit = self.of[floor, source], rules.three_heartbeats(source)
        if limit is None or found.first_heartbeat == NEVER:
            return False
        return at > (found.last if rules.spec.event_clock else found.seen) + limit

    def retired(self, floor: str, source: str, at: int) -> bool:
        return at - self.of[floor, source].last > DAY

    def gaps(self, rules: Rules, floor: str, source: str, at: int) -> list[Gap]:
        """The gaps of a source as they are known at an instant, the open one at the end."""
        if (floor, source) not in self.of:
            return []  # it was forgotten: what it told of is older than any window
        found = self.of[floor, source]
        if (floor, source) not in self._gaps:
            self._gaps[floor, source] = list(_between(found))
        gaps = list(self._gaps[floor, source])
        if self.silent(rules, floor, source, at):
            gaps.append(Gap(found.last, NEVER, found.last + DAY))
        elif self.retired(floor, source, at):
            gaps.append(Gap(found.last + DAY, NEVER, found.last + DAY))
        return gaps


def _between(found: Sighting) -> Iterator[Gap]:
    """The gaps between two dates of a source, the latest first."""
    vouched = NEVER
    for y, x in pairwise(sorted(found.dates, reverse=True)):
        vouched = min(vouched, found.dates[y])
        if x >= found.first_heartbeat and x < vouched:
            yield Gap(x, y, x + DAY)
