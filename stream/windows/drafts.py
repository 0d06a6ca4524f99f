"""Names that only a batch under way has, and the limits of how many names a shard may have.

Decoding numbers all names of a batch, those of events that are then rejected or late too. Here the
new ones are taken out of `Names` again. Then the batch is applied in pieces, in each of which the
new names of admitted events become names of the shard. Most often admitted events have all of them
and no limit is near: then they stay where they are, in a third of the time. An event that would
exceed a limit is rejected: judged event by event, by the names of the admitted events before it. So
neither the batches nor a restore make a difference, and rejected and late events leave no names
behind.

A late event gives the shard its source and floor all the same, which its lateness is judged by.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from stream.events.batch import EventBatch
from stream.events.language import I64, Bool, Reason, Rejected
from stream.events.names import Names
from stream.spec import NameLimits

_LIMITED: Final = {
    "floors": "floors",
    "sources": "sources",
    "pools": "pools",
    "teams": "teams",
    "seats": "agents",
}
"""Kinds of names that are limited, and by which limit."""

Uses = tuple[I64, I64]
"""Events, and the number of a name that each of them has: both (U,)."""


class DraftNames:
    """The new names of one batch.

    Args:
        names: of the shard; the names that came with the batch are taken out.
        batch: E events, as decoded.
        limits: of the shard.
    """

    def __init__(self, names: Names, batch: EventBatch, limits: NameLimits) -> None:
        self._names = names
        self._batch = batch
        self._limits = limits
        self._first = names.drafts_from or names.sizes()
        """By kind, the first number of a new name."""
        self._uses = self._all_uses()
        self._is_open = np.ones(len(batch), np.bool_)
        """(E,): events that were not rejected."""
        self.rejected: list[Rejected] = []
        self._in_place = self._all_stay()
        if not self._in_place:
            self._take_out()

    def _all_stay(self) -> bool:
        """Whether some event of the batch has each new name, and all are within the limits."""
        sizes = self._names.sizes()
        return all(
            sizes[kind] <= getattr(self._limits, limit)
            and np.bincount(self._uses[kind][1], minlength=sizes[kind] - self._first[kind]).all()
            for kind, limit in _LIMITED.items()
        )

    def _take_out(self) -> None:
        names = self._names
        self._in_place = False
        self._keys = {kind: getattr(names, kind).keys[at:] for kind, at in self._first.items()}
        self._number = {kind: np.full(len(keys), -1) for kind, keys in self._keys.items()}
        """By kind, the number that each new name has in the shard; -1: none so far."""
        self._fixed = names.fixed_drafts()
        names.drop_drafts()

    def pieces(self) -> Iterator[EventBatch]:
        """The batch in pieces that stay within the limits, without the rejected events.

        Each is to be applied, by `with_sources` and `settle`, before the next is asked for.
        """
        if self._in_place:
            yield self._batch
            return
        start, size = 0, len(self._batch)
        while start < size:
            end = self._reach(start)
            if end > start:
                yield self._batch.cut(start, end).where(self._is_open[start:end])
                start = end
            else:
                start += 1

    def with_sources(self, piece: EventBatch) -> EventBatch:
        """The piece, with numbers of the shard for its sources and floors."""
        names = self._names
        if self._in_place:
            return piece
        for number in self._missing("sources", piece.source):
            self._number["sources"][number] = names.source(*self._keys["sources"][number])
        for number, floor in enumerate(self._keys["floors"]):
            self._number["floors"][number] = names.floors.get(floor, -1)
        calls = replace(piece.calls, floor=self._renumbered("floors", piece.calls.floor))
        source = self._renumbered("sources", piece.source)
        states = replace(piece.states, source=self._renumbered("sources", piece.states.source))
        return replace(piece, source=source, states=states, calls=calls)

    def settle(self, piece: EventBatch, fine: Bool) -> EventBatch:
        """Give the shard the names of the admitted events; returns the piece with their rows only.

        fine: (E,) which events of the piece were admitted.
        """
        if self._in_place and fine.all():
            self._names.keep_drafts()
            return piece
        if self._in_place:
            self._take_out()
            piece = self.with_sources(piece)  # which have the same numbers again
        states = piece.states.take(fine[piece.states.event])
        calls = piece.calls.take(np.flatnonzero(fine[piece.calls.event]))
        queues = piece.queues.take(fine[piece.queues.event])
        names, number = self._names, self._number
        for seat in self._missing("seats", np.concatenate([states.seat, calls.seat])):
            key = self._keys["seats"][seat]
            number["seats"][seat] = names.seat_of(key, fixed=key in self._fixed)
        for pool in self._missing("pools", np.concatenate([calls.pool, queues.pool])):
            number["pools"][pool] = names.pool(*self._keys["pools"][pool])
        for kind in ("pools", "teams"):  # a team has brought its pool, and a seat its team
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
        )

    def _missing(self, kind: str, numbers: I64) -> list[int]:
        """The new names among these numbers that the shard does not have."""
        new = np.unique(numbers[numbers >= self._first[kind]]) - self._first[kind]
        missing: list[int] = new[self._number[kind][new] < 0].tolist()
        return missing

    def _renumbered(self, kind: str, numbers: I64) -> I64:
        """Numbers of the batch as numbers of the shard."""
        first, out = self._first[kind], numbers.copy()
        new = np.flatnonzero(numbers >= first)
        out[new] = self._number[kind][numbers[new] - first]
        return out

    # -- limits

    def _reach(self, start: int) -> int:
        """How far the events from `start` on stay within the limits; rejects those that cannot."""
        end = len(self._batch)
        for kind, limit in _LIMITED.items():
            most = getattr(self._limits, limit)
            room = most - len(getattr(self._names, kind))
            event, number = self._open_uses(kind, start)
            if room <= 0:
                self._reject(np.unique(event), limit, most)
            else:
                _, at = np.unique(number, return_index=True)
                if len(at) > room:
                    end = min(end, int(np.sort(event[at])[room]))
        if end == start and self._is_open[start]:  # two new pools, its own and its team's, for one
            self._reject(np.array([start]), "pools", self._limits.pools)
        return end

    def _open_uses(self, kind: str, start: int) -> Uses:
        """The events from `start` on with names that are not in the shard, in order."""
        event, number = self._uses[kind]
        at = (event >= start) & self._is_open[event] & (self._number[kind][number] < 0)
        return event[at], number[at]

    def _reject(self, events: I64, limit: str, most: int) -> None:
        self._is_open[events] = False
        detail = f"{limit}: the partition has {most} already, as many as [limits] {limit} allows"
        records = self._batch.record[events].tolist()
        self.rejected += (Rejected(record, Reason.over_limit, detail) for record in records)

    def _all_uses(self) -> dict[str, Uses]:
        """By limited kind, which events have which new names; in the order of events."""
        batch, names, first = self._batch, self._names, self._first
        seated = _joined(
            (batch.states.event, batch.states.seat), (batch.calls.event, batch.calls.seat)
        )
        seats = self._new("seats", *seated)
        teams = self._new("teams", seats[0], names.seat_team.data[first["seats"] :][seats[1]])
        brought = names.team_pool.data[first["teams"] :][teams[1]]
        pooled = _joined(
            (batch.calls.event, batch.calls.pool),
            (batch.queues.event, batch.queues.pool),
            (teams[0], brought),
        )
        sources = self._new("sources", np.arange(len(batch)), batch.source)
        floors = names.source_floor.data[first["sources"] :][sources[1]]
        return {
            "floors": self._new("floors", sources[0], floors),
            "sources": sources,
            "pools": self._new("pools", *pooled),
            "teams": teams,
            "seats": seats,
        }

    def _new(self, kind: str, event: I64, number: I64) -> Uses:
        at = np.flatnonzero(number >= self._first[kind])
        at = at[np.argsort(event[at], kind="stable")]
        return event[at], number[at] - self._first[kind]


def _joined(*uses: Uses) -> Uses:
    return np.concatenate([one[0] for one in uses]), np.concatenate([one[1] for one in uses])
