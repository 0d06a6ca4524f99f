"""Open calls: their facts, how they stand after all of them, and when they are let go.

What a call counts for is a pure function of its known facts (`walk`, `plain_calls`); when a fact
becomes known the old contribution is subtracted and the new one added, so neither order nor
repetition matters.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from stream.arrays import ColumnStore, column, distinct, ranked
from stream.events.batch import CallRows
from stream.events.call_hashes import U64
from stream.events.language import I32, I64, Bool
from stream.events.names import Names
from stream.spec import Spec
from stream.units import NEVER_MS
from stream.windows.calls.contribution import Contribution
from stream.windows.calls.evaluation import CallChange, Evaluator, Placed
from stream.windows.calls.facts import PAST, STORED, CallFacts
from stream.windows.calls.index import NONE, FreeList, Index, call_hashes
from stream.windows.calls.past_calls import WAS_OFFERED, PastMemory, keys_of
from stream.windows.calls.plain_calls import CallStatus
from stream.windows.calls.stays import PROMISE_MS_MOST, Promises, Waits, tolerance_ms
from stream.windows.calls.walk import Odd, WalkLimits
from stream.windows.calls.walked_calls import Stays
from stream.windows.sources import Sources

FACTS_MOST = 500
"""A call that has more facts, such as one id for all calls, begins anew: what it counts for stays,
and no batch walks over all of them again."""


class Calls(ColumnStore):
    """All calls of a shard that are open or that later events may still concern, by slot."""

    newest_ms: I64 = column(np.int64, NEVER_MS, per="calls")
    """The latest fact of each call; NEVER_MS for a free slot."""
    floor: I64 = column(np.int64, per="calls")
    _hash: U64 = column(np.uint64, per="calls")
    entry_ms: I64 = column(np.int64, NEVER_MS, per="calls")
    """This and the columns below are those of `CallStatus`."""
    left_ms: I64 = column(np.int64, NEVER_MS, per="calls")
    entry_pool: I32 = column(np.int32, per="calls")
    entry_source: I32 = column(np.int32, per="calls")
    open_until_ms: I64 = column(np.int64, per="calls")
    complete: Bool = column(np.bool_, per="calls")
    has_past: Bool = column(np.bool_, per="calls")
    was_offered: Bool = column(np.bool_, per="calls")
    pool: I32 = column(np.int32, per="calls")
    seat: I32 = column(np.int32, per="calls")

    def __init__(self, names: Names, spec: Spec, sources: Sources) -> None:
        super().__init__()
        self._names = names
        self._limits = WalkLimits(spec.windows.wait_ms, spec.windows.horizon_ms)
        coarsest_ms = max((one.resolution_ms for one in spec.sources), default=1)
        self._tolerance_ms_most = int(tolerance_ms(np.array(coarsest_ms)))
        self.index = Index()
        """The slots of all calls."""
        self._slots = FreeList()
        self.facts = CallFacts()
        self._evaluator = Evaluator(names, self._limits, sources, self.facts)
        self._stays = Stays()
        self.past = PastMemory()
        self.odd = Counter[Odd]()
        """How many facts are odd, of all calls so far; a late fact may make another one even."""
        self._odd_taken = Counter[Odd]()

    @property
    def size(self) -> int:
        """How many slots there are, free ones included."""
        return self._slots.size

    # -- events

    def push(self, rows: CallRows) -> tuple[Contribution, I64]:
        """Apply call events; returns what no longer counts (sign -1) and what counts now (1)."""
        touched, place = ranked(self._slots_of(rows))
        self._begin_crowded_anew(touched)
        old = self.facts.of(touched)
        fresh = self._are_fresh(old, rows, place)
        if not fresh.all():
            rows, place = rows.take(np.flatnonzero(fresh)), place[fresh]
        new = self.facts.append(touched[place], rows), place
        np.maximum.at(self.newest_ms, touched[place], rows.ts_ms)
        change = self._evaluator.change(len(touched), old, new)
        self._stand(touched, change)
        self.odd.update(change.odd)
        return change.what, change.sign

    def _slots_of(self, rows: CallRows) -> I64:
        """The slot of each event's call, (N,); allocates slots for new calls."""
        hashed = call_hashes(rows.floor, rows.call)
        slot = self.index.find(hashed)
        new = np.flatnonzero(slot == NONE)
        if len(new):
            slot[new] = self.open_slots(hashed[new], rows.floor[new])
            self._recall(distinct(slot[new]))
        return slot

    def open_slots(self, hashed: U64, floor: I64) -> I64:
        """Allocate slots for calls that have none yet, by their hashes and floors, (N,)."""
        new, first, which = np.unique(hashed, return_index=True, return_inverse=True)
        slots = self._slots.allocate(len(new))
        self.resize(calls=self.size)
        self.facts.resize(calls=self.size)
        self._hash[slots], self.floor[slots] = new, floor[first]
        self.newest_ms[slots] = -NEVER_MS
        self.index.insert(new, slots)
        return slots[which]

    def _recall(self, slots: I64) -> None:
        """Give new calls what is remembered of them, as facts."""
        found = self.past.find(keys_of(self._hash[slots]))
        if not len(found):
            return
        slot, facts = slots[found.place], self.facts
        row = facts.allocate(slot)
        facts.ts_ms[row], facts.phase[row] = found.last_ms, PAST
        facts.wait_ms[row] = found.was_offered
        facts.talk_ms[row] = facts.hold_ms[row] = facts.acw_ms[row] = NONE
        facts.pool[row] = np.where(found.floor_or_pool < 0, NONE, found.floor_or_pool)
        facts.seat[row], facts.source[row] = found.seat, NONE
        facts.pool_given[row], facts.by[row], facts.reason[row] = False, 0, 0
        self.newest_ms[slot] = found.last_ms

    def _begin_crowded_anew(self, slots: I64) -> None:
        crowded = slots[self.facts.count[slots] > FACTS_MOST]
        self.facts.drop(crowded)
        self._stays.drop(crowded.tolist())

    def _are_fresh(self, old: Placed, rows: CallRows, place: I64) -> Bool:
        """(N,): which events are no repetition of a known fact, nor of one before them."""
        facts, phases = self.facts, PAST + 1
        group = place * phases + rows.phase
        of_old = old[1] * phases + facts.phase[old[0]]
        several = np.bincount(np.concatenate([of_old, group])) > 1
        fresh = np.ones(len(place), np.bool_)
        if not several.any():
            return fresh
        was = np.flatnonzero(several[of_old])
        columns = [old[1][was], *(getattr(facts, name)[old[0][was]] for name in STORED)]
        known = set(zip(*(column.tolist() for column in columns), strict=True))
        at = np.flatnonzero(several[group])
        columns = [place[at], *(getattr(rows, name)[at] for name in STORED)]
        given = zip(*(column.tolist() for column in columns), strict=True)
        for index, one in zip(at.tolist(), given, strict=True):
            fresh[index] = one not in known
            known.add(one)
        return fresh

    def _stand(self, slots: I64, change: CallChange) -> None:
        """Store how the calls stand after a change."""
        for places, held in (
            (change.plain, change.plain_status), (change.walked, change.walked_status),
        ):  # fmt: skip
            for name in CallStatus.__slots__:
                getattr(self, name)[slots[places]] = getattr(held, name)
        if change.walks:
            self._stays.replace(slots[change.walked].tolist(), change.walks)

    def evaluate(self, slots: I64) -> None:
        """Find how calls stand whose facts were restored."""
        row, place = self.facts.of(slots)
        np.maximum.at(self.newest_ms, slots[place], self.facts.ts_ms[row])
        nothing = np.zeros((2, 0), np.int64)
        change = self._evaluator.change(len(slots), (nothing[0], nothing[1]), (row, place))
        self._stand(slots, change)

    # -- reading

    def take_odd(self) -> Counter[Odd]:
        """How many more facts are odd than ever before, at the last call or in a snapshot."""
        more = self.odd - self._odd_taken
        self._odd_taken |= self.odd
        return more

    def waits(self, from_ms: int, until_ms: int) -> Waits:
        """Stays in queues that touch [from_ms, until_ms]; between steps also before now."""
        start_ms, wait_ms = self.entry_ms[: self.size], self._limits.wait_ms
        end_ms = np.minimum(self.left_ms[: self.size], start_ms + wait_ms)
        at = np.flatnonzero((start_ms <= until_ms) & (end_ms > from_ms))
        pool, source = self.entry_pool[at], self.entry_source[at]
        columns = pool.astype(np.int64), start_ms[at], end_ms[at], source.astype(np.int64)
        last = Waits(*columns, self._hash[at])
        slots, earlier = self._stays.earlier(wait_ms)
        if not len(slots):
            return last
        near = (earlier.start_ms <= until_ms) & (earlier.end_ms > from_ms)
        return Waits.joined(last, replace(earlier, call=self._hash[slots]).take(near))

    def promises(self) -> Promises:
        """The call-backs of calls that are held."""
        return self._stays.promises(PROMISE_MS_MOST)

    def counting_from(self, as_of_ms: int) -> Contribution:
        """What counts at an instant or later."""
        newest_ms = self.newest_ms[: self.size]
        slots = np.flatnonzero((newest_ms >= as_of_ms) & (newest_ms < NEVER_MS))
        what = self._evaluator.counting(len(slots), self.facts.of(slots))
        return what.take(what.ts_ms >= as_of_ms)

    # -- the end of a call

    def retire(self, cut_ms: I64, unjudged_ms: int = NEVER_MS) -> None:
        """Let calls go of which nothing can change any more.

        A complete call before the cut is remembered until no fact can belong to it; a call with
        something open or unknown is held until a later fact would begin a new one. Both stay until
        control has evaluated them, which a long backlog brings in one piece.

        Args:
            cut_ms: (floors,) no event before it can be admitted.
            unjudged_ms: Up to when control has evaluated.
        """
        at = self.index.numbers
        cut, newest_ms = cut_ms[self.floor[at]], self.newest_ms[at]
        known = self.complete[at] & (newest_ms + self._tolerance_ms_most < cut)
        until_ms = np.maximum(newest_ms + self._limits.horizon_ms, self.open_until_ms[at])
        gone = (known & (newest_ms < unjudged_ms)) | (until_ms < np.minimum(cut, unjudged_ms))
        if gone.any():
            self._remember(at[gone & known & self.has_past[at] & (until_ms >= cut)])
            self._drop(at[gone])
            self.index.keep(~gone)
        before_ms = cut_ms - self._limits.horizon_ms
        self.past.drop_before(before_ms, self._names.pool_floor.data)

    def _remember(self, slots: I64) -> None:
        """Remember calls of which all is known: a row for each, and for each further leg."""
        keys = keys_of(self._hash[slots]) | np.where(self.was_offered[slots], WAS_OFFERED, 0)
        place, seat = np.arange(len(slots)), self.seat[slots].astype(np.int64)
        walks = self._evaluator.walks_of(len(slots), self.facts.of(slots))
        more = [(at, leg.seat) for at, walk in walks.items() for leg in walk.present[1:]]
        further = np.array(more, np.int64).reshape(-1, 2)
        place = np.concatenate([place, further[:, 0]])
        seat = np.concatenate([seat, further[:, 1]])
        owner = slots[place]
        pool = np.where(self.pool[owner] < 0, ~self.floor[owner], self.pool[owner])
        self.past.add(keys[place], pool, seat, self.newest_ms[owner])

    def _drop(self, slots: I64) -> None:
        self.facts.drop(slots)
        self._stays.drop(slots.tolist())
        self.newest_ms[slots] = self.entry_ms[slots] = NEVER_MS
        self._slots.free(slots)
