"""Applies events, and reads each hour of a floor as of the event that seals it.

A batch is admitted event by event; then it is applied in turns: of each floor first the events
before the one that seals an hour, then that one and those that follow. So the hour does not depend
on how events are batched. The sealing event itself is not in the hour, but its source has advanced
to its instant. An open interval counts up to the end of the hour, in its state as far as that is
credible. The gaps of sources are those that are known with the sealing event. A source is silent by
the floor's own clock, the latest instant of an event of one of its sources: so the hour is a
function of the stream.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Final

import numpy as np

from stream.arrays import distinct
from stream.events.batch import EventBatch
from stream.events.language import I64, STAFFED, STATE_COUNT, State
from stream.units import MINUTE_MS
from stream.windows.closing.archive import Hour
from stream.windows.drafts import DraftNames
from stream.windows.engine import Engine
from stream.windows.gaps import Gaps
from stream.windows.lateness import Late, LateMasks
from stream.windows.panes import Intervals
from stream.windows.pieces import pieces
from stream.windows.rendering import render
from stream.windows.source_gaps import gaps_after, gaps_at

HOURS_MOST: Final = 3 * 24
"""Hours that one event returns at most. Those of a floor that was silent for longer are left out:
its open states would fill them, whatever they are worth by then."""
_STAFFED = np.isin(np.arange(STATE_COUNT), [int(state) for state in STAFFED])


@dataclass(frozen=True, slots=True)
class _Seal:
    """The state of a floor's sources when an event sealed hours of it."""

    floor: int
    edges: I64
    """The edges of the sealed hours."""
    next_ms: tuple[int, int]
    """[start, end) of the hour that is sealed next."""
    watermarks_ms: tuple[tuple[str, int], ...]
    """By source."""
    gaps: Gaps
    """Of the floor's sources."""


@dataclass(slots=True)
class _Admitted:
    """The outcome of admission for a batch."""

    late: LateMasks
    turn: I64
    """(E,): how many events up to and including each have sealed hours of its floor."""
    seals: list[list[_Seal]]
    """The hours sealed after each turn."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """The outcome of a batch."""

    late: list[Late]
    hours: list[Hour]
    """Sealed by the batch; only where `Spec.archive` asks for them, without those in which nobody
    was staffed and nothing happened."""
    agents: I64
    """Agents with new rows."""


def push(engine: Engine, batch: EventBatch, drafts: DraftNames | None = None) -> Pushed:
    """Apply events. `drafts`: names of the batch that the shard does not have yet."""
    batch = batch if drafts is None else drafts.with_sources(batch)
    admitted, hours = _admit(engine, batch), list[Hour]()
    late = admitted.late
    fine = ~(late.grace | late.horizon | late.sealed)
    if drafts is not None:
        late.finalised[:] = fine & drafts.find_unplaced(batch, engine.timelines.base_ms)
        fine &= ~late.finalised
        batch = drafts.settle(batch, fine)
    engine.follow_names()
    opened = engine.open_minutes(engine.sources.greatest_ms // MINUTE_MS)
    for turn, seals in enumerate(admitted.seals):
        # Until the last turn, rows may follow that are older than the sources' progress by now.
        some = fine & (admitted.turn == turn)
        late.finalised[:] |= engine.apply(batch, some, keep_ms=0)
        hours += (hour for seal in seals for hour in _sealed(engine, seal))
    # Now rows may be dropped, so what is dropped must be divided by all that can be known of it.
    render(engine, gaps_after(engine.sources, engine.rendered))
    rest = fine & (admitted.turn == len(admitted.seals)) if admitted.seals else fine
    late.finalised[:] |= engine.apply(batch, rest, engine.unjudged_ms)
    if opened:
        engine.drop_final()
    agents = [engine.names.seat_agent.data[batch.states.seat], *engine.remade]
    engine.remade.clear()
    return Pushed(late.lates(batch.record), hours, distinct(np.concatenate(agents)))


def _admit(engine: Engine, batch: EventBatch) -> _Admitted:
    """Decide which events are late and which seal hours, event by event in their order."""
    seals, sources = engine.seals, engine.sources
    sources.follow_names()
    crossings = seals.crossings(batch, sources)
    if not crossings:
        return _Admitted(sources.admit(batch, seals.sealed_ms), np.zeros(0, np.int64), [])
    admitted = _Admitted(LateMasks.none(len(batch)), np.zeros(len(batch), np.int64), [])
    floor_of_event = engine.names.source_floor.data[batch.source]
    heapify(crossings)
    start = 0
    while crossings:
        place, floor = heappop(crossings)
        admitted.late.write(
            slice(start, place), sources.admit(batch.cut(start, place), seals.sealed_ms)
        )
        sources.admit(batch.cut(place, place + 1), seals.sealed_ms)  # it is not late
        start = place + 1
        turn = int(admitted.turn[place])
        if turn == len(admitted.seals):
            admitted.seals.append([])
        admitted.seals[turn].append(_seal(engine, floor))
        admitted.turn[place:][floor_of_event[place:] == floor] += 1
        for crossing in seals.crossings(batch, sources, start, floor):
            heappush(crossings, crossing)
    rest = batch.cut(start, len(batch))
    admitted.late.write(slice(start, None), sources.admit(rest, seals.sealed_ms))
    return admitted


def _seal(engine: Engine, floor: int) -> _Seal:
    sources, seals, names = engine.sources, engine.seals, engine.names
    edges = seals.advance(floor, sources)
    watermark_ms = sources.watermark_ms[: len(names.sources)]
    gaps = gaps_at(sources, sources.clock_ms(floor))
    mine = np.flatnonzero((names.source_floor.data == floor) & sources.known[: len(watermark_ms)])
    marks = [(names.sources.keys[at][1], int(watermark_ms[at])) for at in mine.tolist()]
    return _Seal(
        floor,
        edges,
        (int(seals.sealed_ms[floor]), int(seals.next_ms[floor])),
        tuple(sorted(marks)),
        gaps.take(names.source_floor.data[gaps.source] == floor),
    )


def _sealed(engine: Engine, seal: _Seal) -> list[Hour]:
    """Read and close the sealed hours of a floor; returns those with data."""
    hours, sealed = engine.hours, list[Hour]()
    if hours is None:
        return sealed
    others = engine.rendered
    others = others.take(engine.names.source_floor.data[others.source] != seal.floor)
    render(engine, Gaps.joined(others, seal.gaps).in_order())
    seats = np.flatnonzero(engine.floor_of_seat == seal.floor)
    pools = np.flatnonzero(engine.names.pool_floor.data == seal.floor)
    for start_ms, end_ms in pairwise(seal.edges[: HOURS_MOST + 1].tolist()):
        hour = _read(engine, seal, (seats, pools), (start_ms, end_ms))
        if hour.seats or hour.pools:
            sealed.append(hour)
        hours.close(seats, pools)
    hours.start_ms[seal.floor], hours.end_ms[seal.floor] = seal.next_ms
    return sealed


def _read(engine: Engine, seal: _Seal, members: tuple[I64, I64], span_ms: tuple[int, int]) -> Hour:
    names, hours = engine.names, engine.hours
    assert hours is not None
    (seats, pools), (start_ms, end_ms) = members, span_ms
    state_ms = hours.states[seats, 0].astype(np.int64)
    _add_open(engine, seal, seats, state_ms, start_ms, end_ms)
    calls, pool_calls = hours.calls[seats, 0], hours.pools[pools, 0]
    seat_of = [_seat_key(engine, seat) for seat in seats.tolist()]
    kept = state_ms[:, _STAFFED].any(axis=1) | calls.any(axis=1)
    at = np.array(sorted(np.flatnonzero(kept).tolist(), key=seat_of.__getitem__), np.int64)
    pool_of = [names.pools.keys[pool][1] for pool in pools.tolist()]
    called = np.flatnonzero(pool_calls.any(axis=1)).tolist()
    pool_at = np.array(sorted(called, key=pool_of.__getitem__), np.int64)
    return Hour(
        names.floors.keys[seal.floor],
        start_ms,
        end_ms,
        seal.watermarks_ms,
        tuple(seat_of[place] for place in at.tolist()),
        state_ms[at],
        hours.spells[seats[at], 0].astype(np.int64),
        calls[at],
        tuple(pool_of[place] for place in pool_at.tolist()),
        pool_calls[pool_at],
    )


def _seat_key(engine: Engine, seat: int) -> tuple[str, str, str]:
    names = engine.names
    _, agent, team = names.seats.keys[seat]
    return names.pools.keys[names.team_pool.data[names.seat_team.data[seat]]][1], team, agent


def _add_open(
    engine: Engine, seal: _Seal, seats: I64, state_ms: I64, start_ms: int, end_ms: int
) -> None:
    """Add open intervals, and time before first rows, to milliseconds (seats, STATE_COUNT)."""
    agents, held = engine.agents, distinct(engine.names.seat_agent.data[seats])
    place = np.zeros(int(seats.max(initial=0)) + 1, np.int64)
    place[seats] = np.arange(len(seats))
    at = held[agents.last_ms[held] < end_ms]
    whole = Intervals(
        agents.last_ms[at],
        np.full(len(at), end_ms),
        agents.last_seat[at],
        agents.last_state[at],
        np.ones(len(at), np.int64),
    )
    parts = pieces(whole, agents.last_source[at], agents.limit_ms[at], seal.gaps)
    length_ms = np.maximum(0, parts.end_ms - np.maximum(parts.start_ms, start_ms))
    np.add.at(state_ms, (place[parts.seat], parts.state), length_ms)
    first_ms = agents.first_ms[held]
    new = held[(first_ms > start_ms) & (first_ms < end_ms)]
    np.add.at(
        state_ms[:, State.unknown], place[agents.first_seat[new]], agents.first_ms[new] - start_ms
    )
