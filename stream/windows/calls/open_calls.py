"""Open calls: the facts reported of each, every fact once.

A call has legs, one for each agent who took it (a transfer is a second leg). What a call counts
for is a pure function of its known facts; when a new fact becomes known the old contribution is
subtracted and the new one added, so neither order nor repetition matters.
"""

import numpy as np

from stream.arrays import ColumnStore, column, distinct, firsts
from stream.events.batch import CallRows
from stream.events.language import I64, U8, Bool, Phase
from stream.events.names import Names
from stream.spec import WindowSpec
from stream.units import HOUR_MS, NEVER_MS
from stream.windows.calls.facts import CALL_FACTS, LEG_FACTS, NONE, VALUES, CallFacts
from stream.windows.calls.index import U64, FreeList, Index, call_hashes
from stream.windows.calls.legs import Legs
from stream.windows.calls.seen_facts import CALL_ITSELF, CallBit, SeenFacts, bit_of, keys_of

OPEN_MS_MOST = 24 * HOUR_MS
"""An open call older than this is dropped: its end was lost."""
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
        self._slots = FreeList()
        self.legs = Legs()
        self.seen = SeenFacts()
        self.facts = {phase: CallFacts() for phase in (*CALL_FACTS, *LEG_FACTS)}

    # -- events

    def slots(self, rows: CallRows, agent: I64) -> I64:
        """The slot of each event's call, (N,); allocates slots for new calls.

        NONE for an event that repeats a fact already seen of a call that is over.
        """
        hashed = call_hashes(rows.floor, rows.call)
        slot = self.index.find(hashed)
        new = np.flatnonzero(slot == NONE)
        if len(new):
            new = new[~self._is_seen(hashed[new], rows.phase[new], agent[new])]
            slot[new] = self.open_slots(hashed[new], rows.floor[new])
        again = np.flatnonzero(self._reopened[slot] & (slot != NONE))
        if len(again):
            slot[again[self._is_seen(hashed[again], rows.phase[again], agent[again])]] = NONE
        return slot

    def _is_seen(self, hashed: U64, phase: U8, agent: I64) -> Bool:
        """Whether facts were already seen of calls that are over."""
        keys = keys_of(hashed, np.where(_is_of_leg(phase), agent, CALL_ITSELF))
        return self.seen.contains(keys, bit_of(phase))

    def apply(self, rows: CallRows, slot: I64, leg: I64) -> None:
        """Apply the facts of events; slot, leg: (N,) of each event, which are open."""
        fresh = self.newest_ms[slot] == NEVER_MS
        self.newest_ms[slot[fresh]] = rows.ts_ms[fresh]
        np.maximum.at(self.newest_ms, slot, rows.ts_ms)
        for phase, facts in self.facts.items():
            mine = np.flatnonzero(rows.phase == phase)
            if len(mine):
                place = slot[mine] if phase in CALL_FACTS else leg[mine]
                self._apply_facts(facts, place, rows, mine)
        self.derive(distinct(slot))

    def open_slots(self, hashed: U64, floor: I64) -> I64:
        """Allocate slots for calls that have none yet, by their hashes and floors, (N,)."""
        new, first, which = np.unique(hashed, return_index=True, return_inverse=True)
        slots = self._slots.allocate(len(new))
        self.resize(calls=self.size)
        self.legs.resize(calls=self.size)
        for phase in CALL_FACTS:
            self.facts[phase].resize(rows=self.size)
        self._hash[slots], self.floor[slots] = new, floor[first]
        self.index.insert(new, slots)
        self.mark_reopened(slots)
        return slots[which]

    @property
    def size(self) -> int:
        """How many slots there are, free ones included."""
        return self._slots.size

    def mark_reopened(self, slots: I64) -> None:
        """Mark which of the calls were over already, so that their seen facts are looked up."""
        keys = keys_of(self._hash[slots], CALL_ITSELF)
        self._reopened[slots] = self.seen.contains(keys, CallBit.over)

    def open_legs_of(self, rows: CallRows, agent: I64, slot: I64) -> I64:
        """The leg of each event that has one, NONE for the others; opens new legs.

        agent: (N,) agent number, NONE without.
        """
        legs = np.full(len(slot), NONE, np.int64)
        of_leg = np.flatnonzero(_is_of_leg(rows.phase))
        legs[of_leg] = self.open_legs(slot[of_leg], agent[of_leg])
        return legs

    def open_legs(self, slot: I64, agent: I64) -> I64:
        """The leg of each (call, agent), (N,); opens new legs."""
        leg = self.legs.open(slot, agent)
        for phase in LEG_FACTS:
            self.facts[phase].resize(rows=self.legs.size)
        return leg

    def _apply_facts(self, facts: CallFacts, place: I64, rows: CallRows, at: I64) -> None:
        """Write facts; a second one of the same key counts only if it is the lesser."""
        fresh = ~facts.known(place) & firsts(place)
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

    def derive(self, calls: I64) -> None:
        """Derive from the facts: end of the wait, the leg that ended last, and completeness."""
        closed = self.facts[Phase.abandoned].ts_ms[calls].copy()
        last = np.full(len(calls), NONE, np.int64)
        last_ms = np.full(len(calls), -NEVER_MS, np.int64)
        ended = self.facts[Phase.ended].ts_ms
        answered = self.facts[Phase.answered].ts_ms
        wrapped = self.facts[Phase.wrapped]
        leg = self.legs.first[calls]
        complete = (closed < NEVER_MS) | (leg != NONE)
        complete &= self.facts[Phase.offered].known(calls)
        while (leg != NONE).any():
            there = np.flatnonzero(leg != NONE)
            mine = leg[there]
            closed[there] = np.minimum(closed[there], np.minimum(answered[mine], ended[mine]))
            known = ended[mine] < NEVER_MS
            later = known & self._ended_after(ended[mine], mine, last_ms[there], last[there])
            last[there[later]], last_ms[there[later]] = mine[later], ended[mine[later]]
            complete[there] &= known & wrapped.known(mine)
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
        """Waits that touch [from_ms, until_ms]: pool, start and end of each."""
        count = self.size
        offered = self.facts[Phase.offered]
        offered_ms = offered.ts_ms[:count]
        end_ms = np.minimum(
            self.closed_ms[:count], np.where(offered_ms < NEVER_MS, offered_ms, 0) + WAITING_MS_MOST
        )
        at = np.flatnonzero((offered_ms <= until_ms) & (end_ms > from_ms))
        return offered.pool[at], offered_ms[at], end_ms[at]

    # -- the end of a call

    def retire(self, cut_ms: I64, greatest_ms: I64, unjudged_ms: int = NEVER_MS) -> None:
        """Drop calls of which no later event can count; their seen facts are kept for a while.

        cut_ms, greatest_ms: (floors,) no event before the cut can be admitted; the greatest
        watermark. A call is dropped when it is complete and before the cut, or closed and before
        the horizon, or open for longer than any call lasts; but not before control has evaluated
        its facts from unjudged_ms on, which a long backlog brings in one piece.
        """
        at = self.index.numbers
        floor = self.floor[at]
        age_ms = greatest_ms[floor] - self.newest_ms[at]
        over = self.complete[at] & (self.newest_ms[at] < cut_ms[floor])
        over |= (self._is_closed(at) & (age_ms > self._horizon_ms)) | (age_ms > OPEN_MS_MOST)
        over &= self.newest_ms[at] < unjudged_ms
        gone = at[over]
        if len(gone):
            self._keep_seen(gone)
            self._drop(gone)
            self.index.keep(~over)
        self.seen.drop_before(greatest_ms - self._horizon_ms)

    def _is_closed(self, calls: I64) -> Bool:
        closed: Bool = (self.last_ended[calls] != NONE) | self.facts[Phase.abandoned].known(calls)
        return closed

    def _keep_seen(self, calls: I64) -> None:
        """Keep which facts were seen of calls, against repeats."""
        legs = self.legs.of(calls)
        owner = np.concatenate([calls, self.legs.call[legs]])
        agent = np.concatenate([np.full(len(calls), CALL_ITSELF), self.legs.agent[legs]])
        entries = keys_of(self._hash[owner], agent)
        of_calls, of_legs = entries[: len(calls)], entries[len(calls) :]
        of_calls |= np.uint64(CallBit.over)
        for phase, facts in self.facts.items():
            if phase in CALL_FACTS:
                of_calls |= np.where(facts.known(calls), bit_of(phase), 0)
            else:
                of_legs |= np.where(facts.known(legs), bit_of(phase), 0)
        self.seen.add(entries, self.floor[owner].astype(np.int32), self.newest_ms[owner])

    def _drop(self, calls: I64) -> None:
        legs = self.legs.of(calls)
        for phase, facts in self.facts.items():
            facts.ts_ms[calls if phase in CALL_FACTS else legs] = NEVER_MS
        self.newest_ms[calls] = self.closed_ms[calls] = NEVER_MS
        self.last_ended[calls] = NONE
        self.complete[calls] = False
        self.legs.drop(calls)
        self._slots.free(calls)


def _is_of_leg(phase: U8) -> Bool:
    of_leg: Bool = (phase >= Phase.answered) & (phase <= Phase.wrapped)
    return of_leg
