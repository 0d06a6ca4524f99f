"""Agents, calls and queues of a simulated floor, with their current state."""

from collections import deque
from dataclasses import dataclass, field

from stream.units import NEVER_MS


@dataclass(slots=True, eq=False)
class Caller:
    """A call from its arrival until it is answered or abandoned."""

    id: str
    offered_ms: int
    waiting: bool = True


@dataclass(slots=True, eq=False)
class Person:
    """An agent."""

    name: str
    team: str
    queue: "CallerQueue"
    shifts: deque[tuple[int, int]]
    state: str = "offline"
    since_ms: int = 0
    turn: int = 0
    """Counts changes of state: acts planned for an earlier turn are dropped."""
    caller: Caller | None = None
    talk_ms: int = 0
    """Talk time of the current call, as far as counted."""
    hold_ms: int = 0
    break_ms: int = NEVER_MS
    """When the next break is due; taken after the current call."""
    meal_ms: int = NEVER_MS
    leaves_ms: int = NEVER_MS

    def count_time(self, now_ms: int) -> None:
        """Add the time since the last count to the current call."""
        if self.state == "talking":
            self.talk_ms += now_ms - self.since_ms
        elif self.state == "hold":
            self.hold_ms += now_ms - self.since_ms
        self.since_ms = now_ms


@dataclass(slots=True, eq=False)
class CallerQueue:
    """The queue of a pool: first come, first served, by the agent who has been idle longest."""

    pool: str
    callers: deque[Caller] = field(default_factory=deque)
    idle: deque[tuple[Person, int]] = field(default_factory=deque)
    """With the turn in which each became available."""
    logged_in: int = 0

    def next_caller(self) -> Caller | None:
        """Remove and return the caller who has waited longest."""
        while self.callers:
            caller = self.callers.popleft()
            if caller.waiting:
                return caller
        return None

    def next_idle(self) -> Person | None:
        """Remove and return the agent who has been available longest."""
        while self.idle:
            person, turn = self.idle.popleft()
            if person.turn == turn:
                return person
        return None
