"""The tables that decide figures and verdicts: each key with its meaning, default and range."""

from datetime import date
from typing import Literal, Self

from pydantic import model_validator

from stream.config import values as v
from stream.config.values import ConfigTable, setting
from stream.events.language import State
from stream.spec import (
    ANY,
    ControlSpec,
    PeakSpec,
    PoolSpec,
    RatioSpec,
    ShiftSpec,
    SourceSpec,
    WindowSpec,
)
from stream.units import HOUR_MS, MINUTE_MS, NEVER_MS, SECOND_MS

_CONTROL = ControlSpec()
_WINDOWS = WindowSpec()
_SOURCE = SourceSpec()


class WindowsTable(ConfigTable):
    """How windows are kept."""

    grace_ms: v.DurationMs = setting(
        _WINDOWS.grace_ms,
        "How late an event may be, against its own source, and still correct the figures.",
        "0s to 30m",
        alias="grace",
        ge=0,
        le=30 * MINUTE_MS,
    )
    seal_ms: v.DurationMs = setting(
        _WINDOWS.seal_ms,
        "An hour is sealed once the fastest source of its floor is past its end by this, if the "
        "slowest one is not past it by the grace before; what is older is late from then on.",
        "1m to 30m, not below grace",
        alias="seal",
        ge=MINUTE_MS,
        le=30 * MINUTE_MS,
    )
    short_call_ms: v.DurationMs = setting(
        _WINDOWS.short_call_ms,
        "A handled call with at most this talk time counts as short.",
        "0s to 60s",
        alias="short_call",
        ge=0,
        le=MINUTE_MS,
    )
    service_level_ms: v.DurationMs = setting(
        _WINDOWS.service_level_ms,
        "A call is answered in time if it waited at most this.",
        "1s to 10m",
        alias="service_level",
        ge=SECOND_MS,
        le=10 * MINUTE_MS,
    )

    @model_validator(mode="after")
    def _waits_for_the_grace(self) -> Self:
        if self.seal_ms < self.grace_ms:
            raise ValueError("seal is shorter than grace; allowed: grace or longer, to 30m")
        return self

    def spec(self) -> WindowSpec:
        """As the pure part takes it."""
        return WindowSpec(
            grace_ms=self.grace_ms,
            seal_ms=self.seal_ms,
            short_call_ms=self.short_call_ms,
            service_level_ms=self.service_level_ms,
        )


class RatioTable(ConfigTable):
    """A ratio of times. Its name is the table's: [ratio.aux_rate].

    Allowed: one of a-z, then up to 39 of a-z, 0-9 and '_'.
    """

    numerator: v.States = setting(..., "States above the line.", v.THE_STATES, min_length=1)
    denominator: v.States = setting(
        ..., "States below the line, all of the numerator's among them.", v.THE_STATES, min_length=1
    )

    @model_validator(mode="after")
    def _is_a_part(self) -> Self:
        beyond = sorted(self.numerator - self.denominator)
        if beyond:
            names = ", ".join(state.name for state in beyond)
            raise ValueError(f"numerator has {names}, which the denominator has not")
        return self

    def spec(self, name: str) -> RatioSpec:
        """As the pure part takes it."""
        return RatioSpec(name, self.numerator, self.denominator)


class PoolTable(ConfigTable):
    """Teams that share a queue; "*" gives defaults to all others."""

    name: v.Name = setting(..., "The pool; '*': all others.", v.A_NAME)
    floor: v.Name = setting(ANY, "Its floor.", v.A_NAME)
    zone: v.Zone = setting("UTC", "Zone of its local times.", "an IANA name, such as Asia/Shanghai")
    open: v.Spans = setting((), "Opening hours; none: not known.", v.A_SPAN)

    def spec(self) -> PoolSpec:
        """As the pure part takes it."""
        return PoolSpec(self.floor, self.name, self.zone, self.open)


class ShiftTable(ConfigTable):
    """Shifts of a team, in the zone of its pool."""

    team: v.Name = setting(..., "The team; '*': all others.", v.A_NAME)
    floor: v.Name = setting(ANY, "Its floor.", v.A_NAME)
    times: v.Spans = setting(..., "Starts and ends.", f"list of {v.A_SPAN}", min_length=1)

    def spec(self) -> ShiftSpec:
        """As the pure part takes it."""
        return ShiftSpec(self.times, self.floor, self.team)


class PeakTable(ConfigTable):
    """A scheduled peak, in the zone of its pool; several may be listed for one pool."""

    pool: v.Name = setting(ANY, "The pool; '*': all.", v.A_NAME)
    floor: v.Name = setting(ANY, "Its floor.", v.A_NAME)
    days: v.Days = setting(
        frozenset(v.Day), "Weekdays on which it starts.", v.THE_DAYS, min_length=1
    )
    time: v.Span = setting(..., "From and to.", v.A_SPAN)
    without: frozenset[date] = setting(
        frozenset(), "Dates on which there is none.", "dates, such as 2026-10-01", alias="except"
    )

    def spec(self) -> PeakSpec:
        """As the pure part takes it."""
        days = frozenset(day.value for day in self.days)
        return PeakSpec(self.time, self.floor, self.pool, days, self.without)


class SourceTable(ConfigTable):
    """A feed; "*" gives defaults to all others."""

    name: v.Name = setting(..., "The source; '*': all others.", v.A_NAME)
    heartbeat_ms: v.DurationOrOffMs = setting(
        _SOURCE.heartbeat_ms,
        "It sends something at least this often; after three times as long it is silent.",
        "1s to 1h, or 'off' for recorded logs",
        alias="heartbeat",
        ge=SECOND_MS,
        le=HOUR_MS,
    )
    resolution_ms: v.DurationMs = setting(
        _SOURCE.resolution_ms,
        "Resolution of its time stamps.",
        "1ms to 1h",
        alias="resolution",
        ge=1,
        le=HOUR_MS,
    )
    silence_ms: v.Silence = setting(
        _SOURCE.silence_ms,
        "Longest credible time in a state without news; beyond it the state is unknown.",
        "a table of states with 1s to 7d or 'off' each, or 'off' for all",
        alias="silence",
    )

    def spec(self) -> SourceSpec:
        """As the pure part takes it; a state's "off" is a limit that is never reached."""
        limits: dict[State, int] | None = None
        if self.silence_ms is not None:
            given = {s: NEVER_MS if t is None else t for s, t in self.silence_ms.items()}
            limits = {**(_SOURCE.silence_ms or {}), **given}
        return SourceSpec(self.name, self.heartbeat_ms, self.resolution_ms, limits)


class ControlTable(ConfigTable):
    """When a team is out of control."""

    clock: Literal["live", "event"] = setting(
        "live", "What tells the time: Kafka's time stamps, or the events alone.", "live, event"
    )
    entry_states: v.States = setting(
        _CONTROL.entry_states, "What counts as a collective movement.", v.THE_STATES, min_length=1
    )
    policy: Literal["statistical"] = setting(
        "statistical", "Which limits alarm.", "statistical ('literal' is not in this version)"
    )
    gate: bool = setting(
        _CONTROL.gate,
        "People alerts page only while calls wait or nobody is free.",
        "true, false",
    )
    share_per_month: float = setting(
        _CONTROL.share_per_month, "False pages by share, a team.", "0.001 to 30", ge=0.001, le=30
    )
    span_per_month: float = setting(
        _CONTROL.span_per_month,
        "False pages by collective movement, a team and number of movers.",
        "0.001 to 30",
        ge=0.001,
        le=30,
    )
    nudge_per_day: float = setting(
        _CONTROL.nudge_per_day, "False nudges by share, a team.", "0.01 to 24", ge=0.01, le=24
    )


class BaselineTable(ConfigTable):
    """How a team is when it is in control, until calibrated."""

    aux_rate: float = setting(
        _CONTROL.aux_rate, "Share of staffed agents in aux.", "0.005 to 0.5", ge=0.005, le=0.5
    )
    aux_spell_ms: v.DurationMs = setting(
        _CONTROL.aux_spell_ms,
        "Mean length of an aux spell.",
        "10s to 2h",
        alias="aux_spell",
        ge=10 * SECOND_MS,
        le=2 * HOUR_MS,
    )
