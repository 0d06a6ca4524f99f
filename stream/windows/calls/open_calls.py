"""Calls: what was said of each, once, and what it counts for.

A call has legs, one for each agent who took it (a transfer is a second leg). What a call counts
for is a pure function of what is known of it; when something new becomes known the old
contribution is taken away and the new one added, so neither order nor repetition matters.
"""

import numpy as np

from stream.arrays import ColumnStore, column, distinct, firsts
from stream.events.batch import CallRows
from stream.events.language import I64, U8, Bool, Phase
from stream.events.names import Names
from stream.spec import WindowSpec
from stream.units import HOUR_MS, NEVER_MS
from stream.windows.calls.facts import CALL_FACTS, LEG_FACTS, NONE, VALUES, CallFacts
from stream.windows.calls.index import U64, Index, Slots, call_hashes
from stream.windows.calls.legs import Legs
from stream.windows.calls.seen_facts import BITS, CALL_ITSELF, CALL_OVER, SeenFacts, numbers

OPEN_MS_MOST = 24 * HOUR_MS
"""An open call older than this is forgotten: its end was lost."""
WAITING_MS_MOST = HOUR_MS
"""A call that has waited longer than this is not counted as waiting: its end was lost."""


class Calls(ColumnStore):
    """All calls of a shard that are open or that later events may still concern, by slot."""

    newest_ms: I64 = column(np.int64, NEVER_MS, per="calls")
    """The latest instant reported of each call; NEVER_MS for a free slot."""
    floor: I64 = column(np.int64, per="calls")
    _hash: U64 = column(np.uint64, per="calls")
    _reopened: Bool = column(np.bool_, per="calls")
    """Calls that were over and of which an event reported something new after all."""
    complete: Bool = column(np.bool_, per="calls")
    """Whether everything is known that the call counts for."""
    closed_ms: I64 = column(np.int64, NEVER_MS, per="calls")
    """When the call stopped waiting; NEVER_MS while it waits."""
    last_ended: I64 = column(np.int64, NONE, per="calls")
    """The leg that ended last; NONE while none has."""

    def __init__(self, names: Names, spec: WindowSpec) -> None:
        super().__init__()
        self._names = names
        self._horizon_ms = spec.horizon_ms
        self.index = Index()
        """The slots of all calls."""
        self._slots = Slots()
        self.legs = Legs()
        self.told = SeenFacts()
        self.facts = {phase: CallFacts() for phase in (*CALL_FACTS, *LEG_FACTS)}

    # -- taking in

    def slots(self, rows: CallRows, agent: I64) -> I64:
        """The slot of each event's call, (N,); a new call is given one.

        NONE for an event that says nothing new: what was told already of a call that is over.
        """
        hashed = call_hashes(rows.floor, rows.call)
        slot = self.index.find(hashed)
        new = np.flatnonzero(slot == NONE)
        if len(new):
            new = new[~self._is_told(hashed[new], rows.phase[new], agent[new])]
            slot[new] = self.open_slots(hashed[new], rows.floor[new])
        again = np.flatnonzero(self._reopened[slot] & (slot != NONE))
        if len(again):
            slot[again[self._is_told(hashed[again], rows.phase[again], agent[again])]] = NONE
        return slot

    def _is_told(self, hashed: U64, phase: U8, agent: I64) -> Bool:
        """Whether facts were told already of calls that are over."""
        number = numbers(hashed, np.where(_is_of_leg(phase), agent, CALL_ITSELF))
        return self.told.holds(number, BITS[phase])

    def push(self, rows: CallRows, slot: I64, leg: I64) -> None:
        """Take in what events say of calls; slot, leg: (N,) of each, which are open."""
        fresh = self.newest_ms[slot] == NEVER_MS
        self.newest_ms[slot[fresh]] = rows.ts_ms[fresh]
        np.maximum.at(self.newest_ms, slot, rows.ts_ms)
        for phase, facts in self.facts.items():
            mine = np.flatnonzero(rows.phase == phase)
            if len(mine):
                self._enter(facts, slot[mine] if phase in CALL_FACTS else leg[mine], rows, mine)
        self.close(distinct(slot))

    def open_slots(self, hashed: U64, floor: I64) -> I64:
        """The slots of calls that have none yet, by their hashes and floors, (N,)."""
        new, first, which = np.unique(hashed, return_index=True, return_inverse=True)
        slots = self._slots.take(len(new))
        self.resize(calls=self.size)
        self.legs.resize(calls=self.size)
        for phase in CALL_FACTS:
            self.facts[phase].resize(rows=self.size)
        self._hash[slots], self.floor[slots] = new, floor[first]
        self.index.add(new, slots)
        self.find_again(slots)
        return slots[which]

    @property
    def size(self) -> int:
        """How many slots there are, free ones too."""
        return self._slots.size

    def find_again(self, slots: I64) -> None:
        """Note which of the calls were over already: what was told of them is still known."""
        number = numbers(self._hash[slots], np.full(len(slots), CALL_ITSELF))
        self._reopened[slots] = self.told.holds(number, np.full(len(slots), CALL_OVER, np.uint64))

    def open_legs_of(self, rows: CallRows, agent: I64, slot: I64) -> I64:
        """The leg of each event that has one, NONE for the others; new legs are opened.

        agent: (N,) agent number, NONE without.
        """
        legs = np.full(len(slot), NONE, np.int64)
        of_leg = np.flatnonzero(_is_of_leg(rows.phase))
        legs[of_leg] = self.open_legs(slot[of_leg], agent[of_leg])
        return legs

    def open_legs(self, slot: I64, agent: I64) -> I64:
        """The leg of each (call, agent), (N,); new legs are opened."""
        leg = self.legs.open(slot, agent)
        for phase in LEG_FACTS:
            self.facts[phase].resize(rows=self.legs.size)
        return leg

    def _enter(self, facts: CallFacts, place: I64, rows: CallRows, at: I64) -> None:
        """Enter facts; a second one of the same key counts only if it is the lesser."""
        fresh = (facts.ts_ms[place] == NEVER_MS) & firsts(place)
        facts.write(place[fresh], rows, at[fresh])
        for index in np.flatnonzero(~fresh).tolist():
            slot, row = place[index : index + 1], at[index : index + 1]
            if self._weight(rows, int(row[0])) < self._weight(facts, int(slot[0])):
                facts.write(slot, rows, row)

    def _weight(self, columns: CallRows | CallFacts, at: int) -> tuple[int | bytes, ...]:
        durations = tuple(int(getattr(columns, name)[at]) for name in VALUES[:-2])
        names, seat = self._names, int(columns.seat[at])
        team = b"" if seat == NONE else names.seats.keys[seat][2].encode()
        return (*durations, names.pools.keys[int(columns.pool[at])][1].encode(), team)

    def close(self, calls: I64) -> None:
        """When each call stopped waiting, which leg ended last, and whether all is known."""
        closed = self.facts[Phase.abandoned].ts_ms[calls].copy()
        last = np.full(len(calls), NONE, np.int64)
        last_ms = np.full(len(calls), -NEVER_MS, np.int64)
        ended = self.facts[Phase.ended].ts_ms
        answered = self.facts[Phase.answered].ts_ms
        wrapped = self.facts[Phase.wrapped]
        leg = self.legs.first[calls]
        complete = (closed < NEVER_MS) | (leg != NONE)
        complete &= self.facts[Phase.offered].ts_ms[calls] < NEVER_MS
        while (leg != NONE).any():
            there = np.flatnonzero(leg != NONE)
            mine = leg[there]
            closed[there] = np.minimum(closed[there], np.minimum(answered[mine], ended[mine]))
            known = ended[mine] < NEVER_MS
            later = known & self._ended_after(ended[mine], mine, last_ms[there], last[there])
            last[there[later]], last_ms[there[later]] = mine[later], ended[mine[later]]
            complete[there] &= known & (wrapped.ts_ms[mine] < NEVER_MS)
            complete[there] &= wrapped.acw_ms[mine] != NONE
            leg[there] = self.legs.following[mine]
        self.closed_ms[calls], self.last_ended[calls] = closed, last
        self.complete[calls] = complete

    def _ended_after(self, ended_ms: I64, leg: I64, last_ms: I64, last: I64) -> Bool:
        """Later, or at the same time with the greater agent: never by order of arrival."""
        after = ended_ms > last_ms
        for index in np.flatnonzero(ended_ms == last_ms).tolist():
            after[index] = self._agent_of(int(leg[index])) > self._agent_of(int(last[index]))
        return after

    def _agent_of(self, leg: int) -> bytes:
        agent = int(self.legs.agent[leg])
        return b"" if agent == NONE else self._names.agents.keys[agent][1].encode()

    # -- the queue

    def waiting(self, from_ms: int, until_ms: int) -> tuple[I64, I64, I64]:
        """Calls that wait at some instant of [from_ms, until_ms]: pool, offered, no longer."""
        count = self.size
        offered = self.facts[Phase.offered]
        offered_ms = offered.ts_ms[:count]
        end_ms = np.minimum(
            self.closed_ms[:count], np.where(offered_ms < NEVER_MS, offered_ms, 0) + WAITING_MS_MOST
        )
        at = np.flatnonzero((offered_ms <= until_ms) & (end_ms > from_ms))
        return offered.pool[at], offered_ms[at], end_ms[at]

    # -- forgetting

    def retire(self, cut_ms: I64, greatest_ms: I64, unjudged_ms: int = NEVER_MS) -> None:
        """Let go of calls of which nothing more can be said that counts.

        cut_ms, greatest_ms: (floors,) no event before the cut can be admitted; the greatest
        watermark. A call goes when it is complete and before the cut, or closed and before the
        horizon, or open for longer than any call lasts; but not before control has seen what came
        of it from unjudged_ms on, which a long backlog brings in one piece.
        """
        at = self.index.numbers
        floor = self.floor[at]
        age_ms = greatest_ms[floor] - self.newest_ms[at]
        over = self.complete[at] & (self.newest_ms[at] < cut_ms[floor])
        over |= (self._is_closed(at) & (age_ms > self._horizon_ms)) | (age_ms > OPEN_MS_MOST)
        over &= self.newest_ms[at] < unjudged_ms
        gone = at[over]
        if len(gone):
            self._remember(gone)
            self._drop(gone)
            self.index.keep(~over)
        self.told.forget(greatest_ms - self._horizon_ms)

    def _is_closed(self, calls: I64) -> Bool:
        closed: Bool = (self.last_ended[calls] != NONE) | (
            self.facts[Phase.abandoned].ts_ms[calls] < NEVER_MS
        )
        return closed

    def _remember(self, calls: I64) -> None:
        """What was told of calls, against repeats."""
        legs = self.legs.of(calls)
        owner = np.concatenate([calls, self.legs.call[legs]])
        agent = np.concatenate([np.full(len(calls), CALL_ITSELF), self.legs.agent[legs]])
        told = numbers(self._hash[owner], agent)
        told[: len(calls)] |= np.uint64(CALL_OVER)
        for phase, facts in self.facts.items():
            of_call = phase in CALL_FACTS
            part = told[: len(calls)] if of_call else told[len(calls) :]
            known = facts.ts_ms[calls if of_call else legs] < NEVER_MS
            part |= np.where(known, BITS[phase], 0)
        self.told.add(told, self.floor[owner].astype(np.int32), self.newest_ms[owner])

    def _drop(self, calls: I64) -> None:
        legs = self.legs.of(calls)
        for phase, facts in self.facts.items():
            facts.ts_ms[calls if phase in CALL_FACTS else legs] = NEVER_MS
        self.newest_ms[calls] = self.closed_ms[calls] = NEVER_MS
        self.last_ended[calls] = NONE
        self.complete[calls] = False
        self.legs.drop(calls)
        self._slots.give_back(calls)


def _is_of_leg(phase: U8) -> Bool:
    of_leg: Bool = (phase >= Phase.answered) & (phase <= Phase.wrapped)
    return of_leg
