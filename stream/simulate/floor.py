"""One floor as a simulation of discrete events: alternating breaks over an M/G/c queue.

Model: statistics.md, section 8. Calls arrive as a Poisson process whose rate is `load` times the
capacity of those logged in; callers wait in one queue a pool and give up after an exponential
patience; the agent who has been idle longest gets the call. A break that falls due during a call is
taken after it, and the next one counts from the due time, so that the share of break time is as
configured.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from stream.simulate.agenda import Agenda
from stream.simulate.draws import Draws
from stream.simulate.event_writer import Event, EventWriter
from stream.simulate.plan import FloorPlan, WalkOut
from stream.simulate.population import Caller, CallerQueue, Person
from stream.units import HOUR_MS, MINUTE_MS, NEVER_MS, SECOND_MS

_LOGIN_SPREAD_MS = 2 * MINUTE_MS
_SHIFT_WITH_MEAL_MS = 4 * HOUR_MS
_WORKING = frozenset({"available", "ringing", "talking", "hold", "acw"})


class FloorSimulation:
    """Generates the events of one floor in [start_ms, end_ms), in order of time."""

    def __init__(
        self,
        plan: FloorPlan,
        start_ms: int,
        end_ms: int,
        rng: np.random.Generator,
        walk_outs: Sequence[WalkOut] = (),
    ) -> None:
        self._plan = plan
        self._habits = plan.habits
        self._start_ms = start_ms
        self._end_ms = end_ms
        self._draws = Draws(rng)
        self._agenda = Agenda(start_ms)
        self._writer = EventWriter(plan.name, plan.source)
        self._calls = 0
        self._queues: dict[str, CallerQueue] = {}
        self._people: list[Person] = []
        self._open(walk_outs)

    def events(self) -> Iterator[Event]:
        """All events in order of time, numbered by `seq`."""
        for act in self._agenda.until(self._end_ms):
            act()
            yield from self._writer.pending
            self._writer.pending.clear()

    def _open(self, walk_outs: Sequence[WalkOut]) -> None:
        for team in self._plan.teams:
            queue = self._queues.setdefault(team.pool, CallerQueue(team.pool))
            for name in team.agents:
                person = Person(name, team.name, queue, deque(team.shifts or ((0, NEVER_MS),)))
                self._people.append(person)
                self._await_shift(person)
        for queue in self._queues.values():
            self._await_caller(queue)
        for walk_out in walk_outs:
            self._agenda.at(walk_out.at_ms, partial(self._walk_out, walk_out))
        if self._plan.heartbeat_ms is not None:
            self._agenda.at(self._start_ms + self._plan.heartbeat_ms, self._beat)

    def _beat(self) -> None:
        assert self._plan.heartbeat_ms is not None
        self._writer.heartbeat(self._agenda.now_ms)
        self._agenda.at(self._agenda.now_ms + self._plan.heartbeat_ms, self._beat)

    def _await_shift(self, person: Person) -> None:
        while person.shifts and person.shifts[0][1] <= self._agenda.now_ms:
            person.shifts.popleft()
        if not person.shifts:
            return
        start_ms, end_ms = person.shifts.popleft()
        begun = start_ms <= self._start_ms
        wait_ms = 0 if begun else round(self._draws.uniform() * _LOGIN_SPREAD_MS)
        person.leaves_ms = end_ms
        self._agenda.at(
            max(start_ms, self._start_ms) + wait_ms, lambda: self._log_in(person, begun=begun)
        )

    def _log_in(self, person: Person, *, begun: bool) -> None:
        """Log in; agents whose shift began before the first event are found in some state."""
        habits = self._habits
        length_ms = person.leaves_ms - self._agenda.now_ms
        if _SHIFT_WITH_MEAL_MS <= length_ms < NEVER_MS // 2:
            person.meal_ms = self._agenda.now_ms + round(
                length_ms * (1 + self._draws.uniform()) / 3
            )
        person.queue.logged_in += 1
        on_break = begun and self._draws.uniform() < habits.aux_rate
        person.break_ms = self._agenda.now_ms + (0 if on_break else self._work_ms())
        if begun:
            self._writer.turn(
                self._agenda.now_ms, person, "aux" if on_break else "available", sync=True
            )
        if on_break:
            self._return_after(person, self._draws.exponential(habits.aux_spell_ms))
        else:
            self._be_free(person)

    def _work_ms(self) -> int:
        habits = self._habits
        if not habits.aux_rate:
            return NEVER_MS // 2
        return self._draws.exponential(
            habits.aux_spell_ms * (1 - habits.aux_rate) / habits.aux_rate
        )

    def _return_after(self, person: Person, spell_ms: int) -> None:
        person.break_ms = (
            max(person.break_ms, self._agenda.now_ms - HOUR_MS) + spell_ms + self._work_ms()
        )
        self._agenda.in_turn(person, spell_ms, self._be_free)

    def _be_free(self, person: Person) -> None:
        """Do whatever comes next: go home, a meal, a break, a caller, or wait for one."""
        now_ms = self._agenda.now_ms
        if person.leaves_ms <= now_ms:
            self._writer.turn(self._agenda.now_ms, person, "offline")
            person.queue.logged_in -= 1
            self._await_shift(person)
        elif person.meal_ms <= now_ms:
            person.meal_ms = NEVER_MS
            self._writer.turn(self._agenda.now_ms, person, "meal")
            self._agenda.in_turn(person, self._habits.meal_ms, self._be_free)
        elif person.break_ms <= now_ms:
            self._writer.turn(self._agenda.now_ms, person, "aux")
            self._return_after(person, self._draws.exponential(self._habits.aux_spell_ms))
        elif (caller := person.queue.next_caller()) is not None:
            self._ring(person, caller)
        else:
            self._wait(person)

    def _wait(self, person: Person) -> None:
        if person.state != "available":
            self._writer.turn(self._agenda.now_ms, person, "available")
        person.queue.idle.append((person, person.turn))
        due_ms = min(person.leaves_ms, person.meal_ms, person.break_ms)
        self._agenda.in_turn(person, due_ms - self._agenda.now_ms, self._be_free)

    def _await_caller(self, queue: CallerQueue) -> None:
        habits = self._habits
        capacity = queue.logged_in * (1 - habits.aux_rate)
        if not capacity:
            self._agenda.at(self._agenda.now_ms + 10 * SECOND_MS, lambda: self._await_caller(queue))
            return
        handle_ms = (
            habits.talk_ms + habits.hold_share * habits.hold_ms + habits.acw_ms + habits.ring_ms
        )
        gap_ms = self._draws.exponential(handle_ms / (habits.load * capacity))
        self._agenda.at(self._agenda.now_ms + gap_ms, lambda: self._arrive(queue))

    def _arrive(self, queue: CallerQueue) -> None:
        self._calls += 1
        caller = Caller(f"c{self._calls:07d}", self._agenda.now_ms)
        self._writer.call(self._agenda.now_ms, caller, queue.pool, "offered")
        person = queue.next_idle()
        if person is not None:
            self._ring(person, caller)
        else:
            queue.callers.append(caller)
            patience_ms = self._draws.exponential(self._habits.patience_ms)
            self._agenda.at(self._agenda.now_ms + patience_ms, lambda: self._give_up(queue, caller))
        self._await_caller(queue)

    def _give_up(self, queue: CallerQueue, caller: Caller) -> None:
        if caller.waiting:
            caller.waiting = False
            self._writer.call(
                self._agenda.now_ms, caller, queue.pool, "abandoned", wait_s=self._wait_s(caller)
            )

    def _ring(self, person: Person, caller: Caller) -> None:
        caller.waiting = False
        person.caller = caller
        self._writer.turn(self._agenda.now_ms, person, "ringing")
        self._agenda.in_turn(
            person, 500 + self._draws.exponential(self._habits.ring_ms - 500), self._answer
        )

    def _answer(self, person: Person) -> None:
        caller = person.caller
        assert caller is not None
        self._writer.call(
            self._agenda.now_ms,
            caller,
            person.queue.pool,
            "answered",
            agent=person.name,
            team=person.team,
            wait_s=self._wait_s(caller),
        )
        person.talk_ms = person.hold_ms = 0
        self._writer.turn(self._agenda.now_ms, person, "talking")
        habits = self._habits
        talk_ms = 1 + self._draws.lognormal(habits.talk_ms, habits.handle_spread)
        if self._draws.uniform() >= habits.hold_share:
            self._agenda.in_turn(person, talk_ms, self._hang_up)
            return
        before_ms = round(talk_ms * self._draws.uniform())
        self._agenda.in_turn(person, before_ms, lambda one: self._hold(one, talk_ms - before_ms))

    def _hold(self, person: Person, talk_ms: int) -> None:
        self._writer.turn(self._agenda.now_ms, person, "hold")
        self._agenda.in_turn(
            person,
            1 + self._draws.exponential(self._habits.hold_ms),
            lambda one: self._resume(one, talk_ms),
        )

    def _resume(self, person: Person, talk_ms: int) -> None:
        self._writer.turn(self._agenda.now_ms, person, "talking")
        self._agenda.in_turn(person, talk_ms, self._hang_up)

    def _hang_up(self, person: Person) -> None:
        self._end_call(person, "caller")
        self._writer.turn(self._agenda.now_ms, person, "acw")
        acw_ms = 1 + self._draws.lognormal(self._habits.acw_ms, self._habits.handle_spread)
        self._agenda.in_turn(person, acw_ms, self._wrap_up)

    def _end_call(self, person: Person, by: str) -> None:
        assert person.caller is not None
        person.count_time(self._agenda.now_ms)
        self._writer.call(
            self._agenda.now_ms,
            person.caller,
            person.queue.pool,
            "ended",
            agent=person.name,
            team=person.team,
            talk_s=person.talk_ms / 1000,
            hold_s=person.hold_ms / 1000,
            reason=by,
        )

    def _wrap_up(self, person: Person) -> None:
        self._end_acw(person)
        self._be_free(person)

    def _end_acw(self, person: Person) -> None:
        assert person.caller is not None
        self._writer.call(
            self._agenda.now_ms,
            person.caller,
            person.queue.pool,
            "wrapped",
            agent=person.name,
            team=person.team,
            acw_s=(self._agenda.now_ms - person.since_ms) / 1000,
        )
        person.caller = None

    def _wait_s(self, caller: Caller) -> float:
        return (self._agenda.now_ms - caller.offered_ms) / 1000

    def _walk_out(self, walk_out: WalkOut) -> None:
        """Choose people at work: the first goes now, the last `within_ms` later."""
        working = [
            one for one in self._people if one.team == walk_out.team and one.state in _WORKING
        ]
        movers = sorted(working, key=lambda _: self._draws.uniform())[: walk_out.heads]
        steps = max(1, len(movers) - 1)
        for place, person in enumerate(movers):
            person.break_ms = max(person.break_ms, walk_out.at_ms + walk_out.lasts_ms)
            self._agenda.at(
                walk_out.at_ms + walk_out.within_ms * place // steps,
                partial(self._walk, person, walk_out.lasts_ms),
            )

    def _walk(self, person: Person, lasts_ms: int) -> None:
        if person.state not in _WORKING:
            return
        if person.state in ("talking", "hold"):
            self._end_call(person, "agent")
            person.caller = None
        elif person.state == "acw":
            self._end_acw(person)
        elif person.state == "ringing" and person.caller is not None:
            self._send_back(person.queue, person.caller)
            person.caller = None
        self._writer.turn(self._agenda.now_ms, person, "aux")
        self._agenda.in_turn(person, lasts_ms, self._be_free)

    def _send_back(self, queue: CallerQueue, caller: Caller) -> None:
        """Put a ringing caller back to the front of the queue."""
        caller.waiting = True
        queue.callers.appendleft(caller)
        patience_ms = self._draws.exponential(self._habits.patience_ms)
        self._agenda.at(self._agenda.now_ms + patience_ms, lambda: self._give_up(queue, caller))
