"""What detectors are given of a team or pool over one feed: inputs that they declare.

A new input is a class such as `Queue` below, in a file of its own or in that of its detector.
Detectors list an instance in `Detector.inputs` and read it by `DetectorInput.of`; nothing else
has to know it. CONTRIBUTING.md ("Give a detector a new input") adds one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from stream.calendar.hours import HoursLookup
from stream.calendar.schedule_union import ScheduleUnion
from stream.control.detectors.entry_runs import Entry
from stream.control.head_counts import StepFunction
from stream.control.limits import Limits
from stream.control.model import Scope
from stream.ids import TeamKey
from stream.observation.feed import Feed
from stream.windows.queue_trace import QueueTrace


class Known(IntEnum):
    """Whether a pool is evaluated."""

    no = 0
    while_asked = 1
    """No agent was ever seen, and it may be a pool of another floor: only while a call waits."""
    yes = 2


class Place(Protocol):
    """A team or pool over one feed, for which inputs are read."""

    @property
    def feed(self) -> Feed:
        """All that happened; `feed.windows` has the windows' state where it ends."""

    @property
    def scope(self) -> Scope:
        """Team or pool."""

    @property
    def number(self) -> int:
        """Of the team or pool in the feed."""

    @property
    def pool(self) -> int:
        """The pool itself, or that of the team."""

    @property
    def key(self) -> TeamKey:
        """Names; the team of a pool is empty."""

    @property
    def hours(self) -> HoursLookup:
        """Zones, peaks, opening hours and shift edges, by name."""

    @property
    def known(self) -> StepFunction:
        """Whether the pool is evaluated, as time goes (`Known`)."""

    @property
    def oldest_before_ms(self) -> int:
        """When the oldest call of the queue was offered as the last feed that read it ended."""

    def queue(self) -> QueueTrace:
        """The queue of the pool."""

    def entries(self) -> "EntryInput":
        """Entries into the entry states that may still count."""


V = TypeVar("V")


class Input(Protocol[V]):
    """Something of a team or pool that a detector depends on; an instance is its own key."""

    def read(self, place: Place) -> V:
        """Its value over the feed. Only what was known at an instant may decide at that instant."""

    def instants(self, value: V) -> Iterable[int]:
        """When it changes. Instants outside the feed are ignored; none: detectors have wake-ups."""

    def changes(self, place: Place) -> bool:
        """Whether it changes in this feed.

        Asked where a detector's alert is raised, and where `is_candidate` holds of heads that it
        reads: they are evaluated then. Others are by their wake-ups alone.
        """


class EntryInput(NamedTuple):
    """Entries of a team or pool."""

    away: StepFunction
    """Heads in aux and in the entry states."""
    entries: Sequence[Entry]
    """In order known."""
    counts: Callable[[Entry, int], bool]
    """Whether an entry counts at an instant."""
    resolution_ms: int
    """Of the source's clock."""


class Heads:
    """Changes of the heads that `Detector.counts` packs: `DetectorInput.heads`.

    An alarm of them lasts as long as they do.
    """

    def read(self, _place: Place) -> None:
        """Nothing: heads are given in any case, packed as the detector declares."""

    def instants(self, _value: None) -> Iterable[int]:
        """None of its own: `DetectorInput.instants` has those of heads."""
        return ()

    def changes(self, _place: Place) -> bool:
        """The calm filter follows heads of all teams and pools at once."""
        return False


class Entries:
    """Runs of entries into the entry states. An alarm of them is one of an instant."""

    def read(self, place: Place) -> EntryInput:
        """Entries, and heads away."""
        return place.entries()

    def instants(self, value: EntryInput) -> Iterable[int]:
        """When an entry becomes known, and when the heads away change."""
        return (*value.away.at_ms[1:], *(entry.at_ms for entry in value.entries))

    def changes(self, _place: Place) -> bool:
        """The calm filter finds runs of all teams and pools at once."""
        return False


class QueueInput(NamedTuple):
    """The queue of a pool."""

    oldest: StepFunction
    """When the oldest waiting call was offered; NEVER_MS while none waits."""
    lost: AbstractSet[int] = frozenset()
    """Instants at which calls cease to wait and no event says what became of them."""
    readings: AbstractSet[int] = frozenset()
    """Instants from which on the queue is that of a reading."""


class Queue:
    """The waiting calls of the pool."""

    def read(self, place: Place) -> QueueInput:
        """The oldest of them, and what becomes of them."""
        trace = place.queue()
        return QueueInput(
            StepFunction(trace.at_ms.tolist(), trace.oldest_since_ms.tolist()),
            frozenset(trace.lost_ms.tolist()),
            frozenset(trace.read_ms.tolist()),
        )

    def instants(self, value: QueueInput) -> Iterable[int]:
        """When another call is the oldest."""
        return value.oldest.at_ms[1:]

    def changes(self, place: Place) -> bool:
        """Whether the queue changes, or whether the pool is evaluated."""
        trace, feed = place.queue(), place.feed
        if len(trace.at_ms) > 1 or trace.oldest_since_ms[0] != place.oldest_before_ms:
            return True
        return any(feed.from_ms <= t < feed.until_ms for t in place.known.at_ms)


HEADS: Final = Heads()
ENTRIES: Final = Entries()
QUEUE: Final = Queue()


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """A pool or team, and what its detectors may depend on in [from_ms, until_ms).

    Peak, opening hours and `known` are those of the pool, also where a team is evaluated.
    """

    from_ms: int
    until_ms: int
    heads: StepFunction
    """Packed counts, as the detector's `counts` has them."""
    stale: StepFunction
    """How many of the teams are stale."""
    known: StepFunction
    """Whether the pool is evaluated (`Known`)."""
    open: ScheduleUnion | None
    """Opening hours; None: they are not known."""
    peak: ScheduleUnion
    """The scheduled peaks."""
    limits: Limits
    values: Mapping[Input[Any], Any]
    """Of the inputs that the detectors of the group declare."""

    def of(self, wanted: Input[V]) -> V:
        """The value of an input.

        Raises:
            KeyError: no detector of the group declares it.
        """
        value: V = self.values[wanted]
        return value

    def instants(self) -> set[int]:
        """The first instant, and all at which an input changes."""
        steps = (self.known, self.heads, self.stale)
        known = {self.from_ms, *(t for one in steps for t in one.at_ms[1:])}
        for one, value in self.values.items():
            known.update(one.instants(value))
        return known
