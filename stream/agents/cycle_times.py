"""When a task works: twice a second, each task of a worker at instants of its own.

Pure: monotonic time is an argument. Instants are counted from a fixed phase, not from when work was
done last: a refresh that begins late delays no other one, and none is left out.
"""

from dataclasses import dataclass
from typing import Final

from stream.units import SECOND_MS

CYCLE_MS: Final = 500
"""How long a live task gathers records at most. Each batch costs about 3 ms, whatever its size, and
Kafka delivers live records in very small ones."""
TICK_MS: Final = SECOND_MS
"""How often a task commits and refreshes figures while anything changes."""


@dataclass(slots=True)
class CycleTimes:
    """The instants at which one task works: its cycles, of which every second one is a tick."""

    phase_ms: int = 0
    """From 0 to TICK_MS: so that the tasks of a worker do not all work at the same instant."""

    def share(self, place: int, tasks: int) -> None:
        """Set the phase of one of so many tasks; `place` counts from 0."""
        self.phase_ms = TICK_MS * place // tasks

    def tick(self, now_ms: int) -> int:
        """The number of the last tick."""
        return (now_ms - self.phase_ms) // TICK_MS

    def next_cycle_ms(self, now_ms: int) -> int:
        """The first instant after now at which a cycle begins."""
        return now_ms + CYCLE_MS - (now_ms - self.phase_ms) % CYCLE_MS
