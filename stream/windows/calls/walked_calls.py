"""Calls that are not plain, walked one by one: their facts as tuples, and how they stand."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from stream.events.language import I64
from stream.events.names import Names
from stream.units import NEVER_MS
from stream.windows.calls.contribution import Contribution, Row
from stream.windows.calls.facts import PAST, CallFacts
from stream.windows.calls.index import NONE
from stream.windows.calls.past_calls import NO_LEG
from stream.windows.calls.plain_calls import CallStatus
from stream.windows.calls.stays import Fact, Promise, Promises, QueueEntry, Waits
from stream.windows.calls.walk import Past, Walk, WalkLimits


class Walker:
    """Walks calls whose facts are in columns."""

    def __init__(self, names: Names, limits: WalkLimits) -> None:
        self._names = names
        self._limits = limits

    def walk(
        self, facts: CallFacts, calls: int, row: I64, place: I64, tolerance_ms: I64
    ) -> list[Walk]:
        """Walk so many calls, in the order of their places.

        Args:
            facts: All facts of the shard.
            calls: How many.
            row: (N,) the rows of their facts.
            place: (N,) the place of each row's call, below `calls`.
            tolerance_ms: (sources + 1,) by source; the last one is of a source that is not known.
        """
        own: list[list[Fact]] = [[] for _ in range(calls)]
        past: list[list[Fact]] = [[] for _ in range(calls)]
        read = self._read(facts, row, tolerance_ms)
        for index, fact in zip(place.tolist(), read, strict=True):
            (past if fact.phase == PAST else own)[index].append(fact)
        return [
            Walk(self._limits, some, _past(before) if before else None)
            for some, before in zip(own, past, strict=True)
        ]

    def _read(self, facts: CallFacts, row: I64, tolerance_ms: I64) -> Iterator[Fact]:
        seats, pools, sources = (
            one.keys for one in (self._names.seats, self._names.pools, self._names.sources)
        )
        given = np.where(facts.pool_given[row], facts.pool[row], NONE)
        columns = (
            facts.ts_ms, facts.phase, facts.wait_ms, facts.talk_ms, facts.hold_ms, facts.acw_ms,
            facts.pool, facts.seat, facts.source, facts.by, facts.reason,
        )  # fmt: skip
        rows = zip(*(column[row].tolist() for column in columns), given.tolist(), strict=True)
        tolerances: list[int] = tolerance_ms.tolist()
        for (
            ts_ms, phase, wait_ms, talk_ms, hold_ms, acw_ms, pool, seat, source, by, reason, named
        ) in rows:  # fmt: skip
            _, agent, team = seats[seat] if seat >= 0 else ("", "", "")
            yield Fact(
                ts_ms,
                phase,
                agent.encode(),
                b"" if named == NONE else pools[named][1].encode(),
                wait_ms,
                talk_ms,
                hold_ms,
                acw_ms,
                team.encode(),
                b"" if source == NONE else sources[source][1].encode(),
                by,
                reason,
                pool,
                seat,
                source,
                tolerances[source],
            )


def _past(facts: Sequence[Fact]) -> Past:
    """What the rows of a remembered call say (`Calls._recall` wrote them)."""
    legs = tuple((fact.agent, fact.seat) for fact in facts if fact.seat != NO_LEG)
    return Past(bool(facts[0].wait_ms), facts[0].pool, facts[0].ts_ms, legs)


def difference(before: Sequence[Walk], after: Sequence[Walk]) -> tuple[Contribution, I64]:
    """What no longer counts (sign -1) and what counts now (sign 1)."""
    counts = Counter[Row]()
    for walk in after:
        counts.update(walk.rows())
    for walk in before:
        counts.subtract(walk.rows())
    rows = [row for row, number in counts.items() for _ in range(abs(number))]
    signs = [1 if number > 0 else -1 for number in counts.values() for _ in range(abs(number))]
    return Contribution.of(rows), np.array(signs, np.int64)


def status_of(walks: Sequence[Walk]) -> CallStatus:
    """How walked calls stand; entries but the last one, and promises, are read by themselves."""
    none = QueueEntry(NONE, NEVER_MS, NONE)
    entries = [walk.entries[-1] if walk.entries else none for walk in walks]
    columns = (
        [one.start_ms for one in entries],
        [one.end_ms for one in entries],
        [one.pool for one in entries],
        [one.source for one in entries],
        [walk.open_until_ms for walk in walks],
        [walk.is_complete for walk in walks],
        [walk.has_past for walk in walks],
        [walk.was_offered for walk in walks],
        [walk.pool for walk in walks],
        [walk.present[0].seat if walk.present else NO_LEG for walk in walks],
    )
    return CallStatus(*(np.array(column) for column in columns))


class Stays:
    """Stays and promises of the few calls that have more than their last entry, by slot."""

    def __init__(self) -> None:
        self._earlier: dict[int, list[QueueEntry]] = {}
        self._promised: dict[int, list[Promise]] = {}
        self._columns: Promises | None = None

    def replace(self, slots: Sequence[int], walks: Sequence[Walk]) -> None:
        """Replace what is held of walked calls."""
        self.drop(slots)
        for slot, walk in zip(slots, walks, strict=True):
            if len(walk.entries) > 1:
                self._earlier[slot] = walk.entries[:-1]
            if walk.promises:
                self._promised[slot] = walk.promises
                self._columns = None

    def drop(self, slots: Sequence[int]) -> None:
        """Drop what is held of calls."""
        for slot in slots:
            self._earlier.pop(slot, None)
            if self._promised.pop(slot, None) is not None:
                self._columns = None

    def earlier(self, wait_ms: int) -> tuple[I64, Waits]:
        """Entries but the last one of each call, with their slots; each ends after `wait_ms`."""
        held = [(slot, one) for slot, some in self._earlier.items() for one in some]
        slots = np.array([slot for slot, _ in held], np.int64)
        rows = [
            (one.pool, one.start_ms, min(one.end_ms, one.start_ms + wait_ms), one.source)
            for _, one in held
        ]
        pool, start_ms, end_ms, source = np.array(rows, np.int64).reshape(-1, 4).T
        return slots, Waits(pool, start_ms, end_ms, source, np.zeros(len(slots), np.uint64))

    def promises(self, most_ms: int) -> Promises:
        """All promises that are held; each ends after `most_ms`."""
        if self._columns is None:
            rows = [
                (one.pool, one.start_ms, min(one.done_ms, one.start_ms + most_ms))
                for some in self._promised.values()
                for one in some
            ]
            self._columns = Promises(*np.array(rows, np.int64).reshape(-1, 3).T)
        return self._columns
