"""Takes events in, and reads each hour of a floor as it stands at the event that seals it.

A batch is admitted event by event; then it is counted in turns: of each floor first the events
before the one that seals an hour, then that one and what follows. So the hour does not depend on
batches. The event itself is not in the hour, but its source has come as far as it says. An open
interval counts up to the end of the hour, in its state as far as that is credible; what a silent
source left open is credible up to its watermark. Silent is what is silent by the floor's own clock,
the latest instant at which one of its sources was heard: so the hour is a function of the stream.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Final

import numpy as np

from stream.arrays import distinct
from stream.events.batch import EventBatch
from stream.events.language import I64, STAFFED, STATE_COUNT, State
from stream.units import MINUTE_MS, NEVER_MS
from stream.windows.closing.archive import Hour
from stream.windows.engine import Engine
from stream.windows.lateness import Late, LateMasks

HOURS_MOST: Final = 3 * 24
"""Hours that one event seals at the most: of a floor that was not heard of for longer, the rest is
not told. Its open states would fill it, whatever they are worth by then."""
_STAFFED = np.isin(np.arange(STATE_COUNT), [int(state) for state in STAFFED])


@dataclass(frozen=True, slots=True)
class _Seal:
    """What was known when an event sealed hours of a floor."""

    floor: int
    edges: I64
    """Of the hours that were sealed."""
    next_ms: tuple[int, int]
    """[start, end) of the hour to be sealed next."""
    watermarks_ms: tuple[tuple[str, int], ...]
    """By source."""
    believed_ms: I64
    """(sources,): up to when open states are credible; NEVER_MS but for silent sources."""


@dataclass(slots=True)
class _Admitted:
    """What became of a batch."""

    refused: LateMasks
    turn: I64
    """(E,): how many events before it, or itself, have sealed hours of its floor."""
    seals: list[list[_Seal]]
    """What is sealed after each turn."""


def push(engine: Engine, batch: EventBatch) -> tuple[list[Late], list[Hour]]:
    """Take events in; returns those that are too late, and the hours that were sealed.

    Hours are told only where `Spec.archive` asks for them, without those in which nobody was
    staffed and nothing happened.
    """
    admitted, hours = _admit(engine, batch), list[Hour]()
    refused = admitted.refused
    engine.follow_names()
    opened = engine.open_minutes(engine.sources.greatest_ms // MINUTE_MS)
    fine = ~(refused.grace | refused.horizon | refused.sealed)
    for turn, seals in enumerate(admitted.seals):
        # Until the last turn has come, rows may follow that are older than the sources are by now.
        some = fine & (admitted.turn == turn)
        refused.finalised[:] |= engine.take_in(batch, some, keep_ms=0)
        hours += (hour for seal in seals for hour in _sealed(engine, seal))
    rest = fine & (admitted.turn == len(admitted.seals)) if admitted.seals else fine
    refused.finalised[:] |= engine.take_in(batch, rest, engine.unjudged_ms)
    if opened:
        engine.forget()
    return refused.lates(batch.record), hours


def _admit(engine: Engine, batch: EventBatch) -> _Admitted:
    """Judge lateness, and find what seals hours, event by event in their order."""
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
        admitted.refused.put(start, sources.admit(batch.cut(start, place), seals.sealed_ms))
        sources.admit(batch.cut(place, place + 1), seals.sealed_ms)  # it is not late
        start = place + 1
        turn = int(admitted.turn[place])
        if turn == len(admitted.seals):
            admitted.seals.append([])
        admitted.seals[turn].append(_follow(engine, floor))
        admitted.turn[place:][floor_of_event[place:] == floor] += 1
        for again in seals.crossings(batch, sources, start, floor):
            heappush(crossings, again)
    admitted.refused.put(start, sources.admit(batch.cut(start, len(batch)), seals.sealed_ms))
    return admitted


def _follow(engine: Engine, floor: int) -> _Seal:
    sources, seals, names = engine.sources, engine.seals, engine.names
    edges = seals.follow(floor, sources)
    watermark_ms = sources.watermark_ms[: len(names.sources)]
    silent = sources.silent_from_ms() <= sources.clock_ms(floor)
    mine = np.flatnonzero((names.source_floor.data == floor) & sources.known[: len(silent)])
    marks = [(names.sources.keys[at][1], int(watermark_ms[at])) for at in mine.tolist()]
    return _Seal(
        floor,
        edges,
        (int(seals.sealed_ms[floor]), int(seals.next_ms[floor])),
        tuple(sorted(marks)),
        np.where(silent, watermark_ms, NEVER_MS),
    )


def _sealed(engine: Engine, seal: _Seal) -> list[Hour]:
    """The hours of a floor that are worth telling."""
    hours, told = engine.hours, list[Hour]()
    if hours is None:
        return told
    seats = np.flatnonzero(engine.floor_of_seat == seal.floor)
    pools = np.flatnonzero(engine.names.pool_floor.data == seal.floor)
    for start_ms, end_ms in pairwise(seal.edges[: HOURS_MOST + 1].tolist()):
        hour = _read(engine, seal, (seats, pools), (start_ms, end_ms))
        if hour.seats or hour.pools:
            told.append(hour)
        hours.turn(seats, pools)
    hours.start_ms[seal.floor], hours.end_ms[seal.floor] = seal.next_ms
    return told


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
    """Add what closed intervals do not hold to the milliseconds, (seats, STATE_COUNT)."""
    agents, held = engine.agents, distinct(engine.names.seat_agent.data[seats])
    place = np.zeros(int(seats.max(initial=0)) + 1, np.int64)
    place[seats] = np.arange(len(seats))
    at = held[agents.last_ms[held] < end_ms]
    since_ms = np.maximum(agents.last_ms[at], start_ms)
    until_ms = np.minimum(agents.limit_ms[at], seal.believed_ms[agents.last_source[at]])
    known_ms = np.clip(until_ms, since_ms, end_ms) - since_ms
    seat = place[agents.last_seat[at]]
    np.add.at(state_ms, (seat, agents.last_state[at]), known_ms)
    np.add.at(state_ms[:, State.unknown], seat, end_ms - since_ms - known_ms)
    first_ms = agents.first_ms[held]
    new = held[(first_ms > start_ms) & (first_ms < end_ms)]
    np.add.at(
        state_ms[:, State.unknown], place[agents.first_seat[new]], agents.first_ms[new] - start_ms
    )
