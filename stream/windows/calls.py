"""Calls: what was said of each, once, and what it counts for.

A call has legs, one for each agent who took it (a transfer is a second leg). What a call counts
for is a pure function of what is known of it; when something new becomes known the old
contribution is taken away and the new one added, so neither order nor repetition matters.
"""

import numpy as np

from stream.events.batch import CallRows
from stream.events.language import I64, U8, Bool, Phase
from stream.events.names import Names
from stream.spec import WindowSpec
from stream.units import HOUR_MS, NEVER_MS
from stream.windows.facts import CALL_FACTS, LEG_FACTS, NONE, VALUES, Facts
from stream.windows.grouping import grown
from stream.windows.told import Run, Told, call_hashes, fact_hashes

OPEN_MS_MOST = 24 * HOUR_MS
"""An open call older than this is forgotten: its end was lost."""
WAITING_MS_MOST = HOUR_MS
"""A call that has waited longer than this is not counted as waiting: its end was lost."""


class Calls:
    """All calls of a shard that are open or may still be spoken of."""

    def __init__(self, names: Names, spec: WindowSpec) -> None:
        self._names = names
        self._horizon_ms = spec.horizon_ms
        self.slot_of: dict[tuple[int, str], int] = {}
        self.leg_of: dict[tuple[int, int], int] = {}
        self.keys: list[tuple[int, str]] = []
        self.leg_keys: list[tuple[int, int]] = []
        self._free: list[int] = []
        self._free_legs: list[int] = []
        self.told = Told()
        self.facts = {phase: Facts() for phase in (*CALL_FACTS, *LEG_FACTS)}
        self.newest_ms = np.full(64, NEVER_MS, np.int64)
        """The latest instant told of each call; NEVER_MS for a free slot."""
        self.floor = np.zeros(64, np.int64)
        self.complete = np.zeros(64, np.bool_)
        """Whether all is known that the call counts for."""
        self.closed_ms = np.full(64, NEVER_MS, np.int64)
        self.first_leg = np.full(64, NONE, np.int64)
        self.last_ended = np.full(64, NONE, np.int64)
        self.nameless_leg = np.full(64, NONE, np.int64)
        """The leg of a call of which no agent was named."""
        self.next_leg = np.full(64, NONE, np.int64)
        self.call_of_leg = np.zeros(64, np.int64)

    # -- taking in

    def untold(self, rows: CallRows, agent: I64) -> tuple[Bool, list[tuple[int, str]]]:
        """Which events say something new, (N,), and the key of each such event's call.

        Nothing new is what was told already of calls that are over.
        """
        keys = list(zip(rows.floor.tolist(), rows.call, strict=True))
        fresh = np.ones(len(keys), np.bool_)
        if self.told.runs:
            gone = [index for index, key in enumerate(keys) if key not in self.slot_of]
            calls = call_hashes([keys[index] for index in gone])
            phase = rows.phase[gone].astype(np.int64)
            fresh[gone] = ~self.told.holds(fact_hashes(calls, phase, agent[gone]))
        if not fresh.all():
            keys = [keys[index] for index in np.flatnonzero(fresh).tolist()]
        return fresh, keys

    def push(self, rows: CallRows, agent: I64, slot: I64) -> None:
        """Take in what events say of calls; agent: (N,) agent number, NONE without."""
        fresh = self.newest_ms[slot] == NEVER_MS
        self.newest_ms[slot[fresh]] = rows.ts_ms[fresh]
        np.maximum.at(self.newest_ms, slot, rows.ts_ms)
        self.floor[slot] = rows.floor
        leg = self._legs(slot, rows.phase, agent)
        for phase, facts in self.facts.items():
            mine = np.flatnonzero(rows.phase == phase)
            if len(mine):
                self._enter(facts, slot[mine] if phase in CALL_FACTS else leg[mine], rows, mine)
        self.close(np.unique(slot))

    def open_slots(self, keys: list[tuple[int, str]]) -> I64:
        """The slot of each (floor, call); new calls are given one."""
        found = list(map(self.slot_of.get, keys))
        if None in found:
            found = [self._slot(key) for key in keys]
            self._make_room()
        return np.array(found, np.int64)

    def held(self) -> I64:
        """The slots of all calls."""
        return np.flatnonzero(self.newest_ms[: len(self.keys)] < NEVER_MS)

    def _slot(self, key: tuple[int, str]) -> int:
        slot = self.slot_of.get(key)
        if slot is None:
            if self._free:
                slot = self._free.pop()
                self.keys[slot] = key
            else:
                slot = len(self.keys)
                self.keys.append(key)
            self.slot_of[key] = slot
        return slot

    def _make_room(self) -> None:
        size = len(self.keys)
        if size <= len(self.newest_ms):
            return
        for phase in CALL_FACTS:
            self.facts[phase].make_room(size)
        self.newest_ms = grown(self.newest_ms, size, NEVER_MS)
        self.floor = grown(self.floor, size)
        self.complete = grown(self.complete, size)
        self.closed_ms = grown(self.closed_ms, size, NEVER_MS)
        self.first_leg = grown(self.first_leg, size, NONE)
        self.nameless_leg = grown(self.nameless_leg, size, NONE)
        self.last_ended = grown(self.last_ended, size, NONE)

    def _legs(self, slot: I64, phase: U8, agent: I64) -> I64:
        """The leg of each event that has one, NONE for the others."""
        legs = np.full(len(slot), NONE, np.int64)
        of_leg = np.flatnonzero((phase >= Phase.answered) & (phase <= Phase.wrapped))
        keys = list(zip(slot[of_leg].tolist(), agent[of_leg].tolist(), strict=True))
        legs[of_leg] = self.open_legs(keys)
        return legs

    def open_legs(self, keys: list[tuple[int, int]]) -> I64:
        """The leg of each (slot, agent); new legs are opened."""
        found = list(map(self.leg_of.get, keys))
        if None in found:
            new = list(dict.fromkeys(key for key in keys if key not in self.leg_of))
            self._open_new_legs(new)
            found = list(map(self.leg_of.get, keys))
        return np.array(found, np.int64)

    def _open_new_legs(self, keys: list[tuple[int, int]]) -> None:
        reused = [self._free_legs.pop() for _ in range(min(len(keys), len(self._free_legs)))]
        for leg, key in zip(reused, keys, strict=False):
            self.leg_keys[leg] = key
        legs = [*reused, *range(len(self.leg_keys), len(self.leg_keys) + len(keys) - len(reused))]
        self.leg_keys += keys[len(reused) :]
        self._make_leg_room()
        self.leg_of.update(zip(keys, legs, strict=True))
        first, following, call_of_leg = self.first_leg, self.next_leg, self.call_of_leg
        for leg, (call, agent) in zip(legs, keys, strict=True):
            call_of_leg[leg] = call
            following[leg] = first[call]
            first[call] = leg
            if agent == NONE:
                self.nameless_leg[call] = leg

    def _make_leg_room(self) -> None:
        size = len(self.leg_keys)
        if size <= len(self.next_leg):
            return
        for phase in LEG_FACTS:
            self.facts[phase].make_room(size)
        self.next_leg = grown(self.next_leg, size, NONE)
        self.call_of_leg = grown(self.call_of_leg, size)

    def _enter(self, facts: Facts, place: I64, rows: CallRows, at: I64) -> None:
        """Enter facts; a second one of the same key counts only if it is the lesser."""
        _, first = np.unique(place, return_index=True)
        fresh = np.zeros(len(place), np.bool_)
        fresh[first] = facts.ts_ms[place[first]] == NEVER_MS
        facts.put(place[fresh], rows, at[fresh])
        for index in np.flatnonzero(~fresh).tolist():
            slot, row = place[index : index + 1], at[index : index + 1]
            if self._weight(rows, int(row[0])) < self._weight(facts, int(slot[0])):
                facts.put(slot, rows, row)

    def _weight(self, columns: CallRows | Facts, at: int) -> tuple[int | bytes, ...]:
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
        wrapped = self.facts[Phase.wrapped].ts_ms
        complete = closed < NEVER_MS
        leg = self.first_leg[calls]
        complete |= leg != NONE
        while (leg != NONE).any():
            there = np.flatnonzero(leg != NONE)
            mine = leg[there]
            closed[there] = np.minimum(closed[there], np.minimum(answered[mine], ended[mine]))
            known = ended[mine] < NEVER_MS
            later = known & self._ended_after(ended[mine], mine, last_ms[there], last[there])
            last[there[later]], last_ms[there[later]] = mine[later], ended[mine[later]]
            complete[there] &= known & (wrapped[mine] < NEVER_MS)
            leg[there] = self.next_leg[mine]
        self.closed_ms[calls], self.last_ended[calls] = closed, last
        self.complete[calls] = complete

    def _ended_after(self, ended_ms: I64, leg: I64, last_ms: I64, last: I64) -> Bool:
        """Later, or at the same time with the greater agent: never by order of arrival."""
        after = ended_ms > last_ms
        for index in np.flatnonzero(ended_ms == last_ms).tolist():
            after[index] = self._agent_of(int(leg[index])) > self._agent_of(int(last[index]))
        return after

    def _agent_of(self, leg: int) -> bytes:
        agent = self.leg_keys[leg][1]
        return b"" if agent == NONE else self._names.agents.keys[agent][1].encode()

    def legs_of(self, calls: I64) -> I64:
        """All legs of the calls."""
        found = []
        leg = self.first_leg[calls]
        while len(leg := leg[leg != NONE]):
            found.append(leg)
            leg = self.next_leg[leg]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    # -- the queue

    def waiting(self, from_ms: int, until_ms: int) -> tuple[I64, I64, I64]:
        """Calls that wait at some instant of [from_ms, until_ms]: pool, offered, no longer."""
        count = len(self.keys)
        offered = self.facts[Phase.offered]
        offered_ms = offered.ts_ms[:count]
        end_ms = np.minimum(
            self.closed_ms[:count], np.where(offered_ms < NEVER_MS, offered_ms, 0) + WAITING_MS_MOST
        )
        at = np.flatnonzero((offered_ms <= until_ms) & (end_ms > from_ms))
        return offered.pool[at], offered_ms[at], end_ms[at]

    # -- forgetting

    def retire(self, cut_ms: I64, greatest_ms: I64) -> None:
        """Let go of calls of which nothing more can be said that counts.

        cut_ms, greatest_ms: (floors,) no event before the cut can be admitted; the greatest
        watermark. A call goes when it is complete and before the cut, or closed and before the
        horizon, or open for longer than any call lasts.
        """
        at = self.held()
        floor = self.floor[at]
        age_ms = greatest_ms[floor] - self.newest_ms[at]
        over = self.complete[at] & (self.newest_ms[at] < cut_ms[floor])
        over |= (self._is_closed(at) & (age_ms > self._horizon_ms)) | (age_ms > OPEN_MS_MOST)
        gone = at[over]
        if len(gone):
            self._remember(gone)
            self._drop(gone)
        self.told.forget(greatest_ms - self._horizon_ms)

    def _is_closed(self, calls: I64) -> Bool:
        closed: Bool = (self.last_ended[calls] != NONE) | (
            self.facts[Phase.abandoned].ts_ms[calls] < NEVER_MS
        )
        return closed

    def _remember(self, calls: I64) -> None:
        """What was told of calls, against repeats."""
        legs = self.legs_of(calls)
        who = np.array([self.leg_keys[leg][1] for leg in legs.tolist()], np.int64)
        place = np.searchsorted(calls, self.call_of_leg[legs])
        hashed = call_hashes([self.keys[slot] for slot in calls.tolist()])
        nobody = np.full(len(calls), NONE, np.int64)
        for phase, facts in self.facts.items():
            if phase in CALL_FACTS:
                known = np.flatnonzero(facts.ts_ms[calls] < NEVER_MS)
                owner, agent = known, nobody[known]
            else:
                known = np.flatnonzero(facts.ts_ms[legs] < NEVER_MS)
                owner, agent = place[known], who[known]
            hashes = fact_hashes(hashed[owner], np.full(len(known), int(phase)), agent)
            floor = self.floor[calls[owner]].astype(np.int32)
            self.told.add(Run(hashes, floor, self.newest_ms[calls[owner]]))

    def _drop(self, calls: I64) -> None:
        legs = self.legs_of(calls)
        for leg in legs.tolist():
            del self.leg_of[self.leg_keys[leg]]
        for slot in calls.tolist():
            del self.slot_of[self.keys[slot]]
        for phase, facts in self.facts.items():
            facts.ts_ms[calls if phase in CALL_FACTS else legs] = NEVER_MS
        self.newest_ms[calls] = self.closed_ms[calls] = NEVER_MS
        self.first_leg[calls] = self.last_ended[calls] = self.nameless_leg[calls] = NONE
        self.complete[calls] = False
        self._free += calls.tolist()
        self._free_legs += legs.tolist()
