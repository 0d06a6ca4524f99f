"""Very many agents: the events of one simulated floor, repeated on as many floors as it takes.

Each copy has names, calls and timelines of its own, and all events come in the order of time; so no
source lags. The copies stand on floors of their own, or all of them on one large floor.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stream.events.batch import CallRows, EventBatch, StateRows
from stream.events.decode import decode_objects
from stream.shard import Shard
from stream.simulate.event_writer import Event
from stream.simulate.plan import Habits, Plan, even_floors
from stream.simulate.run import simulate
from stream.spec import Spec
from stream.units import HOUR_MS, MINUTE_MS, SECOND_MS

I64 = npt.NDArray[np.int64]

START_MS = 1_772_445_600_000
"""Monday, 2026-03-02, 10:00 UTC."""
LENGTH_MS = 2 * HOUR_MS
AGENTS_PER_TEAM = 20
SLICE_MS = 10_000
LOAD = 0.72
"""Gives 90 events an agent-hour."""


@dataclass(frozen=True, slots=True)
class Template:
    """Two hours of one floor, decoded once, and the names in the order of their numbers."""

    batch: EventBatch
    seats: list[tuple[str, str]]
    """(agent, team)"""
    source: str
    events: list[Event]


@cache
def template(agents: int) -> Template:
    """The events of one floor, as a shard that knows only that floor sees them."""
    shard = Shard(Spec())
    teams = max(1, agents // AGENTS_PER_TEAM)
    [floor] = even_floors(1, teams, agents, habits=Habits(load=LOAD))
    plan = Plan((floor,), START_MS, START_MS + LENGTH_MS)
    events = [sent.event for sent in simulate(plan)]
    decoded = decode_objects(events, None, shard.names)
    seats = [(agent, team) for _, agent, team in shard.names.seats.keys]
    return Template(decoded.batch, seats, floor.source, events)


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many copies of a floor."""

    one: Template
    copies: int
    on_one_floor: bool = False

    def floor(self, copy: int) -> str:
        """The name of a copy's floor."""
        return f"floor-{0 if self.on_one_floor else copy:04d}"

    def introduce(self, shard: Shard) -> None:
        """Give all names their numbers, as decoding does it: each with strings of its own.

        All are in use from the start on, so that none is forgotten before its first event.
        """
        for copy in range(self.copies):
            shard.names.source(self.floor(copy), self.one.source)
            for agent, team in self.one.seats:
                names = (f"{name}.{copy:04d}" for name in (agent, team))
                shard.names.seat(self.floor(copy), *names, START_MS)
        shard.engine.follow_names()
        shard.engine.uses.seat_ms[: len(shard.names.seats)] = START_MS

    def event(self, event: Event, copy: int) -> Event:
        """An event of the template as that of a copy."""
        renamed = {
            name: f"{event[name]}.{copy:04d}" for name in ("agent", "team", "call") if name in event
        }
        return {**event, **renamed, "floor": self.floor(copy)}

    def slices(
        self, from_ms: int, until_ms: int, every_ms: int = SECOND_MS
    ) -> Iterator[EventBatch]:
        """The events of all copies in a span of time, which counts from the start, in slices."""
        whole = self.one.batch
        edges = np.arange(from_ms, until_ms + 1, every_ms) + START_MS
        for first, end in pairwise(np.searchsorted(whole.ts_ms, edges).tolist()):
            if end > first:
                yield self._spread(_cut(whole, first, end))

    def _spread(self, one: EventBatch) -> EventBatch:
        """The same events on each copy, whose numbers follow each other; in the order of time."""
        copies, apart = self.copies, 0 if self.on_one_floor else 1
        seats = len(self.one.seats)

        def each(column: I64, step: int) -> I64:
            steps = np.tile(np.arange(copies) * step, len(column))
            return np.repeat(column, copies) + steps.astype(column.dtype)

        def events(column: I64) -> I64:
            return each(column * copies, 1)

        states, calls = one.states, one.calls
        new_states = replace(
            StateRows(*(np.repeat(getattr(states, name), copies) for name in StateRows.__slots__)),
            event=events(states.event),
            seat=each(states.seat, seats),
            source=each(states.source, apart),
        )
        kept = [name for name in CallRows.__slots__ if name != "call"]
        columns = {name: np.repeat(getattr(calls, name), copies) for name in kept}
        columns |= {
            "event": events(calls.event),
            "floor": each(calls.floor, apart),
            "pool": each(calls.pool, apart),
            "source": each(calls.source, apart),
            "seat": np.where(columns["seat"] < 0, -1, each(calls.seat, seats)),
        }
        names = [f"{call}.{copy:04d}" for call in calls.call for copy in range(copies)]
        return replace(
            one,
            record=events(one.record),
            ts_ms=np.repeat(one.ts_ms, copies),
            source=each(one.source, apart),
            seen_ms=np.repeat(one.seen_ms, copies),
            place=np.repeat(one.place, copies),
            stamp=np.repeat(one.stamp, copies),
            states=new_states,
            calls=CallRows(call=names, **columns),
        )


def hold(crowd: Crowd, until_ms: int = LENGTH_MS) -> Shard:
    """A shard that has seen that much of a crowd, and has judged each minute."""
    shard = Shard(Spec(event_clock=True))
    crowd.introduce(shard)
    minute = START_MS
    for batch in crowd.slices(0, until_ms, SLICE_MS):
        shard.push(batch)
        if batch.ts_ms[0] >= minute + MINUTE_MS:
            minute += MINUTE_MS
            shard.step(shard.watermark_ms)
    return shard


def _cut(whole: EventBatch, first: int, end: int) -> EventBatch:
    states, calls = whole.states, whole.calls
    s0, s1 = np.searchsorted(states.event, [first, end]).tolist()
    c0, c1 = np.searchsorted(calls.event, [first, end]).tolist()
    cut_states = StateRows(*(getattr(states, name)[s0:s1] for name in StateRows.__slots__))
    cut_calls = CallRows(**{name: getattr(calls, name)[c0:c1] for name in CallRows.__slots__})
    return replace(
        whole,
        record=whole.record[first:end] - first,
        ts_ms=whole.ts_ms[first:end],
        source=whole.source[first:end],
        seen_ms=whole.seen_ms[first:end],
        place=whole.place[first:end],
        stamp=whole.stamp[first:end],
        states=replace(cut_states, event=cut_states.event - first),
        calls=replace(cut_calls, event=cut_calls.event - first),
    )
