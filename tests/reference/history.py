"""A history: events in order of arrival, and what they are judged by."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import Any

from stream.spec import Spec
from stream.units import rfc3339
from tests.reference.lateness import Event
from tests.reference.naive import RosterLine


@dataclass(frozen=True)
class History:
    """Events in order of arrival with the time stamps that Kafka gave their records."""

    spec: Spec
    roster: tuple[RosterLine, ...]
    events: tuple[Event, ...]
    times_ms: tuple[int, ...]
    """By event; events of one record share its time."""
    records: tuple[int, ...]
    """How many events each record holds, in order."""
    looks: tuple[int, ...]
    """Instants after the last event at which figures are looked at."""
    seed: str = ""
    zone: str = ""
    """Where the floors of a drawn history are."""

    def __repr__(self) -> str:
        lines = [
            f"  {json.dumps({'received': time} | dict(event))}"
            for event, time in zip(self.events, self.times_ms, strict=True)
        ]
        changed = [
            f"{one.name}={getattr(self.spec, one.name)}"
            for one in fields(self.spec)
            if getattr(self.spec, one.name) != getattr(Spec(), one.name)
        ]
        roster = roster_csv(self.roster) if self.roster else "no roster\n"
        head = f"Spec({', '.join(changed)})\n{roster}records {self.records} looks {self.looks}"
        return "\n".join([f"History {self.seed}", head, *lines])

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """What hypothesis prints of a history that fails."""
        printer.text(repr(self))

    def random(self, purpose: str) -> Random:
        """Numbers that belong to this history: where to cut it, how to shuffle it."""
        return Random(f"{self.seed} {purpose}")

    def cuts(self) -> list[int]:
        """Numbers of records at which to stop, in order; the last is that of all records."""
        random, count = self.random("cuts"), len(self.records)
        cuts = {1 + random.randrange(1000) * count // 1000 for _ in range(random.randint(1, 4))}
        return sorted(cuts | {count})

    @cached_property
    def values(self) -> list[bytes]:
        """The records as they lie in Kafka: one object, or an array of several."""
        ends = list(accumulate(self.records))
        return [
            as_record(self.events[end - size : end])
            for end, size in zip(ends, self.records, strict=True)
        ]

    @cached_property
    def record_times(self) -> list[int]:
        """Kafka's time stamp of each record."""
        return [self.times_ms[end - 1] for end in accumulate(self.records)]


def as_record(events: Sequence[Event]) -> bytes:
    """One record that holds these events."""
    return json.dumps(dict(events[0]) if len(events) == 1 else [dict(e) for e in events]).encode()


def roster_csv(lines: Sequence[RosterLine]) -> str:
    """The roster as the file that a user would write."""
    rows = ["agent,team,pool,from,to"]
    for line in lines:
        dates = ["" if t is None else rfc3339(t) for t in (line.start_ms, line.end_ms)]
        rows.append(",".join([line.agent, line.team, line.pool, *dates]))
    return "\n".join(rows) + "\n"
