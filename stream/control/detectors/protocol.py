"""The shape of a detector: all that it is told, and all that it answers.

A detector is judged per pool or per team. It is one file with its rule, its state, its line in the
views and its words, and one place in `detectors.registry`. The rest of control goes through those
lists: it calls, carries, stores, shows and tells a detector without knowing which one it is.

What an author need not do, and must know:

- `stream.control.alerts.lifecycle.advance` makes the episode: ids, steps, a clear dwell of one
  minute and reopening within ten. A detector says what alarms now, and what is calm.
- Nothing is held for it. Share is held at shift edges and while n jumps, collective at shift edges;
  the gate decides how loud they are. A detector's own loudness is what it says.
- A silent source is seen in `DetectorInput.stale`; whether it then raises or clears is its own
  affair.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from stream.calendar.hours import ScheduleUnion
from stream.control.episode import NO_EPISODE, AlertStep, Episode
from stream.control.head_counts import CountPacking
from stream.control.model import Verdict
from stream.control.step_function import StepFunction
from stream.events.language import I64, Bool
from stream.units import NEVER_MS

Texts = Mapping[str, Mapping[str, str]]
"""By language ("en", "zh"), then by key; placeholders in braces as in `control.alerts.texts`."""


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """A pool or team, and what a detector may depend on in [from_ms, until_ms).

    Queue, peak, opening hours and `known_ms` are those of the pool, also where a team is watched.
    """

    from_ms: int
    until_ms: int
    heads: StepFunction
    """Packed counts, as the detector's `counts` has them."""
    oldest_since_ms: StepFunction
    """When the oldest waiting call was offered; NEVER_MS if none waits."""
    stale: StepFunction
    """How many of the teams watched have a silent source."""
    known_ms: int
    """Since when any agent of the pool is known; NEVER_MS: none is."""
    open: ScheduleUnion | None
    """Opening hours; None: they are not known."""
    peak: ScheduleUnion
    """The scheduled peaks."""
    name: Callable[[str, int], str]
    """The id of an alert, by its detector and onset."""

    def instants(self, *more: int) -> list[int]:
        """The first instant, all at which heads, queue or silence change, and more, in order."""
        known = {self.from_ms, self.known_ms, *more}
        for step_function in (self.heads, self.oldest_since_ms, self.stale):
            known.update(step_function.at_ms[1:])
        return sorted(t for t in known if self.from_ms <= t < self.until_ms)


@dataclass(frozen=True, slots=True)
class DetectorState:
    """What a detector carries of a pool or team: its episode, and instants (ms) in own fields.

    Every field has the value of one not judged yet; that value is not stored. Whoever changes the
    fields of a detector's state changes `stream.control.state_codec.FORMAT` too.
    """

    episode: Episode = NO_EPISODE


S = TypeVar("S", bound=DetectorState)


class Finding(NamedTuple):
    """A step in the life of a detector's alert, and what was found at its instant."""

    at_ms: int
    step: AlertStep
    evidence: Mapping[str, object]
    """JSON values. Control puts to them how long the alert lasted (`lasted_s`), the queue
    (`waiting`, `oldest_wait_s`, `free`), gate, peak, local time and configuration."""


DetectorResult = tuple[S, list[Finding], int]
"""The state from until_ms on, the steps taken, and when it is due without events."""


def judge_instants(
    watched: DetectorInput,
    state: S,
    instants: list[int],
    judge: Callable[[int, S], tuple[S, list[Finding]]],
    next_wakeup_ms: Callable[[int, S], int],
) -> DetectorResult[S]:
    """Judge the instants given, and those that follow from the state; each once, in order.

    Args:
        watched: what is judged.
        state: as it was before.
        instants: as `DetectorInput.instants` gives them.
        judge: one instant.
        next_wakeup_ms: the first instant after one just judged at which something may follow from
            the state; NEVER_MS: none.
    """
    found: list[Finding] = []
    place, next_ms = 0, watched.from_ms
    while True:
        planned_ms = instants[place] if place < len(instants) else NEVER_MS
        t_ms = min(planned_ms, next_ms)
        if t_ms >= watched.until_ms:
            return state, found, next_ms
        place += planned_ms == t_ms
        state, now = judge(t_ms, state)
        found += now
        next_ms = next_wakeup_ms(t_ms, state)


class CurrentCounts(NamedTuple):
    """A pool or team where the last feed ended."""

    counts: tuple[int, int, int]
    """As the detector's `counts` has them."""
    staffed: int
    unknown: int
    stale: bool
    known: bool
    """Any agent of the pool was ever seen."""
    asked: bool
    """The pool has opening hours, or a call or queue event of it was ever seen."""


class DetectorStatus(NamedTuple):
    """A detector's line in the views while no alert of it is raised, and its figures always."""

    state: Verdict
    statistic: float
    limit: float


class Seconds(int):
    """Seconds that are told as a time that reads well."""


class Phrase(NamedTuple):
    """The key of a text, and what fills it: numbers, words, `Seconds`."""

    key: str
    facts: Mapping[str, object] = {}


class AlertWording(NamedTuple):
    """What is told of an alert; label, place, queue and time are put to it."""

    title: Phrase
    what: Phrase
    do: Phrase
    queue: bool
    """Whether what callers see is told."""


class Detector(Protocol[S]):
    """A rule that is judged per pool or team, instant by instant."""

    @property
    def name(self) -> str:
        """In transitions, views and the stored state, for good."""

    @property
    def initial(self) -> S:
        """The state of a pool or team not judged yet."""

    @property
    def overrules(self) -> bool:
        """Whether its alert is the verdict of its pool and all its teams, or of its team alone.

        It is so at any number of heads. Otherwise it counts in that verdict among the others.
        """

    @property
    def counts(self) -> CountPacking:
        """Up to three sets of states whose heads it looks at.

        They are in `DetectorInput.heads`, in `is_candidate` and in `CurrentCounts`.

        `first`, `second`, `third` and `unpack` of `control.head_counts` read them.
        """

    @property
    def texts(self) -> Texts:
        """Texts of its own, beside those of `control.alerts.texts`, whose keys are not free."""

    def judge(self, watched: DetectorInput, state: S) -> DetectorResult[S]:
        """Judge each instant at which anything may change, each once (see `judge_instants`).

        Returns the state from then on, the steps taken, and the first instant from until_ms on
        at which it must be judged even if nothing happens, such as the edge of a peak; NEVER_MS:
        none. A call without events at any other instant must come to nothing.
        """

    def is_candidate(self, packed: I64) -> Bool:
        """For packed counts: whether their pool or team is not calm.

        One that is calm and without an alert is not judged before it is due: nothing that happens
        in it may change state or raise anything. A detector that is never calm answers True.
        """

    def standing(self, now: CurrentCounts) -> DetectorStatus:
        """Its line in the views.

        A group too small to be judged is `facts_only`, one whose source is silent `stale`.
        """

    def raised(self, evidence: Mapping[str, Any]) -> AlertWording:
        """What is told while its alert is raised, from the whole evidence of a transition."""

    def cleared(self, evidence: Mapping[str, Any]) -> Phrase:
        """What is seen at the end of an alert."""
