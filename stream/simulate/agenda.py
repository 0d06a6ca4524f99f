"""What is planned to happen, in the order of time."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from stream.simulate.population import Person


class Agenda:
    """A simulation's clock and plans. What is planned for one instant happens in order."""

    __slots__ = ("_count", "_plans", "now_ms")

    def __init__(self, start_ms: int) -> None:
        self.now_ms = start_ms
        self._plans: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, at_ms: int, act: Callable[[], None]) -> None:
        """Plan an act for an instant; for now, if that lies in the past."""
        self._count += 1
        heappush(self._plans, (max(at_ms, self.now_ms), self._count, act))

    def in_turn(self, person: Person, after_ms: int, act: Callable[[Person], None]) -> None:
        """Plan an act that is void once the person has turned to something else."""
        turn = person.turn
        self.at(self.now_ms + after_ms, lambda: act(person) if person.turn == turn else None)

    def until(self, end_ms: int) -> Iterator[Callable[[], None]]:
        """The acts before `end_ms`, each when the clock stands at its instant."""
        while self._plans:
            self.now_ms, _, act = heappop(self._plans)
            if self.now_ms >= end_ms:
                return
            yield act
