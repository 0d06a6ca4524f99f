"""The shape of a detector: what it declares, what it is given, and what it answers.

A detector is evaluated per team or per pool, instant by instant. It is one file with its rule, its
state, its line in the views and its texts, and one line in `detectors.registry`. The rest of
control goes through the registry: it evaluates, stores, shows and describes a detector without
knowing which one it is.

- A detector says what alarms at an instant and what is calm. Its alert group makes the episode of
  it: ids, steps, a clear dwell of one minute and reopening within ten.
- Detectors of one group share one episode: one page per team (or pool) and episode.
- Silent sources are seen in `DetectorInput.stale`; whether the detector then alarms, or is calm, is
  its own affair.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, ClassVar, Final, Generic, NamedTuple, Protocol, TypeVar

from stream.control.detectors.inputs import DetectorInput, Input
from stream.control.episode import AlertStep
from stream.control.head_counts import CountPacking, Counts, Packed
from stream.control.limits import Limits
from stream.control.model import Severity, Transition, Verdict
from stream.events.language import Bool
from stream.units import NEVER_MS

Texts = Mapping[str, Mapping[str, str]]
"""By language ("en", "zh"), then by key; placeholders in braces as in `control.alerts.texts`."""


class Seconds(int):
    """Seconds, shown in the unit that reads best."""


class Phrase(NamedTuple):
    """The key of a text, and what fills it: numbers, words, `Seconds`, other phrases."""

    key: str
    facts: Mapping[str, object] = {}


class AlertWording(NamedTuple):
    """The parts of a message about a raised alert; control adds label, place, queue and time."""

    title: Phrase
    what: Phrase
    do: Phrase
    queue: bool
    """Whether the message says what callers see."""
    proof: Phrase | None = None
    """How often chance alone would do it; None: not said."""


class ClearedWording(NamedTuple):
    """The parts of a message about the end of an alert."""

    what: Phrase
    title: Phrase = Phrase("title_cleared")
    label: str = "label_cleared"
    """The key of the label that the message begins with."""


class Hold(Enum):
    """What may hold the alarms of a detector back; only teams have any."""

    shift_edges = auto()
    """Ten minutes on either side of a shift edge: hand-over is no walk-out."""
    jumps = auto()
    """Two minutes after n jumped."""


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Detectors that share an episode, and how severe their alerts are.

    A detector of its own has a group with its own name.
    """

    name: str
    """In the stored state, for good."""
    severity: Severity | None
    """Of an alert at the page limit; None: the gate decides (`stream.control.alerts.gate`)."""
    below: Severity | None = None
    """Of an alert below the page limit, where it is less than `severity`."""

    @property
    def gated(self) -> bool:
        """Whether the gate decides how severe an alert is."""
        return self.severity is None


INSTANT: Final = "instant"


def instant_ms(default: int | tuple[int, ...] = NEVER_MS) -> Any:  # noqa: ANN401 - as dataclasses.field
    """A field of a state that holds an instant (ms), or a tuple of them.

    Instants are stored relative to the end of the last feed; other fields as they are.
    """
    return field(default=default, metadata={INSTANT: True})


@dataclass(frozen=True, slots=True)
class DetectorState:
    """What a detector remembers of a team or pool: a frozen dataclass of its own.

    A field holds an instant (declared by `instant_ms`) or a plain value: bool, int, finite float,
    str, None, or tuples of them. Each has a default, the value before the first evaluation, which
    is not stored. Fields are stored by name: new ones may be added, unknown ones are ignored.
    """

    BY_POSITION: ClassVar[bool] = False
    """Stored as a list in the order of the fields, as versions without named fields read it."""

    @property
    def is_lost(self) -> bool:
        """Whether what it alarmed of is no longer known, which is no all-clear."""
        return False


S = TypeVar("S", bound=DetectorState)


class Reading(NamedTuple, Generic[S]):
    """What a detector finds at an instant."""

    state: S
    level: bool | None
    """What alarms: True, the page limit is reached; False, only the nudge limit; None, nothing."""
    ends: bool = False
    """What raised its alert can no longer be: the episode ends now, without a dwell."""


class CurrentCounts(NamedTuple):
    """A pool or team where the last feed ended."""

    counts: Counts
    """As the detector's `counts` has them."""
    staffed: int
    unknown: int
    stale: bool
    limits: Limits
    movers: int
    """Distinct agents who entered within the last five minutes."""
    amber_ms: int
    """Since when a sixth of a team has been in aux for two minutes of a peak; 0: it has not."""
    known: bool
    """Any agent of the pool was ever seen, or roster or configuration names it."""
    asked: bool
    """The pool has opening hours, or its queue is known."""


class DetectorStatus(NamedTuple):
    """A detector's line in the views while no alert of it is raised, and its figures always."""

    state: Verdict
    statistic: float
    limit: float
    since_ms: int = 0


class Detector(Protocol[S]):
    """A rule that is evaluated per pool or team, instant by instant."""

    @property
    def name(self) -> str:
        """In transitions, views and the stored state, for good."""

    @property
    def group(self) -> AlertGroup:
        """Which detectors share its episode, and how severe its alerts are."""

    @property
    def inputs(self) -> frozenset[Input[Any]]:
        """What can make it alarm. An input that is not declared is not read."""

    @property
    def holds(self) -> frozenset[Hold]:
        """What holds its alarms back."""

    @property
    def initial(self) -> S:
        """The state of a pool or team not evaluated yet."""

    @property
    def overrules(self) -> bool:
        """Whether its alert is the verdict of its pool and all its teams, or of its team alone.

        It is so at any number of heads. Otherwise it counts in that verdict among the others.
        """

    @property
    def counts(self) -> CountPacking:
        """Up to three sets of states whose heads it reads; the same for a whole group.

        They are in `DetectorInput.heads`, in `is_candidate` and in `CurrentCounts`; `first`,
        `second`, `third` and `unpack` of `stream.control.head_counts` read them.
        """

    @property
    def texts(self) -> Texts:
        """Texts of its own, beside those of `control.alerts.texts`, whose keys are not free."""

    def evaluate(self, inputs: DetectorInput, t_ms: int, counts: Counts, state: S) -> Reading[S]:
        """Evaluate one instant: each at which an input changes, and each `next_wakeup_ms`.

        Args:
            inputs: the team or pool.
            t_ms: the instant.
            counts: heads at the instant, less those that are exempt.
            state: as it was before.
        """

    def is_calm(self, inputs: DetectorInput, t_ms: int, counts: Counts, state: S) -> bool:
        """Whether what raises an alert has gone, by the limit for clearing.

        Asked after `evaluate`, with its state, and only where an alert is raised.
        """

    def next_wakeup_ms(self, inputs: DetectorInput, t_ms: int, state: S) -> int:
        """The first instant after t_ms at which to evaluate even if no input changes.

        Such as the edge of a peak or the end of a dwell; NEVER_MS: none. Evaluating at any other
        instant without a change must come to nothing.
        """

    def evidence(
        self,
        inputs: DetectorInput,
        t_ms: int,
        counts: Counts,
        state: S,
        step: AlertStep,
    ) -> dict[str, object]:
        """What was found at the instant of a step: JSON values, in a fixed order of keys.

        Control adds the queue (`waiting`, `oldest_wait_s`, `ringing_calls`, `free`), gate, peak,
        local time and configuration.
        """

    def is_candidate(self, packed: Packed, limits: Limits) -> Bool:
        """For packed counts: whether their pool or team is not calm; read with `Input.heads`.

        One that is calm and without an alert is not evaluated before its wake-up: nothing that
        happens in it may change state or raise anything. A detector that is never calm answers
        True.
        """

    def standing(self, now: CurrentCounts, state: S) -> DetectorStatus | None:
        """Its line in the views; None: it is off by configuration, and is no check of a verdict.

        A group too small to be evaluated is `facts_only`, one of silent sources `stale`.
        """

    def raised(self, transition: Transition) -> AlertWording:
        """The message while its alert is raised."""

    def cleared(self, transition: Transition) -> ClearedWording:
        """The message at the end of its alert."""
