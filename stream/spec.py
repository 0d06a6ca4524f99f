"""Configuration of the pure part, as plain, frozen values.

`stream/config/` makes these from floorwatch.toml; nothing here reads a file or the environment.
Where several specs of one kind match a pool or team, the most specific ones count: floor and name,
else the name on any floor, else the floor, else "*".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from stream.events.language import PAID, State
from stream.units import HOUR_MS, MINUTE_MS, SECOND_MS

ANY = "*"
ADDED = "added"


def added(default: Any) -> Any:  # noqa: ANN401 - as dataclasses.field
    """A field that earlier versions did not have: its default leaves the fingerprint as it was.

    So a new key that nobody has set does not make the same rules look like others.
    """
    return field(default=default, metadata={ADDED: True})


@dataclass(frozen=True, slots=True)
class LocalSpan:
    """A span of local time of day, in minutes after midnight; end ≤ start crosses midnight."""

    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True)
class RatioSpec:
    """A ratio of times: two sets of states."""

    name: str
    numerator: frozenset[State]
    denominator: frozenset[State]


_BUSY = frozenset({State.talking, State.hold, State.acw, State.ringing, State.dialing})
RATIOS = (
    RatioSpec("occupancy", _BUSY, _BUSY | {State.available}),
    RatioSpec("talk_utilisation", frozenset({State.talking, State.hold}), PAID),
    RatioSpec("aux_rate", frozenset({State.aux}), PAID),
    RatioSpec("idle_rate", frozenset({State.available}), PAID),
    RatioSpec(
        "slack_rate",
        frozenset({State.available, State.aux, State.training, State.meeting}),
        PAID,
    ),
)
"""The ratios of DESIGN.md, section 5; configuration may change them and add others."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """The properties of a source."""

    name: str = ANY
    heartbeat_ms: int | None = 30 * SECOND_MS
    """None: a recorded log, which is never silent."""
    resolution_ms: int = 1
    silence_ms: Mapping[State, int] | None = field(
        default_factory=lambda: {
            State.ringing: 3 * MINUTE_MS,
            State.acw: 30 * MINUTE_MS,
            State.aux: 60 * MINUTE_MS,
            State.talking: 120 * MINUTE_MS,
        }
    )
    """Longest credible time in a state; None: all limits are off, the shift's end too."""
    shift_end_slack_ms: int = 30 * MINUTE_MS
    """States without a limit of their own end this long after the team's shift."""


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """Limits of the windows."""

    grace_ms: int = 5 * MINUTE_MS
    horizon_ms: int = 120 * MINUTE_MS
    short_call_ms: int = 5 * SECOND_MS
    seal_ms: int = 30 * MINUTE_MS
    """An hour is sealed when the fastest source of its floor has passed it by this. At least the
    grace, and at most half an hour."""
    service_level_ms: int = 20 * SECOND_MS
    """A call is answered in time if its wait is at most this."""
    wait_ms: int = added(4 * HOUR_MS)
    """How long a call without a known end counts as waiting."""
    callback_ms: int = added(HOUR_MS)
    """A call-back that was promised longer ago and is still open is overdue."""


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """A pool's time zone and opening hours."""

    floor: str = ANY
    name: str = ANY
    zone: str = "UTC"
    open: tuple[LocalSpan, ...] = ()
    """Empty: the opening hours are unknown."""
    ring_all: bool = added(False)  # noqa: FBT003
    """All phones ring at once: one that does not name its call takes none."""


@dataclass(frozen=True, slots=True)
class ShiftSpec:
    """A team's shifts, in the zone of its pool."""

    times: tuple[LocalSpan, ...]
    floor: str = ANY
    team: str = ANY


@dataclass(frozen=True, slots=True)
class PeakSpec:
    """A scheduled peak, in the zone of its pool."""

    time: LocalSpan
    floor: str = ANY
    pool: str = ANY
    days: frozenset[int] = frozenset(range(7))
    """0 is Monday. A span that crosses midnight belongs to the day on which it starts."""
    without: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class ControlSpec:
    """Budgets and baselines of the detectors (statistics.md, section 2)."""

    entry_states: frozenset[State] = frozenset({State.aux})
    gate: bool = True
    aux_rate: float = 0.085
    """p0: share of staffed agents in aux when in control."""
    aux_spell_ms: int = 5 * MINUTE_MS
    """b: mean aux spell."""
    share_per_month: float = 0.2
    span_per_month: float = 0.15
    nudge_per_day: float = 1.0
    shift_hours: float = 8.0
    shifts_per_month: int = 22


@dataclass(frozen=True, slots=True)
class NameLimits:
    """How many names a partition may have; an event that brings another one is rejected."""

    floors: int = 1_000
    sources: int = 1_000
    pools: int = 5_000
    teams: int = 10_000
    agents: int = 200_000
    """An agent counts once for each of the teams that it is seen in."""


@dataclass(frozen=True, slots=True)
class Spec:
    """The configuration of a shard."""

    ratios: tuple[RatioSpec, ...] = RATIOS
    windows: WindowSpec = WindowSpec()
    sources: tuple[SourceSpec, ...] = (SourceSpec(),)
    pools: tuple[PoolSpec, ...] = (PoolSpec(),)
    shifts: tuple[ShiftSpec, ...] = ()
    peaks: tuple[PeakSpec, ...] = ()
    control: ControlSpec = ControlSpec()
    limits: NameLimits = added(NameLimits())  # noqa: RUF009 - frozen, as all specs
    event_clock: bool = False
    """True: silences by event time (replay, backfill); False: by Kafka's time stamps."""
    seat_calls: bool = False
    """True: calls are also counted by member (replay), at 10 KB a member."""
    archive: bool = True
    """True: the sums of hours are returned when they are sealed; False: hours are only sealed."""
    roster: str = added("")
    """The fingerprint of the roster; empty without one."""

    def pool(self, floor: str, name: str) -> PoolSpec:
        """The spec of a pool."""
        fitting = _most_specific(self.pools, lambda one: (one.floor, one.name), floor, name)
        return fitting[0] if fitting else PoolSpec()

    def floor_zone(self, floor: str) -> str:
        """The zone of a floor's hours: that of the first pool listed for it."""
        own = [pool for pool in self.pools if pool.floor == floor]
        others = [pool for pool in self.pools if pool.floor == ANY]
        return next((pool.zone for pool in (*own, *others)), PoolSpec().zone)

    def shift_times(self, floor: str, team: str) -> tuple[LocalSpan, ...]:
        """A team's shifts; empty without a calendar."""
        fitting = _most_specific(self.shifts, lambda one: (one.floor, one.team), floor, team)
        return fitting[0].times if fitting else ()

    def peaks_of(self, floor: str, pool: str) -> list[PeakSpec]:
        """The scheduled peaks of a pool: all of the most specific level."""
        return _most_specific(self.peaks, lambda one: (one.floor, one.pool), floor, pool)


S = TypeVar("S")


def _most_specific(
    specs: Sequence[S], names: Callable[[S], tuple[str, str]], floor: str, name: str
) -> list[S]:
    for wanted in ((floor, name), (ANY, name), (floor, ANY), (ANY, ANY)):
        fitting = [spec for spec in specs if names(spec) == wanted]
        if fitting:
            return fitting
    return []
