"""Names that only a batch under way has, and the limits of how many names a shard may have.

Decoding numbers all names of a batch, those of events that are then rejected or late too. Most
often admitted events have all of the new ones and no limit is near: then they stay in `Names`.
Otherwise they are taken out again, and the batch is applied in pieces, in each of which the new
names of admitted events become names of the shard; that takes three times as long. An event that
would exceed a limit is rejected: judged event by event, by the names of the admitted events before
it. So neither the batches nor a restore make a difference, and rejected and late events leave no
names behind.

A piece ends right after the event that takes the last room of a limit, so which limits are reached
is the same for all events of a piece. Events that are late for sure take no room: else each of a
flood of late events with new names would end a piece.

A late event gives the shard its source and floor all the same, which its lateness is judged by.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np

from stream.arrays import distinct
from stream.events.batch import EventBatch
from stream.events.language import I64, Bool, Reason, Rejected
from stream.events.names import Names
from stream.spec import NameLimits
from stream.windows.name_uses import Uses, uses_of_new

_LIMITED: Final = {
    "floors": "floors",
    "sources": "sources",
    "pools": "pools",
    "teams": "teams",
    "seats": "agents",
    "agents": "agents",
}
"""Kinds of names that are limited, and by which limit."""

_GIVEN_BY_LATE_EVENTS: Final = {"floors", "sources"}
IsLate = Callable[[I64, I64], Bool]
"""Of sources of the shard and instants: which events are late, whatever comes before them."""


def is_within(names: Names, limits: NameLimits) -> bool:
    """Whether the names of the shard and of the batch under way are within all limits."""
    sizes = names.sizes()
    return all(sizes[kind] <= getattr(limits, limit) for kind, limit in _LIMITED.items())


class DraftNames:
    """The new names of one batch.

    Args:
        names: of the shard, with those that came with the batch.
        batch: E events, as decoded.
        limits: of the shard.
        is_late: see `IsLate`.
    """

    def __init__(
        self, names: Names, batch: EventBatch, limits: NameLimits, is_late: IsLate
    ) -> None:
        self._names = names
        self._batch = batch
        self._limits = limits
        self._is_late = is_late
        self._first = names.sizes_kept()
        """By kind, the first number of a new name."""
        self._uses = uses_of_new(names, batch, self._first)
        self._is_open = np.ones(len(batch), np.bool_)
        """(E,): events that were not rejected."""
        self.rejected: list[Rejected] = []
        self._is_within = is_within(names, limits)
        self._in_place = True
        if not (self._is_within and self._all_used()):
            self.take_out()

    def _all_used(self) -> bool:
        """Whether some event of the batch has each new name."""
        sizes, first = self._names.sizes(), self._first
        return all(
            np.bincount(self._uses[kind][1], minlength=sizes[kind] - first[kind]).all()
            for kind in _LIMITED
        )

    def take_out(self) -> None:
        """Take the new names out of the shard, so that each comes with an event that counts."""
        names = self._names
        if not self._in_place:
            return
        self._in_place = False
        self._keys = {kind: getattr(names, kind).keys[at:] for kind, at in self._first.items()}
        self._number = {kind: np.full(len(keys), -1) for kind, keys in self._keys.items()}
        """By kind, the number that each new name has in the shard; -1: none so far."""
        self._fixed = names.fixed_drafts()
        names.drop_drafts()

    def keys(self, kind: str) -> list[Any]:
        """The names of a kind by the numbers that the batch has, once they are taken out."""
        return [*getattr(self._names, kind).keys[: self._first[kind]], *self._keys[kind]]

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[EventBatch]:
        """The events [start, end) in pieces within the limits, without rejected and held ones.

        Each is to be applied, by `with_sources` and `settle`, before the next is asked for.
        """
        if self._in_place:
            yield self._batch
            return
        end = len(self._batch) if end is None else end
        while start < end:
            reach = self._reach(start, end)
            yield self._batch.cut(start, reach).where(self._is_open[start:reach])
            start = reach

    # -- events that are held bring no names; their batch is taken out

    def close(self, held: Bool) -> None:
        """Leave out events, (E,) of the batch, for good."""
        self._is_open &= ~held

    def find_names(self) -> None:
        """Find the new names that the shard has by now from elsewhere."""
        for kind, keys in self._keys.items():
            known = getattr(self._names, kind).number_of
            self._number[kind][:] = [known.get(key, -1) for key in keys]

    def fits(self, event: int) -> bool:
        """Whether the names of an event are within the limits."""
        return self._is_within or all(
            self._count_new(kind, event) <= max(self._room(kind), 0) for kind in _LIMITED
        )

    def is_near(self, event: int) -> bool:
        """Whether an event brings names while a limit is near."""
        return not self._is_within and any(self._count_new(kind, event) for kind in _LIMITED)

    def _count_new(self, kind: str, event: int) -> int:
        of, number = self._uses[kind]
        some = slice(*np.searchsorted(of, [event, event + 1]).tolist())
        return int(np.count_nonzero(self._number[kind][number[some]] < 0))

    def with_sources(self, piece: EventBatch) -> EventBatch:
        """The piece, with numbers of the shard for its sources and floors."""
        names = self._names
        if self._in_place:
            return piece
        for number in self._missing("sources", piece.source):
            self._number["sources"][number] = names.source(*self._keys["sources"][number])
        for number, floor in enumerate(self._keys["floors"]):
            self._number["floors"][number] = names.floors.get(floor, -1)
        calls = replace(
            piece.calls,
            floor=self._renumbered("floors", piece.calls.floor),
            source=self._renumbered("sources", piece.calls.source),
        )
        source = self._renumbered("sources", piece.source)
        states = replace(piece.states, source=self._renumbered("sources", piece.states.source))
        snapshots = piece.snapshots
        snapshots = replace(snapshots, source=self._renumbered("sources", snapshots.source))
        return replace(piece, source=source, states=states, calls=calls, snapshots=snapshots)

    def find_unplaced(self, piece: EventBatch, base_ms: I64) -> Bool:
        """(E,): events with new names that are older than what their agent's timeline holds.

        base_ms: (agents,) where each agent's timeline begins.
        """
        states, first = piece.states, self._first["seats"]
        found = np.zeros(len(piece), np.bool_)
        if self._in_place:
            agent = self._names.seat_agent.data[states.seat]
            known = agent < min(self._first["agents"], len(base_ms))
            at = np.flatnonzero((states.seat >= first) & known)
            found[states.event[at[states.ts_ms[at] < base_ms[agent[at]]]]] = True
            return found
        for row in np.flatnonzero(states.seat >= first).tolist():
            floor, agent, _ = self._keys["seats"][states.seat[row] - first]
            number = self._names.agents.get((floor, agent), -1)
            if number >= 0 and states.ts_ms[row] < base_ms[number]:
                found[states.event[row]] = True
        return found

    def settle(self, piece: EventBatch, fine: Bool) -> EventBatch:
        """Give the shard the names of the admitted events; returns the piece with their rows only.

        fine: (E,) which events of the piece were admitted.
        """
        if self._in_place and fine.all():
            self._names.keep_drafts()
            return piece
        if self._in_place:
            self.take_out()
            piece = self.with_sources(piece)  # which have the same numbers again
        states = piece.states.take(fine[piece.states.event])
        calls = piece.calls.take(np.flatnonzero(fine[piece.calls.event]))
        queues = piece.queues.take(fine[piece.queues.event])
        snapshots = piece.snapshots.take(fine[piece.snapshots.event])
        names, number = self._names, self._number
        for seat in self._missing("seats", np.concatenate([states.seat, calls.seat])):
            key = self._keys["seats"][seat]
            number["seats"][seat] = names.seat_of(key, fixed=key in self._fixed)
        for pool in self._missing("pools", np.concatenate([calls.pool, queues.pool])):
            number["pools"][pool] = names.pool(*self._keys["pools"][pool])
        for agent in self._missing("agents", snapshots.agent):
            number["agents"][agent] = names.agent(*self._keys["agents"][agent])
        # A team has brought its pool, and a seat its team and agent.
        for kind in ("pools", "teams", "agents"):
            known = getattr(names, kind).number_of
            number[kind][:] = [known.get(key, -1) for key in self._keys[kind]]
        return replace(
            piece,
            states=replace(states, seat=self._renumbered("seats", states.seat)),
            calls=replace(
                calls,
                pool=self._renumbered("pools", calls.pool),
                seat=self._renumbered("seats", calls.seat),
            ),
            queues=replace(queues, pool=self._renumbered("pools", queues.pool)),
            snapshots=replace(snapshots, agent=self._renumbered("agents", snapshots.agent)),
        )

    def _missing(self, kind: str, numbers: I64) -> list[int]:
        """The new names among these numbers that the shard does not have."""
        new = distinct(numbers[numbers >= self._first[kind]]) - self._first[kind]
        missing: list[int] = new[self._number[kind][new] < 0].tolist()
        return missing

    def _renumbered(self, kind: str, numbers: I64) -> I64:
        """Numbers of the batch as numbers of the shard."""
        first, out = self._first[kind], numbers.copy()
        new = np.flatnonzero(numbers >= first)
        out[new] = self._number[kind][numbers[new] - first]
        return out

    # -- limits

    def _reach(self, start: int, end: int) -> int:
        """How far the events [start, end) stay within the limits; rejects those that do not.

        Within the limits before its last event an event that fits at `start` fits, and one that
        does not never will.
        """
        size, over, is_late = len(self._batch), dict[int, str](), self._surely_late()
        uses = {kind: self._open_uses(kind, start, end) for kind in _LIMITED}
        counts = {kind: np.bincount(event, minlength=size) for kind, (event, _) in uses.items()}
        room = {kind: self._room(kind) for kind in _LIMITED}
        for kind, limit in _LIMITED.items():
            for one in np.flatnonzero(counts[kind] > max(room[kind], 0)).tolist():
                over.setdefault(one, limit)
        fits = np.ones(size, np.bool_)
        fits[list(over)] = False
        for kind, (event, number) in uses.items():
            takes = fits if kind in _GIVEN_BY_LATE_EVENTS else fits & ~is_late
            _, at = np.unique(number[takes[event]], return_index=True)
            firsts = np.sort(event[takes[event]][at])
            last = room[kind] - int(counts[kind][fits].max(initial=0))
            if 0 <= last < len(firsts):
                end = min(end, int(firsts[last]) + 1)
        self._reject({one: over[one] for one in sorted(over) if one < end})
        return end

    def _room(self, kind: str) -> int:
        most: int = getattr(self._limits, _LIMITED[kind])
        return most - len(getattr(self._names, kind))

    def _surely_late(self) -> Bool:
        """(E,): events that are late whatever comes before them in the batch."""
        source = self._renumbered("sources", self._batch.source)
        known = np.flatnonzero(source >= 0)
        found = np.zeros(len(source), np.bool_)
        found[known] = self._is_late(source[known], self._batch.ts_ms[known])
        return found

    def _open_uses(self, kind: str, start: int, end: int) -> Uses:
        """The events [start, end) with names that are not in the shard, in order."""
        event, number = self._uses[kind]
        at = (event >= start) & (event < end) & self._is_open[event]
        at &= self._number[kind][number] < 0
        return event[at], number[at]

    def _reject(self, over: dict[int, str]) -> None:
        """Reject events, by the limit that each would exceed."""
        for event, limit in over.items():
            self._is_open[event] = False
            most = getattr(self._limits, limit)
            detail = (
                f"{limit}: the partition has {most} already, as many as [limits] {limit} allows"
            )
            record = int(self._batch.record[event])
            self.rejected.append(Rejected(record, Reason.over_limit, detail))
