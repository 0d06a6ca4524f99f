"""Planned acts, in order of time."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from stream.simulate.population import Person


class Agenda:
    """The clock and the plans of a simulation. Acts of one instant run in the order of planning."""

    __slots__ = ("_count", "_plans", "now_ms")

    def __init__(self, start_ms: int) -> None:
        self.now_ms = start_ms
        self._plans: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, at_ms: int, act: Callable[[], None]) -> None:
        """Plan an act for an instant, or for now if the instant is past."""
        self._count += 1
        heappush(self._plans, (max(at_ms, self.now_ms), self._count, act))

    def in_turn(self, person: Person, after_ms: int, act: Callable[[Person], None]) -> None:
        """Plan an act that is dropped once the person has changed state."""
        turn = person.turn
        self.at(self.now_ms + after_ms, lambda: act(person) if person.turn == turn else None)

    def until(self, end_ms: int) -> Iterator[Callable[[], None]]:
        """The acts before `end_ms`, with the clock set to the instant of each."""
        while self._plans:
            self.now_ms, _, act = heappop(self._plans)
            if self.now_ms >= end_ms:
                return
            yield act
