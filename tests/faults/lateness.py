"""Which events come too late, and when sources were heard of, the slow and obvious way."""

from itertools import pairwise
from typing import NamedTuple

from stream.events.language import Reason
from stream.spec import Spec
from stream.units import DAY_MS, MINUTE_MS
from tests.reference import clock
from tests.reference.records import Event, floor_of, instant, source_of
from tests.reference.rules import Rules

AHEAD_MS = 5_000
"""How far an event may be ahead of its record's own time stamp."""


class Gap(NamedTuple):
    """Time [start, end) in which nothing of a source is dated; from `gone` on it is a day old."""

    start: int
    end: int
    gone: int


class Lateness:
    """Which events come too late: a running maximum per source, and the order of arrival."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._rules = Rules(spec)
        self.marks: dict[str, dict[str, int]] = {}
        self.last_seen: dict[tuple[str, str], int] = {}
        self.dates: dict[tuple[str, str], set[int]] = {}
        self.beats: dict[tuple[str, str], int] = {}
        """The first heartbeat of each source."""

    def admit(self, event: Event, time_ms: int | None = None) -> Reason | None:
        """None: the event is taken; else why it is not, and then it has no effect at all."""
        ts, floor, source = instant(event), floor_of(event), source_of(event)
        if time_ms is not None and ts > time_ms + AHEAD_MS:
            return Reason.ahead
        marks = self.marks.setdefault(floor, {})
        # At first sight, or a day behind, late or not, a source starts where the slowest does.
        slowest = min(self._active(floor), default=ts)
        if marks.get(source) not in self._active(floor):
            marks[source] = max(marks.get(source, slowest), slowest)
        own = marks[source]
        limits = self._spec.windows
        if ts < own - limits.grace_ms:
            return Reason.late_grace
        if ts < max(marks.values()) - limits.horizon_ms:
            return Reason.late_horizon
        if ts < self.sealed(floor):
            return Reason.late_sealed
        marks[source] = max(own, ts)
        key = (floor, source)
        seen = ts if time_ms is None else time_ms
        self.last_seen[key] = max(self.last_seen.get(key, seen), seen)
        self.dates.setdefault(key, set()).add(ts)
        if event["type"] == "heartbeat":
            self.beats[key] = min(self.beats.get(key, ts), ts)
        return None

    def _active(self, floor: str) -> list[int]:
        marks = self.marks[floor].values()
        return [mark for mark in marks if max(marks) - mark <= DAY_MS]

    def sealed(self, floor: str) -> int:
        """Before what a floor of which something is known is sealed."""
        marks, limits = self.marks[floor].values(), self._spec.windows
        reach = max(min(self._active(floor)) - limits.grace_ms, max(marks) - limits.seal_ms)
        zone = self._rules.zone_of_hours(floor)
        return clock.hour_start(zone, reach // MINUTE_MS * MINUTE_MS)

    def heard(self, floor: str) -> int:
        """The latest instant at which a source of a floor was heard."""
        if self._spec.event_clock:
            return max(self.marks[floor].values())
        return max(at for (where, _), at in self.last_seen.items() if where == floor)

    def silent(self, floor: str, source: str, as_of: int) -> bool:
        """Whether nothing was heard of a source for three heartbeats."""
        heartbeat = self._rules.source(source).heartbeat_ms
        if heartbeat is None or (floor, source) not in self.beats:
            return False
        if self._spec.event_clock:
            return as_of > max(self.dates[floor, source]) + 3 * heartbeat
        return as_of > self.last_seen[floor, source] + 3 * heartbeat

    def gaps(self, floor: str, source: str, as_of: int) -> list[Gap]:
        """The gaps of a source, an open one at the end."""
        key, heartbeat = (floor, source), self._rules.source(source).heartbeat_ms
        dates = sorted(self.dates[key])
        found = [
            Gap(x, y, x + DAY_MS)
            for x, y in pairwise(dates)
            if heartbeat is not None and y - x > 3 * heartbeat and x >= self.beats.get(key, y)
        ]
        gone = dates[-1] + DAY_MS
        if self.silent(floor, source, as_of):
            found.append(Gap(dates[-1], 2**62, gone))
        elif as_of > gone:
            found.append(Gap(gone, 2**62, gone))
        return found
