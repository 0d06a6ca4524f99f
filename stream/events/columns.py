"""Checking events that have the same fields, a column at a time."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from stream.events import fields
from stream.events.fields import Fields
from stream.events.language import I64, Kind, Reason
from stream.events.names import Names
from stream.roster import ID_BYTES_MOST, NOT_IN_IDS
from stream.units import EARLIEST_MS, LATEST_MS

Cells = dict[str, tuple[Any, ...]]


class Unusual(Exception):
    """Something in a group needs a closer look; says nothing about right or wrong."""


class Table:
    """Room for `size` events; columns that do not apply to a kind keep their default."""

    def __init__(self, size: int) -> None:
        self.kept = np.ones(size, np.bool_)
        self.kind = np.zeros(size, np.uint8)
        self.ts_ms = np.zeros(size, np.int64)
        self.source = np.zeros(size, np.int64)
        self.floor = np.zeros(size, np.int64)
        self.seat = np.full(size, -1, np.int64)
        self.state = np.zeros(size, np.uint8)
        self.seq = np.zeros(size, np.int64)
        self.sync = np.zeros(size, np.bool_)
        self.phase = np.zeros(size, np.uint8)
        self.pool = np.zeros(size, np.int64)
        self.wait_ms = np.full(size, -1, np.int64)
        self.talk_ms = np.full(size, -1, np.int64)
        self.hold_ms = np.full(size, -1, np.int64)
        self.acw_ms = np.full(size, -1, np.int64)
        self.waiting = np.zeros(size, np.int64)
        self.call = [""] * size

    def put(self, index: int, one: Fields, names: Names) -> None:
        """Enter one event that was read by itself.

        Raises:
            Refused: its floor does not belong to the partition that it came from.
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
            self.pool[index] = names.pool(one.floor, one.pool)
        self.state[index] = max(one.state, 0)
        self.phase[index] = max(one.phase, 0)
        self.call[index] = one.call or ""
        for name in ("seq", "sync", "wait_ms", "talk_ms", "hold_ms", "acw_ms", "waiting"):
            getattr(self, name)[index] = getattr(one, name)


def fill(table: Table, at: I64, cells: Cells, count: int, names: Names) -> None:
    """Check the columns of a group and enter its events at the places `at`.

    Raises:
        Unusual: a value that `fields.read` may refuse, or that needs its care.
    """
    kind = _kind(cells)
    _check_extras(cells)
    ts_ms = _instants(cells.get("ts"))
    floors = cells.get("floor") or (fields.DEFAULT_FLOOR,) * count
    sources = cells.get("source") or floors
    _check_floors(names, floors)
    source = _numbers(names.sources.get, names.source, floors, sources)
    if kind == Kind.state:
        _fill_states(table, at, cells)
    elif kind == Kind.call:
        _fill_calls(table, at, cells)
    elif kind == Kind.queue:
        table.waiting[at] = _integers(cells.get("waiting"), fields.MOST_WAITING)
    if "agent" in cells:
        table.seat[at] = _seats(names, floors, cells["agent"], cells.get("team"), ts_ms)
    if kind in (Kind.call, Kind.queue):
        pools = cells.get("pool") or (fields.DEFAULT_POOL,) * count
        table.pool[at] = _numbers(names.pools.get, names.pool, floors, pools)
    wait = "oldest_wait_s" if kind == Kind.queue else "wait_s"
    for name, column in (
        (wait, table.wait_ms),
        ("talk_s", table.talk_ms),
        ("hold_s", table.hold_ms),
        ("acw_s", table.acw_ms),
    ):
        if name in cells:
            column[at] = _milliseconds(cells[name])
    if "seq" in cells:
        table.seq[at] = _integers(cells["seq"], fields.MOST_SEQ)
    table.kind[at], table.ts_ms[at], table.source[at] = kind, ts_ms, source
    table.floor[at] = names.source_floor.data[source]


def _fill_states(table: Table, at: I64, cells: Cells) -> None:
    if "agent" not in cells:
        raise Unusual
    table.state[at] = _enum(cells.get("state"), fields.STATES)
    if "sync" in cells:
        table.sync[at] = cells["sync"]


def _fill_calls(table: Table, at: I64, cells: Cells) -> None:
    table.phase[at] = _enum(cells.get("phase"), fields.PHASES)
    for index, call in zip(at.tolist(), _ids(cells.get("call")), strict=True):
        table.call[index] = call


def _check_floors(names: Names, floors: tuple[Any, ...]) -> None:
    try:
        if any(map(names.stray, set(_texts(floors)))):
            raise Unusual
    except UnicodeEncodeError:
        raise Unusual from None


def _kind(cells: Cells) -> int:
    types = cells.get("type")
    if types is None or types.count(types[0]) != len(types) or not isinstance(types[0], str):
        raise Unusual
    kind = fields.KINDS.get(types[0])
    if kind is None or (kind != Kind.call and "call" in cells and not _ids(cells["call"])):
        raise Unusual
    named = {"state": Kind.state, "phase": Kind.call, "waiting": Kind.queue}
    strange = kind != Kind.state and ("sync" in cells or (kind != Kind.call and "agent" in cells))
    if strange or any(name in cells and kind != of for name, of in named.items()):
        raise Unusual
    if (kind == Kind.queue and "wait_s" in cells) or (
        kind != Kind.queue and "oldest_wait_s" in cells
    ):
        raise Unusual
    if ("team" in cells and "agent" not in cells) or (
        "pool" in cells and kind not in (Kind.call, Kind.queue)
    ):
        raise Unusual
    return kind


def _check_extras(cells: Cells) -> None:
    """Fields that are checked and not used yet."""
    for name, limit in fields.TEXTS.items():
        if name in cells and max(map(len, _texts(cells[name]))) * 4 > limit:
            for text in set(cells[name]):
                if len(text.encode(errors="replace")) > limit:
                    raise Unusual
    for name, allowed in fields.ENUMS.items():
        if name in cells and not set(_texts(cells[name])) <= set(allowed):
            raise Unusual
    if "sync" in cells and set(map(type, cells["sync"])) != {bool}:
        raise Unusual


def _texts(cells: tuple[Any, ...]) -> tuple[str, ...]:
    if set(map(type, cells)) != {str}:
        raise Unusual
    return cells


def _ids(cells: tuple[Any, ...] | None) -> tuple[str, ...]:
    if cells is None:
        raise Unusual
    texts = _texts(cells)
    lengths = list(map(len, texts))
    if min(lengths) == 0 or NOT_IN_IDS.search("".join(texts)):
        raise Unusual
    if (
        max(lengths) * 4 > ID_BYTES_MOST
        and max(len(text.encode()) for text in texts) > ID_BYTES_MOST
    ):
        raise Unusual
    return texts


def _instants(cells: tuple[Any, ...] | None) -> I64:
    if cells is None:
        raise Unusual
    types = set(map(type, cells))
    if types == {str}:
        try:
            return np.array(list(map(fields.instant_ms, cells)), np.int64)
        except fields.Refused:
            raise Unusual from None
    if types != {int}:
        raise Unusual
    return _within(cells, EARLIEST_MS, LATEST_MS - 1)


def _within(cells: Sequence[int], least: int, most: int) -> I64:
    try:
        values = np.array(cells, np.int64)
    except OverflowError:
        raise Unusual from None
    if values.min() < least or values.max() > most:
        raise Unusual
    return values


def _integers(cells: tuple[Any, ...] | None, most: int) -> I64:
    if cells is None or set(map(type, cells)) != {int}:
        raise Unusual
    return _within(cells, 0, most)


def _milliseconds(cells: tuple[Any, ...]) -> I64:
    if not set(map(type, cells)) <= {int, float}:
        raise Unusual
    try:
        with np.errstate(over="ignore"):
            values = np.array(cells, np.float64) * 1_000
    except OverflowError:
        raise Unusual from None
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= fields.LONGEST_MS):
        raise Unusual
    return np.rint(values).astype(np.int64)


def _enum(cells: tuple[Any, ...] | None, allowed: dict[str, int]) -> I64:
    if cells is None:
        raise Unusual
    try:
        return np.array(list(map(allowed.__getitem__, cells)), np.int64)
    except (KeyError, TypeError):
        raise Unusual from None


def _numbers(
    get: Callable[[tuple[str, str]], int | None],
    number: Callable[[str, str], int],
    floors: tuple[Any, ...],
    given: tuple[Any, ...],
) -> I64:
    """Numbers of (floor, name) pairs; those that are new are checked, then numbered."""
    try:
        found = list(map(get, zip(floors, given, strict=True)))
    except TypeError:
        raise Unusual from None
    if None in found:
        _ids(floors)
        _ids(given)
        found = [number(floor, name) for floor, name in zip(floors, given, strict=True)]
    return np.array(found, np.int64)


def _seats(
    names: Names,
    floors: tuple[Any, ...],
    agents: tuple[Any, ...],
    teams: tuple[Any, ...] | None,
    ts_ms: I64,
) -> I64:
    try:
        if teams is not None:
            found = list(map(names.seats.get, zip(floors, agents, teams, strict=True)))
        else:
            found = list(map(names.fixed_seats.get, zip(floors, agents, strict=True)))
    except TypeError:
        raise Unusual from None
    if None in found:
        _ids(floors)
        _ids(agents)
        wanted = _ids(teams) if teams is not None else (None,) * len(agents)
        found = [
            names.seat(*one) for one in zip(floors, agents, wanted, ts_ms.tolist(), strict=True)
        ]
    return np.array(found, np.int64)
