"""Rows of agents over time: while each row's state is shown, and while it is not credible.

Unlike the figures, which are read at one instant, this gives for each instant what an observer
would have found then: a silence of the source hides the state even if it is over by now.
"""

from dataclasses import dataclass

import numpy as np

from stream.arrays import Columns, union
from stream.events.language import I64, Bool, State
from stream.units import DAY_MS, NEVER_MS
from stream.windows.engine import Engine


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


def silent_stretches(engine: Engine, held: Held, until_ms: int) -> Stretches:
    """Time of rows before until_ms in which their source was silent; stretches may overlap."""
    silent_from = engine.sources.silent_from_ms()
    row = np.flatnonzero(np.minimum(held.next_ms, until_ms) > silent_from[held.source])
    parts = [(row, silent_from[held.source[row]], np.full(len(row), until_ms))]
    for source, start_ms, end_ms in engine.sources.silences.T.tolist():
        row = np.flatnonzero(held.source == source)
        parts.append((row, np.full(len(row), start_ms), np.full(len(row), end_ms)))
    row, start, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    start = np.maximum(start, held.ts_ms[row])
    end = np.minimum(np.minimum(end, held.next_ms[row]), until_ms)
    real = start < end
    return Stretches(row, start, end).take(real)


def divided(held: Held, silent: Stretches, until_ms: int) -> tuple[Stretches, Stretches, Stretches]:
    """Time of rows before until_ms: shown in their state, as `unknown`, and as `offline`."""
    gone = _gone(held, until_ms)
    hidden = _hidden(held, silent, gone, until_ms)
    row = np.flatnonzero(held.ts_ms < until_ms)
    whole = Stretches(row, held.ts_ms[row], np.minimum(held.next_ms[row], until_ms))
    return _without(whole, hidden), _without(hidden, gone), gone


def _hidden(held: Held, silent: Stretches, gone: Stretches, until_ms: int) -> Stretches:
    """Time of rows in which their state is not credible; `offline` always is."""
    is_known = held.state != State.offline
    row = np.flatnonzero(is_known & (held.limit_ms < np.minimum(held.next_ms, until_ms)))
    start_ms = np.maximum(held.limit_ms[row], held.ts_ms[row])
    end_ms = np.minimum(held.next_ms[row], until_ms)
    silent = silent.take(is_known[silent.row])
    return Stretches(
        *union(
            np.concatenate([row, silent.row, gone.row]),
            np.concatenate([start_ms, silent.start_ms, gone.start_ms]),
            np.concatenate([end_ms, silent.end_ms, gone.end_ms]),
        )
    )


def _gone(held: Held, until_ms: int) -> Stretches:
    """Time of rows in which somebody is taken for `offline`, who never logged off."""
    gone_ms = held.limit_ms + DAY_MS
    row = np.flatnonzero(gone_ms < np.minimum(held.next_ms, until_ms))
    row = row[held.state[row] != State.offline]
    return Stretches(row, gone_ms[row], np.minimum(held.next_ms[row], until_ms))


def _without(whole: Stretches, part: Stretches) -> Stretches:
    """What is left of stretches without a part of them; neither may overlap in itself."""
    if not len(part):
        return whole
    # What is left begins where a stretch begins or a part ends, and ends the other way round.
    row = np.concatenate([whole.row, part.row])
    begin_ms = np.concatenate([whole.start_ms, part.end_ms])
    end_ms = np.concatenate([whole.end_ms, part.start_ms])
    begins, ends = np.lexsort((begin_ms, row)), np.lexsort((end_ms, row))
    row, begin_ms, end_ms = row[begins], begin_ms[begins], end_ms[ends]
    return Stretches(row, begin_ms, end_ms).take(begin_ms < end_ms)
