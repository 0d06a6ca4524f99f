"""Rows of agents over time: while each row's state is shown, and why it is not.

Unlike the figures, which are read at one instant, this gives for each instant what an observer
would have found then: a silence of the source hides the state even if it is over by now.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream.arrays import Columns, union, without
from stream.events.language import I64, Bool, State
from stream.units import DAY_MS, NEVER_MS
from stream.windows.engine import Engine
from stream.windows.source_gaps import silent_or_retired_ms
from stream.windows.sources import Sources


@dataclass(frozen=True, slots=True)
class Held(Columns):
    """Rows of some agents, one agent after the other, in columns of length R."""

    place: I64
    """The agent's place in the requested list."""
    ts_ms: I64
    next_ms: I64
    """The instant of the agent's next row; NEVER_MS for the last one."""
    seat: I64
    state: I64
    source: I64
    limit_ms: I64
    """Until when the state is credible by its own limit."""
    before: I64
    """The state before the run of equal states that contains the row."""
    run_ms: I64
    """When that run began."""
    sync: Bool
    """Whether the row that began it was a gateway's snapshot."""
    call: I64
    """The call that rings, as of `stream.windows.timeline.Rows`."""


@dataclass(frozen=True, slots=True)
class Stretches(Columns):
    """Stretches of time [start_ms, end_ms) of rows, by row, then by start."""

    row: I64
    start_ms: I64
    end_ms: I64

    @classmethod
    def none(cls) -> "Stretches":
        """No stretch."""
        return cls(*np.zeros((3, 0), np.int64))

    def of(self, row: int) -> list[tuple[int, int]]:
        """The stretches of one row: [start, end), in order."""
        mine = self.take(self.row == row)
        return list(zip(mine.start_ms.tolist(), mine.end_ms.tolist(), strict=True))

    def turning_in(self, from_ms: int, until_ms: int) -> I64:
        """The rows of stretches that begin or end in [from_ms, until_ms)."""
        begins = (self.start_ms >= from_ms) & (self.start_ms < until_ms)
        ends = (self.end_ms >= from_ms) & (self.end_ms < until_ms)
        return self.row[begins | ends]


def held_rows(engine: Engine, agents: I64) -> Held:
    """All rows of the agents except those that last no time."""
    rows, size = engine.timelines.of(agents)
    place = np.repeat(np.arange(len(agents)), size)
    same = np.append(place[1:] == place[:-1], False) if len(place) else np.zeros(0, np.bool_)
    next_ms = np.full(len(place), NEVER_MS, np.int64)
    next_ms[:-1][same[:-1]] = rows.ts_ms[1:][same[:-1]]
    real = next_ms > rows.ts_ms
    rows, place, next_ms = rows.take(real), place[real], next_ms[real]
    seat, state = rows.seat.astype(np.int64), rows.state.astype(np.int64)
    source = rows.source.astype(np.int64)
    start, before = _runs(place, seat, state, rows.limit_ms < next_ms)
    return Held(
        place,
        rows.ts_ms,
        next_ms,
        seat,
        state,
        source,
        rows.limit_ms,
        before,
        rows.ts_ms[start],
        rows.sync[start],
        rows.call,
    )


def _runs(place: I64, seat: I64, state: I64, is_broken: Bool) -> tuple[I64, I64]:
    """For each row: where its run of equal states in one seat began, and the state before it."""
    count = len(place)
    new = np.ones(count, np.bool_)
    broken = is_broken[:-1]
    new[1:] = (
        (place[1:] != place[:-1]) | (seat[1:] != seat[:-1]) | (state[1:] != state[:-1]) | broken
    )
    start = np.maximum.accumulate(np.where(new, np.arange(count), 0))
    before = np.full(count, int(State.unknown))
    before[1:] = np.where((place[1:] == place[:-1]) & ~broken, state[:-1], int(State.unknown))
    return start, before[start]


class Division(NamedTuple):
    """Time of rows by what is seen of their agents; no two overlap."""

    shown: Stretches
    """In the state of the row."""
    unknown: Stretches
    """Beyond the limit of that state, until the agent's working day is over."""
    day_over: Stretches
    silent: Stretches
    """Of rows that depend on a silent source."""
    gone: Stretches
    """`offline`: a day beyond the limit, or of rows of a retired source."""


def divided(engine: Engine, held: Held, until_ms: int) -> Division:
    """Divide the time of rows before until_ms. What is `offline` always is shown."""
    silent, retired = _silences(engine.sources, held, until_ms)
    gone = _union(_from(held, held.limit_ms + DAY_MS, until_ms), retired)
    silent = _union(silent, gone)
    over = _union(_from(held, day_ends_ms(engine, held, until_ms), until_ms), silent)
    hidden = _union(_from(held, held.limit_ms, until_ms), over)
    row = np.flatnonzero(held.ts_ms < until_ms)
    whole = Stretches(row, held.ts_ms[row], np.minimum(held.next_ms[row], until_ms))
    return Division(
        _without(whole, hidden),
        _without(hidden, over),
        _without(over, silent),
        _without(silent, gone),
        gone,
    )


def day_ends_ms(engine: Engine, held: Held, until_ms: int) -> I64:
    """(R,): from when on what is beyond its limit is so after the end of the working day.

    NEVER_MS for rows that are not beyond their limit by until_ms.
    """
    sources, out = engine.sources, np.full(len(held), NEVER_MS)
    row = np.flatnonzero(held.limit_ms < np.minimum(held.next_ms, until_ms))
    out[row] = held.limit_ms[row]
    row = row[~sources.ends_with_day[held.source[row], held.state[row]]]
    slack_ms = sources.shift_slack_ms[held.source[row]]
    day_ms = engine.calendars.day_end(held.seat[row], held.ts_ms[row], slack_ms)
    out[row] = np.maximum(out[row], day_ms)
    return out


def retired_ms(sources: Sources) -> I64:
    """(sources,): from when on what each has reported is a day old."""
    return sources.times.last_ms[: len(sources.names.sources)] + DAY_MS


def _silences(sources: Sources, held: Held, until_ms: int) -> tuple[Stretches, Stretches]:
    """Time of rows whose source is silent or retired, and that in which it is retired."""
    over, still = sources.silences, silent_or_retired_ms(sources)
    watched = sources.times.first_heartbeat_ms < NEVER_MS
    told_ms = np.where(watched[over[0]], over[1] - sources.silent_after_ms[over[0]], -NEVER_MS)
    open_of = np.flatnonzero(still < until_ms)
    of = np.concatenate([over[0], open_of])
    start_ms = np.concatenate([over[1], still[open_of]])
    end_ms = np.concatenate([over[2], np.full(len(open_of), until_ms)])
    gone_ms = np.concatenate([told_ms + DAY_MS, retired_ms(sources)[open_of]])
    silent, retired = [Stretches.none()], [Stretches.none()]
    spans = zip(*(one.tolist() for one in (of, start_ms, end_ms, gone_ms)), strict=True)
    for source, start, end, gone in spans:
        mine = np.where(held.source == source, start, NEVER_MS)
        silent.append(_from(held, mine, min(end, until_ms)))
        retired.append(_from(held, np.maximum(mine, gone), min(end, until_ms)))
    return _union(*silent), _union(*retired)


def _from(held: Held, from_ms: I64, until_ms: int) -> Stretches:
    """Time of rows, but of those of `offline`, from an instant of each on."""
    start_ms = np.maximum(from_ms, held.ts_ms)
    end_ms = np.minimum(held.next_ms, until_ms)
    row = np.flatnonzero((start_ms < end_ms) & (held.state != State.offline))
    return Stretches(row, start_ms[row], end_ms[row])


def _union(*parts: Stretches) -> Stretches:
    """All time that is in any of the parts."""
    every = Stretches.joined(*parts)
    return Stretches(*union(every.row, every.start_ms, every.end_ms))


def _without(whole: Stretches, part: Stretches) -> Stretches:
    """What is left of stretches without a part of them; neither may overlap in itself."""
    columns = (whole.row, whole.start_ms, whole.end_ms, part.row, part.start_ms, part.end_ms)
    return Stretches(*without(*columns))
