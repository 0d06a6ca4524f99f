"""What detectors are given of a team or pool over one feed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from stream.calendar.hours import ScheduleUnion
from stream.control.detectors.entries import Entry
from stream.control.head_counts import StepFunction
from stream.control.limits import Limits
from stream.units import NEVER_MS

NO_AWAY: Final = StepFunction([-NEVER_MS], [0])
NO_CALL: Final = StepFunction([-NEVER_MS], [NEVER_MS])


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """A pool or team, and what its detectors may depend on in [from_ms, until_ms).

    Queue, peak, opening hours and `known_ms` are those of the pool, also where a team is evaluated.
    """

    from_ms: int
    until_ms: int
    heads: StepFunction
    """Packed counts, as the detector's `counts` has them."""
    stale: StepFunction
    """How many of the teams have a silent source."""
    known_ms: int
    """Since when any agent of the pool is known; NEVER_MS: none is."""
    open: ScheduleUnion | None
    """Opening hours; None: they are not known."""
    peak: ScheduleUnion
    """The scheduled peaks."""
    limits: Limits
    oldest_since_ms: StepFunction = NO_CALL
    """With `Input.queue`: when the oldest waiting call was offered; NEVER_MS if none waits."""
    away: StepFunction = NO_AWAY
    """With `Input.entries`: heads in aux and in the entry states."""
    entries: Sequence[Entry] = ()
    """With `Input.entries`, in order known."""
    counts_entry: Callable[[Entry, int], bool] = lambda _entry, _t_ms: True
    """Whether an entry counts at an instant."""
    resolution_ms: int = 1
    """Of the source's clock."""

    def instants(self) -> set[int]:
        """The first instant, and all at which an input changes."""
        known = {self.from_ms, self.known_ms}
        for step_function in (self.heads, self.away, self.oldest_since_ms, self.stale):
            known.update(step_function.at_ms[1:])
        known.update(entry.at_ms for entry in self.entries)
        return known
