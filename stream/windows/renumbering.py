"""A batch whose numbers are those of names that a shard had before it forgot some."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np

from stream.events.batch import EventBatch
from stream.events.language import I64
from stream.events.names import Names
from stream.windows.drafts import DraftNames

KINDS: Final = ("floors", "sources", "pools", "agents", "seats")


@dataclass(frozen=True, slots=True)
class NamedBatch:
    """A batch, and what its numbers stand for."""

    batch: EventBatch
    keys: Mapping[str, Sequence[Any]]
    """By kind of name, the keys by number."""

    @classmethod
    def of(cls, batch: EventBatch, names: Names, drafts: DraftNames | None) -> Self:
        """A batch as it was decoded; drafts: its new names, taken out."""
        if drafts is None:
            return cls(batch, {kind: getattr(names, kind).keys for kind in KINDS})
        return cls(batch, {kind: drafts.keys(kind) for kind in KINDS})

    def numbered(self, names: Names) -> EventBatch:
        """The batch with the numbers of other names; those that are new there are drafts."""
        names.begin_drafts()
        batch = self.batch
        states, calls, queues, snapshots = batch.states, batch.calls, batch.queues, batch.snapshots
        source = self._numbers("sources", batch.source, lambda key: names.source(*key))
        floor = self._numbers("floors", calls.floor, names.floors.number)
        pool, read = (
            self._numbers("pools", rows.pool, lambda key: names.pool(*key))
            for rows in (calls, queues)
        )
        seat, called = (
            self._numbers("seats", rows.seat, lambda key: names.seat_of(key, fixed=False))
            for rows in (states, calls)
        )
        agent = self._numbers("agents", snapshots.agent, lambda key: names.agent(*key))
        return replace(
            batch,
            source=source,
            states=replace(states, seat=seat, source=source[states.event]),
            calls=replace(calls, floor=floor, pool=pool, seat=called, source=source[calls.event]),
            queues=replace(queues, pool=read),
            snapshots=replace(snapshots, agent=agent, source=source[snapshots.event]),
        )

    def _numbers(self, kind: str, numbers: I64, number_of: Callable[[Any], int]) -> I64:
        """The new numbers of old ones; those below 0 are none."""
        held, place = np.unique(numbers, return_inverse=True)
        keys = self.keys[kind]
        new = [number_of(keys[one]) if one >= 0 else one for one in held.tolist()]
        return np.array(new, np.int64)[place]
