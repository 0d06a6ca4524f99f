"""Forgetting: which names of a shard are gone, and when they are dropped.

A name is gone when nothing has used it for 35 days before the oldest hour of its floor that is not
sealed: a seat without a state or call event of its own, an agent without any seat in use whom no
snapshot and not the roster names, a team without seats, a pool without teams, calls and readings,
a source without events. The team and the source of the last state of an agent who is not gone are
in use; so are teams and pools that roster or configuration name. Floors stay.

All that is gone is dropped at once, after an event that sealed hours (and what it released), as
soon as it is a tenth of the shard's sources, pools, teams, agents or seats. So the cost follows the
number of names that come and go, and the outcome is a function of the events in the order of
offsets. `stream.windows.compaction` drops them. Decision 0032, section 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from stream.events.batch import EventBatch
from stream.events.language import I32, I64, Bool
from stream.units import DAY_MS, NEVER_MS
from stream.windows.calls.past_calls import SPAN_MS
from stream.windows.engine import Engine
from stream.windows.last_uses import UNUSED_MS, Estimate
from stream.windows.source_gaps import settled_ms
from stream.windows.sources import UNSEEN_MS
from stream.windows.timeline import Rows

FORGOTTEN_AFTER_MS: Final = 35 * DAY_MS
PART: Final = 10
"""What is gone is dropped when it is this part of all names of a kind: a tenth."""


@dataclass(frozen=True, slots=True)
class InUse:
    """Until when each name was in use, by number."""

    sources: I64
    pools: I64
    teams: I64
    agents: I64
    seats: I64


@dataclass(frozen=True, slots=True)
class Left:
    """The numbers of the names that stay, in the order in which they are numbered anew."""

    sources: I64
    """By floor, so that floors keep their numbers."""
    pools: I64
    teams: I64
    agents: I64
    seats: I64


def may_be_due(engine: Engine, batch: EventBatch) -> bool:
    """Whether names may have to be dropped within a batch; nearly always it is certain that not."""
    floor, uses = engine.names.source_floor.data[batch.source], engine.uses
    if not (_is_beyond_estimate(engine, batch, floor) or _moves_anchors(engine, batch)):
        return False
    known = engine.names.sizes_kept()["floors"]
    uses.estimate = _estimate(engine, batch, floor)
    if _moves_anchors(engine, batch):
        uses.estimate = Estimate.none()
        return True
    beyond = _is_beyond_estimate(engine, batch, floor)
    # Others may take the numbers of floors that are not kept.
    uses.estimate = replace(uses.estimate, start_ms=uses.estimate.start_ms[:known])
    return beyond


def _moves_anchors(engine: Engine, batch: EventBatch) -> bool:
    anchors = engine.uses.estimate.anchors
    if not anchors.any():
        return False
    agent = engine.names.seat_agent.data[batch.states.seat]
    return bool(len(batch.snapshots)) or bool(anchors[agent[agent < len(anchors)]].any())


def _is_beyond_estimate(engine: Engine, batch: EventBatch, floor: I64) -> bool:
    names, estimate = engine.names, engine.uses.estimate
    if len(names.floors) != len(estimate.start_ms):
        return True
    held = [
        hold.latest_ms - int(estimate.start_ms[names.floors.number_of[name]])
        for (name, _), hold in engine.jumps.holds.items()
    ]
    ahead_ms = batch.ts_ms - estimate.start_ms[floor]
    return max([int(ahead_ms.max()), *held]) > estimate.slack_ms


def _estimate(engine: Engine, batch: EventBatch, floor: I64) -> Estimate:
    """For how long nothing can be forgotten, since uses move on and names are added."""
    names = engine.names
    start_ms = np.full(len(names.floors), NEVER_MS)
    np.minimum.at(start_ms, floor, batch.ts_ms)
    engine.sources.resize(floors=len(names.floors))
    greatest_ms = engine.sources.greatest_ms[: len(names.floors)]
    start_ms = np.where(greatest_ms == UNSEEN_MS, start_ms, greatest_ms)
    slack_ms = FORGOTTEN_AFTER_MS - DAY_MS  # a new name is in use a day before its floor or later
    for used_ms, of_name in _kinds(engine, in_use(engine)):
        left_ms = used_ms - start_ms[of_name] + FORGOTTEN_AFTER_MS
        if least := -(-len(left_ms) // PART):
            slack_ms = min(slack_ms, int(np.partition(left_ms, least - 1)[least - 1]))
    return Estimate(start_ms, slack_ms, _anchors(engine, start_ms + slack_ms - FORGOTTEN_AFTER_MS))


def _anchors(engine: Engine, until_ms: I64) -> Bool:
    """(agents,): whose last state is of a seat or source that no event of its own uses for longer.

    until_ms: (floors,).
    """
    names, sizes = engine.names, engine.names.sizes_kept()
    seats = engine.uses.seat_ms[: sizes["seats"]]
    floor_of_seat = names.agent_floor.data[names.seat_agent.data[: len(seats)]]
    sources = engine.sources.watermark_ms[: sizes["sources"]]
    old_seats = seats <= until_ms[floor_of_seat]
    old_sources = sources <= until_ms[names.source_floor.data[: len(sources)]]
    at = np.flatnonzero(engine.agents.last_ms[: sizes["agents"]] < NEVER_MS)
    anchors = np.zeros(sizes["agents"], np.bool_)
    anchors[at] = old_seats[engine.agents.last_seat[at]]
    anchors[at] |= old_sources[engine.agents.last_source[at]]
    return anchors


def _kinds(engine: Engine, used: InUse) -> Iterator[tuple[I64, I64]]:
    """By kind of names: until when each was in use, and its floor."""
    names = engine.names
    yield used.sources, names.source_floor.data[: len(used.sources)]
    yield used.pools, names.pool_floor.data[: len(used.pools)]
    yield used.teams, names.team_floor.data[: len(used.teams)]
    yield used.agents, names.agent_floor.data[: len(used.agents)]
    yield used.seats, names.agent_floor.data[names.seat_agent.data[: len(used.seats)]]


def is_due(engine: Engine) -> bool:
    """Whether names are to be dropped now."""
    return any(map(_is_tenth_gone, _stay(engine, in_use(engine))))


def left_of(engine: Engine) -> Left:
    """The names that stay; control has evaluated up to the sealed hours."""
    engine.drop_final()
    stays = _stay(engine, in_use(engine, referred=True))
    sources, pools, teams, agents, seats = map(np.flatnonzero, stays)
    of_source = engine.names.source_floor.data[sources]
    return Left(sources[np.argsort(of_source, kind="stable")], pools, teams, agents, seats)


def _stay(engine: Engine, used: InUse) -> list[Bool]:
    """Of the names of each kind, which are not gone."""
    before_ms = engine.seals.sealed_ms - FORGOTTEN_AFTER_MS
    return [used_ms >= before_ms[floor] for used_ms, floor in _kinds(engine, used)]


def _is_tenth_gone(stays: Bool) -> bool:
    gone = len(stays) - np.count_nonzero(stays)
    return bool(gone and gone * PART >= len(stays))


def in_use(engine: Engine, *, referred: bool = False) -> InUse:
    """Until when each name was in use.

    referred: also by calls that are held, for which it has to stay some days longer.
    """
    names, uses, sizes = engine.names, engine.uses, engine.names.sizes_kept()
    uses.resize(**{kind: sizes[kind] for kind in ("seats", "agents", "pools")})
    seats, pools = uses.seat_ms[: sizes["seats"]].copy(), uses.pool_ms[: sizes["pools"]].copy()
    sources = engine.sources.watermark_ms[: sizes["sources"]].copy()
    if referred:
        _add_calls(engine, pools, seats, sources)
    agents = uses.agent_ms[: sizes["agents"]].copy()
    _add_seats_of_snapshots(engine, agents, seats)
    np.maximum.at(agents, names.seat_agent.data[: len(seats)], seats)
    if assigned := names.roster.assignments:
        known = names.agents.keys[: len(agents)]
        agents[[agent in assigned for _, agent in known]] = NEVER_MS
    at = np.flatnonzero(engine.agents.last_ms[: len(agents)] < NEVER_MS)
    np.maximum.at(seats, engine.agents.last_seat[at], agents[at])
    np.maximum.at(sources, engine.agents.last_source[at], agents[at])
    teams = np.full(sizes["teams"], UNUSED_MS)
    np.maximum.at(teams, names.seat_team.data[: len(seats)], seats)
    teams[[engine.named.has_team(*key) for key in names.teams.keys[: len(teams)]]] = NEVER_MS
    np.maximum.at(pools, names.team_pool.data[: len(teams)], teams)
    pools[[engine.named.has_pool(*key) for key in names.pools.keys[: len(pools)]]] = NEVER_MS
    return InUse(sources, pools, teams, agents, seats)


def _add_seats_of_snapshots(engine: Engine, agents: I64, seats: I64) -> None:
    """A snapshot uses the seat that an agent whom it names has by the roster, if there is one."""
    names = engine.names
    for agent in np.flatnonzero(agents > UNUSED_MS).tolist():
        (floor, name), ts_ms = names.agents.keys[agent], int(agents[agent])
        seat = names.seats.get((floor, name, names.roster.team_at(name, ts_ms)), len(seats))
        if seat < len(seats):
            seats[seat] = max(int(seats[seat]), ts_ms)


def rows_that_stay(engine: Engine, rows: Rows, agent: I64) -> Bool:
    """(R,): which rows of timelines are not before the last one that no event can change any more.

    rows, agent: (R,) the rows of some agents, one agent after the other, and whose they are. A
    timeline may hold more of them, since it is cut when it gains rows.
    """
    sealed_ms = engine.seals.sealed_ms[: len(engine.names.floors)]
    cut_ms = np.minimum(settled_ms(engine.sources), sealed_ms)
    kept = np.ones(len(rows), np.bool_)
    same = agent[1:] == agent[:-1]
    kept[:-1] = ~same | (rows.ts_ms[1:] >= cut_ms[engine.names.agent_floor.data[agent[1:]]])
    return kept


def _add_calls(engine: Engine, pools: I64, seats: I64, sources: I64) -> None:
    calls = engine.counting.calls
    slots = calls.index.numbers
    row, place = calls.facts.of(slots)
    newest_ms = calls.newest_ms[slots][place]
    _raise(pools, calls.facts.pool[row], newest_ms)
    _raise(seats, calls.facts.seat[row], newest_ms)
    _raise(sources, calls.facts.source[row], newest_ms)
    for span, run in calls.past.runs.items():
        last_ms = span * SPAN_MS + run.last_ms.astype(np.int64)
        _raise(pools, run.floor_or_pool, last_ms)
        _raise(seats, run.seat, last_ms)


def _raise(used_ms: I64, number: I32, ts_ms: I64) -> None:
    """Raise the instants of numbers; those below 0 are none."""
    known = number >= 0
    np.maximum.at(used_ms, number[known], ts_ms[known])
