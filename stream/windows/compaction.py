"""Compaction: an engine with the names that stay, numbered anew, and all that is known of them.

It is made as one is restored from a snapshot: of the parts that would be stored those rows are
taken that stay, and the numbers in them replaced. So what a snapshot leaves out, a compaction
leaves out, and what is restored right is compacted right.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from stream.arrays import BLOCK_BITS, firsts
from stream.events.language import I64, State
from stream.events.names import Names
from stream.units import NEVER_MS
from stream.windows import snapshot
from stream.windows.calls import stored_calls
from stream.windows.calls.minute_sums import MinuteSums
from stream.windows.engine import Engine
from stream.windows.forgetting import FORGOTTEN_AFTER_MS, Left, rows_that_stay
from stream.windows.packing import Pieces
from stream.windows.timeline import COLUMNS, Rows

_BY_SOURCE: Final = ("watermark_ms", "seen_ms", "known", "last_ms", "first_heartbeat_ms")
_NOT_STORED: Final = ("has_counted", "broker_ms")
"""Columns of sources that begin anew with a restart, which this is not."""


def compacted(engine: Engine, left: Left) -> Engine:
    """A new engine with the names that stay; the old one is of no further use."""
    names = Names(engine.names.roster)
    names.route, names.has_all_floors = engine.names.route, engine.names.has_all_floors
    new, parts = Engine(names, engine.spec), _Parts(engine, left)
    snapshot.fill(new, parts.names(), parts.read)
    new.jumps = engine.jumps
    new.unjudged_ms = engine.unjudged_ms
    for name in _NOT_STORED:
        kept = getattr(engine.sources, name)[left.sources]
        getattr(new.sources, name)[: len(kept)] = kept
    if engine.spec.seat_calls:
        _take_seat_calls(engine.counting.seats, new.counting.seats, parts, left.seats)
    return new


def new_numbers(size: int, kept: I64) -> I64:
    """(size + 1,): the new number of each of `size` names; -1: it does not stay. That of -1 is -1.

    kept: the old numbers in their new order.
    """
    numbers = np.full(size + 1, -1)
    numbers[kept] = np.arange(len(kept))
    return numbers


class _Parts:
    """The parts of a snapshot of an engine, reduced to the names that stay."""

    def __init__(self, engine: Engine, left: Left) -> None:
        names = engine.names
        self._engine = engine
        self._left = left
        self._source = new_numbers(len(names.sources), left.sources)
        self._pool = new_numbers(len(names.pools), left.pools)
        self._team = new_numbers(len(names.teams), left.teams)
        self._agent = new_numbers(len(names.agents), left.agents)
        self.seat = new_numbers(len(names.seats), left.seats)

    def names(self) -> Pieces:
        """As of `Names.to_lists`."""
        lists = self._engine.names.to_lists()
        return {
            kind: [keys[number] for number in getattr(self._left, kind).tolist()]
            for kind, keys in lists.items()
        }

    def read(self, name: str) -> Pieces:
        """A part by its name, without format."""
        kind, _, number = name.partition("/")
        some = slice(int(number) << BLOCK_BITS, (int(number) + 1) << BLOCK_BITS) if number else None
        match kind:
            case "head":
                return self._head()
            case "agents":
                return self._agents(self._left.agents[some])
            case "seats":
                return snapshot.seats_of(self._engine, self._left.seats[some])
            case "tallies":
                return self._tallies()
            case _:
                return self._calls()

    def _head(self) -> Pieces:
        head, left = snapshot.head_of(self._engine), self._left
        head["seat_heard"] = head["seat_heard"][left.seats]
        head["pool_heard"] = head["pool_heard"][left.pools]
        for name in _BY_SOURCE:
            head[name] = head[name][left.sources]
        for name, row in (("silences", 0), ("pauses", 0), ("rendered", 0), ("agent_snapshots", 1)):
            head[name] = _renumbered(head[name], {row: self._source})
        head["agent_snapshots"] = self._snapshots(head["agent_snapshots"])
        head["call_sources"] = _renumbered(head["call_sources"], {0: self._pool, 1: self._source})
        head["gauges"] = list(self._gauges(head["gauges"]))
        return head

    def _snapshots(self, held: I64) -> I64:
        """Those that may make anew what rows and seats say that stay."""
        floor = self._engine.names.source_floor.data[self._left.sources[held[1]]]
        recent = held[0] >= self._engine.seals.sealed_ms[floor] - FORGOTTEN_AFTER_MS
        return _renumbered(held[:, recent], {2: self._agent})

    def _gauges(self, stored: list[Any]) -> Iterator[tuple[int, list[tuple[int, ...]]]]:
        for pool, readings in stored:
            kept = [
                (*reading, int(self._source[source]))
                for *reading, source in readings
                if source < 0 or self._source[source] >= 0  # the others have expired long ago
            ]
            if kept and self._pool[pool] >= 0:
                yield int(self._pool[pool]), kept

    def _agents(self, at: I64) -> Pieces:
        pieces = snapshot.agents_of(self._engine, at)
        self._drop_rows(pieces, at)
        has_rows = pieces["last_ms"] < NEVER_MS
        for name, numbers in (
            ("row_seat", self.seat), ("row_source", self._source),
        ):  # fmt: skip
            pieces[name] = numbers[pieces[name]].astype(np.int32)
        for name, numbers in (
            ("last_seat", self.seat), ("last_source", self._source), ("first_seat", self.seat),
        ):  # fmt: skip
            pieces[name] = np.where(has_rows, numbers[pieces[name]], 0)
        lost = pieces["first_seat"] < 0  # whose first state is older than any window
        pieces["first_seat"][lost] = pieces["last_seat"][lost]
        return pieces

    def _drop_rows(self, pieces: Pieces, at: I64) -> None:
        """Drop the rows that no event can change any more, and those in seats that do not stay.

        The time that these opened goes with the seat. Of a source that does not stay only the
        oldest row can be left, and what that opened is `offline` by now.
        """
        place = np.repeat(np.arange(len(at)), pieces["size"])
        rows = Rows(*(pieces[f"row_{name}"] for name in COLUMNS))
        stays = rows_that_stay(self._engine, rows, at[place])
        base = np.flatnonzero(stays)[firsts(place[stays])]  # of each agent
        base = base[np.isin(place[base], place[~stays])]
        pieces["base_ms"][place[base]] = rows.ts_ms[base]
        stays &= self.seat[rows.seat] >= 0
        pieces["whole"][place[~stays]] = False
        pieces["size"] = np.bincount(place[stays], minlength=len(at))
        for name in COLUMNS:
            pieces[f"row_{name}"] = pieces[f"row_{name}"][stays]
        old = np.flatnonzero(self._source[pieces["row_source"]] < 0)
        pieces["row_state"][old], pieces["row_limit_ms"][old] = State.offline, NEVER_MS
        pieces["row_source"][old] = pieces["last_source"][place[stays][old]]

    def _tallies(self) -> Pieces:
        pieces, left = snapshot.tallies_of(self._engine), self._left
        for name, kept, numbers in (
            ("team", left.teams, self._team), ("pool", left.pools, self._pool),
        ):  # fmt: skip
            pieces[f"{name}_minutes"] = pieces[f"{name}_minutes"][kept]
            pieces[f"{name}_head"] = pieces[f"{name}_head"][kept]
            keys = [(int(numbers[row]), start_ms) for row, start_ms in pieces[f"{name}_keys"]]
            stays = np.array([row >= 0 for row, _ in keys], np.bool_)
            pieces[f"{name}_keys"] = [key for key in keys if key[0] >= 0]
            pieces[f"{name}_sums"] = pieces[f"{name}_sums"][stays]
        for name in ("pool_rows", "pool_used_ms", "pool_hours"):
            if name in pieces:
                pieces[name] = pieces[name][left.pools]
        pieces["seat_rows"] = pieces["seat_rows"][left.seats]
        return pieces

    def _calls(self) -> Pieces:
        pieces = stored_calls.to_pieces(self._engine.counting.calls)
        spans = [f"past/{span}/" for span in pieces["past"]]
        for name, numbers in (
            ("fact_source", self._source), ("fact_pool", self._pool), ("fact_seat", self.seat),
            *((f"{span}floor_or_pool", self._pool) for span in spans),
            *((f"{span}seat", self.seat) for span in spans),
        ):  # fmt: skip
            held = pieces[name]
            pieces[name] = np.where(held < 0, held, numbers[held]).astype(held.dtype)
        return pieces


def _renumbered(table: I64, numbers: dict[int, I64]) -> I64:
    """Columns of a table (rows, N) with new numbers in some rows, without those that are gone."""
    table = table.copy()
    for row, new in numbers.items():
        known = table[row] >= 0
        table[row, known] = new[table[row, known]]
        table = table[:, ~known | (table[row] >= 0)]
    return table


def _take_seat_calls(old: MinuteSums, new: MinuteSums, parts: _Parts, kept: I64) -> None:
    """Take over the sums by seat, which no snapshot has."""
    new.minutes[: len(kept)], new.head[: len(kept)] = old.minutes[kept], old.head[kept]
    held = [
        ((int(parts.seat[row]), start_ms), place)
        for (row, start_ms), place in old.periods.items()
        if parts.seat[row] >= 0
    ]
    new.replace_periods([key for key, _ in held], old.sums[np.array([at for _, at in held], int)])
