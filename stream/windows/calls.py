"""Calls: what was said of each, once, and what it counts for.

A call has legs, one for each agent who took it (a transfer is a second leg). What a call counts
for is a pure function of what is known of it; when something new becomes known the old
contribution is taken away and the new one added, so neither order nor repetition matters.
"""

from collections import deque

import numpy as np

from stream.events.batch import CallRows
from stream.events.language import I64, U8, Bool, Phase
from stream.events.names import Names
from stream.spec import WindowSpec
from stream.units import HOUR_MS, NEVER_MS
from stream.windows.grouping import grown

NONE = -1
OPEN_MS_MOST = 24 * HOUR_MS
"""An open call older than this is forgotten: its end was lost."""
WAITING_MS_MOST = HOUR_MS
"""A call that has waited longer than this is not counted as waiting: its end was lost."""

_FORGOTTEN_AT_ONCE = 10_000

CALL_FACTS = {Phase.offered: "offered", Phase.abandoned: "abandoned"}
LEG_FACTS = {Phase.answered: "answered", Phase.ended: "ended", Phase.wrapped: "wrapped"}
VALUES = ("ts_ms", "wait_ms", "talk_ms", "hold_ms", "acw_ms", "pool", "seat")
"""A fact's values. Of two facts that contradict each other the least counts, in this order;
pools and teams by the bytes of their names."""


class Facts:
    """One phase of many calls or legs, in columns; ts_ms is NEVER_MS where it is not known."""

    def __init__(self) -> None:
        self.ts_ms = np.full(64, NEVER_MS, np.int64)
        self.wait_ms = np.zeros(64, np.int64)
        self.talk_ms = np.zeros(64, np.int64)
        self.hold_ms = np.zeros(64, np.int64)
        self.acw_ms = np.zeros(64, np.int64)
        self.pool = np.zeros(64, np.int64)
        self.seat = np.zeros(64, np.int64)

    def make_room(self, size: int) -> None:
        """Follow the number of slots."""
        self.ts_ms = grown(self.ts_ms, size, NEVER_MS)
        for name in VALUES[1:]:
            setattr(self, name, grown(getattr(self, name), size))

    def put(self, slot: I64, rows: CallRows, at: I64) -> None:
        """Enter facts of which nothing was known."""
        for name in VALUES:
            getattr(self, name)[slot] = getattr(rows, name)[at]


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
        self._by_age: deque[int] = deque()
        self.facts = {phase: Facts() for phase in (*CALL_FACTS, *LEG_FACTS)}
        self.newest_ms = np.zeros(64, np.int64)
        self.closed_ms = np.full(64, NEVER_MS, np.int64)
        self.first_leg = np.full(64, NONE, np.int64)
        self.last_ended = np.full(64, NONE, np.int64)
        self.nameless_leg = np.full(64, NONE, np.int64)
        """The leg of a call of which no agent was named."""
        self.next_leg = np.full(64, NONE, np.int64)
        self.call_of_leg = np.zeros(64, np.int64)

    # -- taking in

    def slots(self, rows: CallRows) -> I64:
        """The slot of each event's call; a new call is given one."""
        return self.open_slots(list(zip(rows.floor.tolist(), rows.call, strict=True)))

    def push(self, rows: CallRows, agent: I64, slot: I64) -> None:
        """Take in what events say of calls; agent: (N,) agent number, NONE without."""
        np.maximum.at(self.newest_ms, slot, rows.ts_ms)
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

    def in_order(self) -> list[int]:
        """The slots of all calls, first seen first."""
        return list(self._by_age)

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
            self._by_age.append(slot)
        return slot

    def _make_room(self) -> None:
        size = len(self.keys)
        if size <= len(self.newest_ms):
            return
        for phase in CALL_FACTS:
            self.facts[phase].make_room(size)
        self.newest_ms = grown(self.newest_ms, size)
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
        """When each call stopped waiting, and which of its legs ended last."""
        closed = self.facts[Phase.abandoned].ts_ms[calls].copy()
        last = np.full(len(calls), NONE, np.int64)
        last_ms = np.full(len(calls), -NEVER_MS, np.int64)
        ended = self.facts[Phase.ended].ts_ms
        answered = self.facts[Phase.answered].ts_ms
        leg = self.first_leg[calls]
        while (leg != NONE).any():
            there = np.flatnonzero(leg != NONE)
            mine = leg[there]
            closed[there] = np.minimum(closed[there], np.minimum(answered[mine], ended[mine]))
            known = ended[mine] < NEVER_MS
            later = known & self._ended_after(ended[mine], mine, last_ms[there], last[there])
            last[there[later]], last_ms[there[later]] = mine[later], ended[mine[later]]
            leg[there] = self.next_leg[mine]
        self.closed_ms[calls], self.last_ended[calls] = closed, last

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

    def forget(self, greatest_ms: I64) -> None:
        """Forget calls of which nothing more can be said: closed, all of it before the horizon.

        greatest_ms: (floors,) the greatest watermark of each floor. Looks at the oldest calls
        only, so the cost follows the number of new ones.
        """
        for _ in range(min(len(self._by_age), _FORGOTTEN_AT_ONCE)):
            slot = self._by_age[0]
            age_ms = int(greatest_ms[self.keys[slot][0]]) - int(self.newest_ms[slot])
            if age_ms <= self._horizon_ms:
                break
            self._by_age.popleft()
            if self._is_open(slot) and age_ms <= OPEN_MS_MOST:
                self._by_age.append(slot)
                continue
            self._drop(slot)

    def _is_open(self, slot: int) -> bool:
        if self.facts[Phase.abandoned].ts_ms[slot] < NEVER_MS:
            return False
        legs = self.legs_of(np.array([slot]))
        return not len(legs) or bool((self.facts[Phase.ended].ts_ms[legs] == NEVER_MS).all())

    def _drop(self, slot: int) -> None:
        for leg in self.legs_of(np.array([slot])).tolist():
            del self.leg_of[self.leg_keys[leg]]
            for phase in LEG_FACTS:
                self.facts[phase].ts_ms[leg] = NEVER_MS
            self._free_legs.append(leg)
        del self.slot_of[self.keys[slot]]
        for phase in CALL_FACTS:
            self.facts[phase].ts_ms[slot] = NEVER_MS
        self.newest_ms[slot], self.closed_ms[slot] = 0, NEVER_MS
        self.first_leg[slot] = self.last_ended[slot] = self.nameless_leg[slot] = NONE
        self._free.append(slot)
