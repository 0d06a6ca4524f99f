"""Bytes an agent costs: the difference between two processes that hold many and few agents.

As a program: `memory.py AGENTS` drives a shard through two hours of events and prints its resident
set. The events are those of one simulated floor, repeated on as many floors as it takes, in order
of time; so no source lags, and each floor has names, calls and timelines of its own.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stream.events.batch import CallRows, EventBatch, StateRows
from stream.events.decode import decode_objects
from stream.shard import Shard
from stream.simulate.plan import Habits, Plan, even_floors
from stream.simulate.run import simulate
from stream.spec import Spec
from stream.units import HOUR_MS, MINUTE_MS

I64 = npt.NDArray[np.int64]

START_MS = 1_772_445_600_000
AGENTS_PER_FLOOR = 1_000
TEAMS_PER_FLOOR = 50
SLICE_MS = 10_000
LOAD = 0.72
"""Gives 90 events an agent-hour."""


def bytes_per_agent(few: int, many: int) -> float:
    """The difference of two processes' resident sets, by agent."""
    running = [
        subprocess.Popen([sys.executable, __file__, str(agents)], stdout=subprocess.PIPE, text=True)
        for agents in (few, many)
    ]
    told = [process.communicate()[0] for process in running]
    rss = [int(text.split()[-1]) for text in told]
    return (rss[1] - rss[0]) / (many - few)


@dataclass(frozen=True, slots=True)
class Template:
    """Two hours of one floor, decoded once, and the names in the order of their numbers."""

    batch: EventBatch
    seats: list[tuple[str, str]]
    """(agent, team)"""
    source: str


def template(agents: int) -> Template:
    """The events of one floor, as a shard that knows only that floor sees them."""
    shard = Shard(Spec())
    [floor] = even_floors(
        1, max(1, agents * TEAMS_PER_FLOOR // AGENTS_PER_FLOOR), agents, habits=Habits(load=LOAD)
    )
    plan = Plan((floor,), START_MS, START_MS + 2 * HOUR_MS)
    decoded = decode_objects([sent.event for sent in simulate(plan)], None, shard.names)
    seats = [(agent, team) for _, agent, team in shard.names.seats.keys]
    return Template(decoded.batch, seats, floor.source)


def hold(agents: int) -> Shard:
    """A shard that has seen two hours of so many agents."""
    floors = max(1, agents // AGENTS_PER_FLOOR)
    made = template(agents // floors)
    shard = Shard(Spec(event_clock=True))
    for floor in range(floors):
        name = f"floor-{floor:03d}"
        shard.names.source(name, made.source)
        for agent, team in made.seats:
            # As decoding does it, each seat brings strings of its own.
            shard.names.seat(name, f"{agent}.{floor:03d}", f"{team}.{floor:03d}", START_MS)
    minute = START_MS
    for batch in _slices(made, floors):
        shard.push(batch)
        if batch.ts_ms[0] >= minute + MINUTE_MS:
            minute += MINUTE_MS
            shard.step(shard.watermark_ms)
    return shard


def _slices(made: Template, floors: int) -> Iterator[EventBatch]:
    """The events of all floors in slices of time."""
    whole = made.batch
    order = np.searchsorted(whole.ts_ms, np.arange(0, 2 * HOUR_MS, SLICE_MS) + START_MS)
    bounds = [*order.tolist(), len(whole)]
    for first, end in pairwise(bounds):
        if end > first:
            yield _spread(_cut(whole, first, end), len(made.seats), floors)


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
        states=replace(cut_states, event=cut_states.event - first),
        calls=replace(cut_calls, event=cut_calls.event - first),
    )


def _spread(one: EventBatch, seats: int, floors: int) -> EventBatch:
    """The same events on each floor, whose numbers follow each other."""
    size = len(one)

    def each(column: I64, step: int) -> I64:
        steps = np.repeat(np.arange(floors) * step, len(column))
        return np.tile(column, floors) + steps.astype(column.dtype)

    def seat_of(column: I64) -> I64:
        return np.where(np.tile(column, floors) < 0, -1, each(column, seats))

    states, calls = one.states, one.calls
    new_states = replace(
        StateRows(*(np.tile(getattr(states, name), floors) for name in StateRows.__slots__)),
        event=each(states.event, size),
        seat=each(states.seat, seats),
        source=each(states.source, 1),
    )
    columns = {n: np.tile(getattr(calls, n), floors) for n in CallRows.__slots__ if n != "call"}
    columns |= {
        "event": each(calls.event, size),
        "floor": each(calls.floor, 1),
        "pool": each(calls.pool, 1),
        "seat": seat_of(calls.seat),
    }
    names = [f"{call}.{floor}" for floor in range(floors) for call in calls.call]
    return replace(
        one,
        record=each(one.record, size),
        ts_ms=np.tile(one.ts_ms, floors),
        source=each(one.source, 1),
        seen_ms=np.tile(one.seen_ms, floors),
        states=new_states,
        calls=CallRows(call=names, **columns),
    )


def resident_bytes() -> int:
    """The resident set of this process now."""
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    shard = hold(int(sys.argv[1]))
    gc.collect()
    print(f"{len(shard.names.agents)} agents, {shard.counts['accepted']} events,", file=sys.stderr)
    print(resident_bytes())


if __name__ == "__main__":
    main()
