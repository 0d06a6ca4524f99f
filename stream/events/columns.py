"""Checks a run of typed events and writes them into columns, a column at a time."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stream.arrays import ColumnStore, column
from stream.events import fields
from stream.events.checks import check_bytes, check_floors, check_ids, instants, milliseconds
from stream.events.fields import Fields
from stream.events.language import I64, U8, Bool, Kind, Reason, State
from stream.events.names import Names
from stream.events.parse import Parsed, Unusual
from stream.events.reasons import NO_REASON, reason_number
from stream.events.typed import (
    ABSENT,
    CallEvent,
    Heartbeat,
    QueueEvent,
    SnapshotEvent,
    StateEvent,
)
from stream.roster import is_id


class EventColumns(ColumnStore):
    """Events by place; columns that do not apply to an event's kind keep their default."""

    record: I64 = column(np.int64)
    kept: Bool = column(np.bool_, fill=True)
    kind: U8 = column(np.uint8, Kind.heartbeat)
    ts_ms: I64 = column(np.int64)
    source: I64 = column(np.int64)
    floor: I64 = column(np.int64)
    seat: I64 = column(np.int64, -1)
    state: U8 = column(np.uint8)
    seq: I64 = column(np.int64)
    sync: Bool = column(np.bool_)
    phase: U8 = column(np.uint8)
    by: U8 = column(np.uint8)
    reason: I64 = column(np.int64)
    pool: I64 = column(np.int64)
    pool_given: Bool = column(np.bool_)
    wait_ms: I64 = column(np.int64, -1)
    talk_ms: I64 = column(np.int64, -1)
    hold_ms: I64 = column(np.int64, -1)
    acw_ms: I64 = column(np.int64, -1)
    waiting: I64 = column(np.int64)
    call: npt.NDArray[np.object_] = column(np.object_, "")

    def __init__(self, size: int) -> None:
        super().__init__()
        self.resize(rows=size)
        self.used = 0
        """How many events were written."""
        self.agents: dict[int, list[int]] = {}
        """The agents that snapshots name, by place."""
        self.reasons: dict[int, str] = {}
        """The texts of reasons by their numbers."""

    def reserve(self, record: I64) -> int:
        """Reserve the next places for the events of these records; returns the first of them."""
        first, self.used = self.used, self.used + len(record)
        self.resize(rows=self.used)
        self.record[first : self.used] = record
        return first

    def write(self, index: int, one: Fields, names: Names) -> None:
        """Write one event that was read by itself.

        Raises:
            InvalidEvent: its floor does not belong to the partition that it came from.
        """
        if stray := names.stray(one.floor):
            fields.refuse(Reason.misrouted, stray)
        self.kind[index] = one.kind
        self.ts_ms[index] = one.ts_ms
        self.source[index] = names.source(one.floor, one.source)
        self.floor[index] = names.floors.number(one.floor)
        if one.agent is not None and one.kind in (Kind.state, Kind.call):
            self.seat[index] = names.seat(one.floor, one.agent, one.team, one.ts_ms)
        if one.kind in (Kind.call, Kind.queue):
            self.pool_given[index] = one.pool is not None
            self.pool[index] = (
                names.pool(one.floor, one.pool or fields.DEFAULT_POOL)
                if one.pool is not None or one.kind == Kind.queue
                else _default_pool(names, one.floor, int(self.seat[index]))
            )
        if one.kind == Kind.snapshot:
            self.agents[index] = [names.agent(one.floor, agent) for agent in one.agents]
        self.state[index] = max(one.state, 0)
        self.phase[index] = max(one.phase, 0)
        self.call[index] = one.call or ""
        self.write_reasons(np.array([index]), [one])
        for name in ("seq", "sync", "by", "wait_ms", "talk_ms", "hold_ms", "acw_ms", "waiting"):
            getattr(self, name)[index] = getattr(one, name)

    def write_reasons(self, at: I64, events: Sequence[Any]) -> None:
        """Write the reasons of some events, most of which have none."""
        numbers = {text: reason_number(text) for text in {one.reason for one in events} if text}
        self.reasons.update(zip(numbers.values(), numbers, strict=True))
        self.reason[at] = [numbers.get(one.reason, NO_REASON) for one in events] if numbers else 0


def fill(table: EventColumns, first: int, parsed: Parsed, names: Names) -> None:
    """Check what the types cannot, and write the events from the place `first` on.

    Raises:
        Unusual: a value that `fields.read` may refuse, or that it must look at.
    """
    events = parsed.events
    if not parsed.is_plain:
        check_bytes(events)
        check_ids([one.call for one in events if one.call])
        if names.has_invalid:
            for name in ("floor", "source", "agent", "team", "pool"):
                check_ids([text for one in events if (text := getattr(one, name))])
    ts_ms = instants([one.ts for one in events])
    floors = [one.floor for one in events]
    sources = [one.source or one.floor for one in events]
    source = _numbers(names, names.sources.get, names.source, floors, sources)
    run = slice(first, first + len(events))
    table.ts_ms[run], table.source[run] = ts_ms, source
    table.floor[run] = names.source_floor.data[source]
    kind = np.array([_KIND_OF[type(one)] for one in events], np.uint8)
    table.kind[run] = kind
    for of, write in _WRITERS.items():
        at = np.flatnonzero(kind == of)
        if len(at):
            places = at.tolist()
            some = list(map(events.__getitem__, places))
            write(table, at + first, some, list(map(floors.__getitem__, places)), ts_ms[at], names)


def _write_states(
    table: EventColumns, at: I64, events: Sequence[Any], floors: list[str], ts_ms: I64, names: Names
) -> None:
    table.seq[at] = [one.seq for one in events]
    table.state[at] = [fields.STATES[one.state] for one in events]
    table.sync[at] = [one.sync for one in events]
    table.write_reasons(at, events)
    rings = np.flatnonzero(table.state[at] == State.ringing)
    table.call[at[rings]] = [events[place].call for place in rings.tolist()]
    table.seat[at] = _seats(names, floors, events, ts_ms)


def _write_calls(
    table: EventColumns, at: I64, events: Sequence[Any], floors: list[str], ts_ms: I64, names: Names
) -> None:
    table.phase[at] = [fields.PHASES[one.phase] for one in events]
    table.call[at] = [one.call for one in events]
    table.by[at] = [fields.ENDED_BY[one.by] for one in events]
    table.write_reasons(at, events)
    table.seat[at] = seat = _seats(names, floors, events, ts_ms)
    table.pool[at], table.pool_given[at] = _pools(names, floors, events, seat)
    table.wait_ms[at] = milliseconds([one.wait_s for one in events])
    table.talk_ms[at] = milliseconds([one.talk_s for one in events])
    table.hold_ms[at] = milliseconds([one.hold_s for one in events])
    table.acw_ms[at] = milliseconds([one.acw_s for one in events])


def _write_queues(
    table: EventColumns, at: I64, events: Sequence[Any], floors: list[str], _: I64, names: Names
) -> None:
    pools = [one.pool for one in events]
    table.pool[at] = _numbers(names, names.pools.get, names.pool, floors, pools)
    table.waiting[at] = [one.waiting for one in events]
    table.wait_ms[at] = milliseconds([one.oldest_wait_s for one in events])


def _write_snapshots(
    table: EventColumns, at: I64, events: Sequence[Any], floors: list[str], _: I64, names: Names
) -> None:
    for place, floor, one in zip(at.tolist(), floors, events, strict=True):
        agents = list(dict.fromkeys(one.agents))
        check_ids(agents)
        table.agents[place] = [names.agent(floor, agent) for agent in agents]


_WRITERS = {
    Kind.state: _write_states,
    Kind.call: _write_calls,
    Kind.queue: _write_queues,
    Kind.snapshot: _write_snapshots,
}
_KIND_OF = {
    StateEvent: Kind.state.value,
    CallEvent: Kind.call.value,
    QueueEvent: Kind.queue.value,
    Heartbeat: Kind.heartbeat.value,
    SnapshotEvent: Kind.snapshot.value,
}


def _numbers(
    names: Names,
    get: Callable[[tuple[str, str]], int | None],
    number: Callable[[str, str], int],
    floors: list[str],
    given: list[str],
) -> I64:
    """Numbers of (floor, name) pairs; new ones are checked, then numbered.

    If all are known, none of their floors is misrouted.
    """
    found = list(map(get, zip(floors, given, strict=True)))
    if None in found:
        check_floors(names, floors)
        check_ids(floors)
        check_ids(given)
        found = [number(floor, name) for floor, name in zip(floors, given, strict=True)]
    return np.array(found, np.int64)


def _pools(names: Names, floors: list[str], events: Sequence[Any], seat: I64) -> tuple[I64, Bool]:
    """The pool of each call event, and whether the event names it."""
    texts = [one.pool for one in events]
    if ABSENT not in texts:
        pool = _numbers(names, names.pools.get, names.pool, floors, texts)
        return pool, np.ones(len(texts), np.bool_)
    given = np.array([text != ABSENT for text in texts])
    pool = np.empty(len(texts), np.int64)
    at = np.flatnonzero(given).tolist()
    some, where = [texts[index] for index in at], [floors[index] for index in at]
    pool[at] = _numbers(names, names.pools.get, names.pool, where, some)
    for index in np.flatnonzero(~given).tolist():
        pool[index] = _default_pool(names, floors[index], int(seat[index]))
    return pool, given


def _default_pool(names: Names, floor: str, seat: int) -> int:
    """The pool of an event that names none: that of its agent's team, else the default."""
    if seat < 0:
        return names.pool(floor, fields.DEFAULT_POOL)
    return int(names.team_pool.data[names.seat_team.data[seat]])


def _seats(names: Names, floors: list[str], events: Sequence[Any], ts_ms: I64) -> I64:
    """The seat of each event; -1 if it names no agent."""
    texts = [f"{floor}\n{one.agent}\n{one.team}" for floor, one in zip(floors, events, strict=True)]
    found = list(map(names.seat_of_text.get, texts))
    if None in found:
        unknown = [index for index, known in enumerate(found) if known is None]
        keys = [(floors[index], events[index].agent, events[index].team) for index in unknown]
        _add_seats(names, keys)
        for index, key in zip(unknown, keys, strict=True):
            known = names.seats.get(key)
            seat = _seat(names, *key, int(ts_ms[index])) if known is None else known
            found[index] = seat
            if _is_of_text(names, key, seat):
                names.seat_of_text[texts[index]] = seat
    return np.array(found, np.int64)


def _add_seats(names: Names, keys: Iterable[tuple[str, str, str]]) -> None:
    """Assign numbers to those that are new and named in full."""
    known = names.seats.number_of
    new = list(dict.fromkeys(key for key in keys if ABSENT not in key and key not in known))
    check_ids([name for _, agent, team in new for name in (agent, team)])
    names.add_seats(new)


def _is_of_text(names: Names, key: tuple[str, str, str], seat: int) -> bool:
    """Whether all events that give these names have this seat, whatever their time."""
    floor, agent, team = key
    return agent == ABSENT or team != ABSENT or names.fixed_seats.get((floor, agent)) == seat


def _seat(names: Names, floor: str, agent: str, team: str, ts_ms: int) -> int:
    """The seat of an event that names no agent, or no team."""
    if agent == ABSENT:
        if team != ABSENT:
            raise Unusual
        return -1
    if (fixed := names.fixed_seats.get((floor, agent))) is not None:
        return fixed
    if not is_id(agent):
        raise Unusual
    return names.seat(floor, agent, None, ts_ms)
