"""The shape of a pool's detector: all that it is told, and all that it answers.

A detector of this shape is one file with its rule, its state, its line in the views and its words,
and one place in `stream.control.detectors`. The rest of control goes through that list: it calls,
carries, stores, shows and tells a detector without knowing which one it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from stream.control.hours import Hours
from stream.control.lifecycle import NO_EPISODE, Episode, Step
from stream.control.model import Verdict
from stream.control.people import Course
from stream.events.language import I64, Bool

Texts = Mapping[str, Mapping[str, str]]
"""By language ("en", "zh"), then by key; placeholders in braces as in `stream.control.texts`."""


@dataclass(frozen=True, slots=True)
class Pool:
    """What a detector may depend on in [from_ms, until_ms)."""

    from_ms: int
    until_ms: int
    heads: Course
    """Packed counts `stream.control.heads.POOL`."""
    oldest_since_ms: Course
    """When the oldest waiting call was offered; NEVER_MS if none waits."""
    stale: Course
    known_ms: int
    """Since when any agent of the pool is known; NEVER_MS: none is."""
    open: Hours | None
    """Opening hours; None: they are not known."""
    name: Callable[[str, int], str]
    """The id of an alert, by its detector and onset."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """What a detector carries of a pool: its episode, and instants (ms) in fields of its own.

    Every field has the value of a pool not judged yet; that value is not stored. Whoever changes
    the fields of a detector's state changes `stream.control.state.FORMAT` too.
    """

    episode: Episode = NO_EPISODE


S = TypeVar("S", bound=PoolState)


class PoolFound(NamedTuple):
    """A step in the life of a detector's alert, and what was found at its instant."""

    at_ms: int
    step: Step
    evidence: Mapping[str, object]
    """JSON values; how long it lasted, the queue and the gate are put to them by control."""


class PoolNow(NamedTuple):
    """A pool where the last feed ended."""

    staffed: int
    serving: int
    free: int
    unknown: int
    stale: bool
    known: bool
    """Any agent of it was ever seen."""
    asked: bool
    """It has opening hours, or a call or queue event of it was ever seen."""


class Standing(NamedTuple):
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


class Words(NamedTuple):
    """What is told of an alert; label, place, queue and time are put to it."""

    title: Phrase
    what: Phrase
    do: Phrase
    queue: bool
    """Whether what callers see is told."""


class PoolDetector(Protocol[S]):
    """A rule that is judged per pool, instant by instant."""

    @property
    def name(self) -> str:
        """In transitions, views and the stored state; none of "people", "gate", "verdict"."""

    @property
    def initial(self) -> S:
        """The state of a pool not judged yet."""

    @property
    def overrules(self) -> bool:
        """Whether its alert is the verdict of its pool and all its teams, at any heads."""

    @property
    def texts(self) -> Texts:
        """Texts of its own, beside and before those of `stream.control.texts`."""

    def judge(self, pool: Pool, state: S) -> tuple[S, list[PoolFound], int]:
        """Judge each instant at which anything may change, each once.

        Returns the state from then on, the steps taken, and the first instant from pool.until_ms on
        at which it must be judged even if nothing happens; NEVER_MS: none. A call without events
        at any other instant must come to nothing.
        """

    def may_act(self, packed: I64) -> Bool:
        """For packed counts `stream.control.heads.POOL`: whether its pool is not calm.

        A calm pool without an alert is not judged before it is due: nothing that happens in it may
        change state or raise anything. A detector that is never calm answers True.
        """

    def standing(self, now: PoolNow) -> Standing:
        """Its line in the views."""

    def raised(self, evidence: Mapping[str, Any]) -> Words:
        """What is told while its alert is raised, from the whole evidence of a transition."""

    def cleared(self, evidence: Mapping[str, Any]) -> Phrase:
        """What is seen at the end of an alert."""
