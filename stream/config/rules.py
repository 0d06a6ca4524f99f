"""The tables that decide figures and verdicts: each key with meaning, default and range.

CONTRIBUTING.md ("Add a configuration key") shows the two places that a key has.
"""

from datetime import date
from typing import Literal, Self

from pydantic import model_validator

from stream.config import values as v
from stream.config.values import ConfigTable, setting
from stream.events.language import State
from stream.spec import (
    ANY,
    ControlSpec,
    NameLimits,
    PeakSpec,
    PoolSpec,
    RatioSpec,
    ShiftSpec,
    SourceSpec,
    WindowSpec,
)
from stream.units import HOUR_MS, MINUTE_MS, NEVER_MS, SECOND_MS

_CONTROL = ControlSpec()
_POOL = PoolSpec()
_WINDOWS = WindowSpec()
_SOURCE = SourceSpec()
_LIMITS = NameLimits()
_MOST = 1_000_000


class WindowsTable(ConfigTable):
    """How events become windows."""

    grace_ms: v.DurationMs = setting(
        _WINDOWS.grace_ms,
        "How far behind its own source an event may be and still correct the figures.",
        "0s to 30m",
        alias="grace",
        ge=0,
        le=30 * MINUTE_MS,
    )
    seal_ms: v.DurationMs = setting(
        _WINDOWS.seal_ms,
        "An hour is sealed once the fastest source of its floor is past its end by this, or the "
        "slowest one by the grace, whichever comes first; older events are late from then on.",
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
        "A call is answered in time if it waited at most this long.",
        "1s to 10m",
        alias="service_level",
        ge=SECOND_MS,
        le=10 * MINUTE_MS,
    )
    wait_ms: v.DurationMs = setting(
        _WINDOWS.wait_ms,
        "How long a call without a known end counts as waiting.",
        "10m to 24h",
        alias="wait",
        ge=10 * MINUTE_MS,
        le=24 * HOUR_MS,
    )
    callback_ms: v.DurationMs = setting(
        _WINDOWS.callback_ms,
        "A call-back that was promised longer ago and is still open is overdue.",
        "1m to 7d",
        alias="callback",
        ge=MINUTE_MS,
        le=7 * 24 * HOUR_MS,
    )

    @model_validator(mode="after")
    def _waits_for_the_grace(self) -> Self:
        if self.seal_ms < self.grace_ms:
            raise ValueError("seal is shorter than grace; allowed: grace or longer, to 30m")
        return self

    def spec(self) -> WindowSpec:
        """The same for the pure part."""
        return WindowSpec(**dict(self))


class RatioTable(ConfigTable):
    """A ratio of times in states, named by its table: [ratio.aux_rate].

    Allowed: one of a-z, then up to 39 of a-z, 0-9 and '_'.
    """

    numerator: v.States = setting(..., "States of the numerator.", v.THE_STATES, min_length=1)
    denominator: v.States = setting(
        ...,
        "States of the denominator, including all of the numerator.",
        v.THE_STATES,
        min_length=1,
    )

    @model_validator(mode="after")
    def _is_a_part(self) -> Self:
        beyond = sorted(self.numerator - self.denominator)
        if beyond:
            names = ", ".join(state.name for state in beyond)
            raise ValueError(f"numerator has {names}, which is not in the denominator")
        return self

    def spec(self, name: str) -> RatioSpec:
        """The same for the pure part."""
        return RatioSpec(name, self.numerator, self.denominator)


class PoolTable(ConfigTable):
    """Teams that share a queue; "*" sets defaults for all others."""

    name: v.Name = setting(..., "The pool; '*': all others.", v.A_NAME)
    floor: v.Name = setting(
        ANY,
        "Its floor. '*': any; where the topic has several partitions, a pool in which nobody was "
        "ever seen is then watched only while a call waits in it.",
        v.A_NAME,
    )
    zone: v.Zone = setting(
        "UTC", "Time zone of its local times.", "an IANA name, such as Asia/Shanghai"
    )
    open: v.Spans = setting((), "Opening hours; empty: unknown.", v.A_SPAN)
    ring_all: bool = setting(
        _POOL.ring_all,
        "Each call rings at all free agents at once: a ringing agent without 'call' takes none.",
        "true, false",
    )

    def spec(self) -> PoolSpec:
        """The same for the pure part."""
        return PoolSpec(self.floor, self.name, self.zone, self.open, self.ring_all)


class ShiftTable(ConfigTable):
    """Shifts of a team, in the time zone of its pool."""

    team: v.Name = setting(..., "The team; '*': all others.", v.A_NAME)
    floor: v.Name = setting(ANY, "Its floor.", v.A_NAME)
    times: v.Spans = setting(..., "Starts and ends.", f"list of {v.A_SPAN}", min_length=1)

    def spec(self) -> ShiftSpec:
        """The same for the pure part."""
        return ShiftSpec(self.times, self.floor, self.team)


class PeakTable(ConfigTable):
    """A scheduled peak, in the time zone of its pool; a pool may have several."""

    pool: v.Name = setting(ANY, "The pool; '*': all.", v.A_NAME)
    floor: v.Name = setting(ANY, "Its floor.", v.A_NAME)
    days: v.Days = setting(
        frozenset(v.Day), "Weekdays on which it starts.", v.THE_DAYS, min_length=1
    )
    time: v.Span = setting(..., "Start and end.", v.A_SPAN)
    without: frozenset[date] = setting(
        frozenset(), "Dates without this peak.", "dates, such as 2026-10-01", alias="except"
    )

    def spec(self) -> PeakSpec:
        """The same for the pure part."""
        days = frozenset(day.value for day in self.days)
        return PeakSpec(self.time, self.floor, self.pool, days, self.without)


class SourceTable(ConfigTable):
    """A source of events; "*" sets defaults for all others."""

    name: v.Name = setting(..., "The source; '*': all others.", v.A_NAME)
    heartbeat_ms: v.DurationOrOffMs = setting(
        _SOURCE.heartbeat_ms,
        "The source sends something at least this often; after three times as long it is silent.",
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
        "Longest credible time in a state without a new event; then the state is unknown.",
        "a table of states with 1s to 7d or 'off' each, or 'off' for all",
        alias="silence",
    )

    def spec(self) -> SourceSpec:
        """The same for the pure part; "off" for a state is a limit that is never reached."""
        limits: dict[State, int] | None = None
        if self.silence_ms is not None:
            given = {s: NEVER_MS if t is None else t for s, t in self.silence_ms.items()}
            limits = {**(_SOURCE.silence_ms or {}), **given}
        return SourceSpec(self.name, self.heartbeat_ms, self.resolution_ms, limits)


class ControlTable(ConfigTable):
    """When a team is out of control."""

    clock: Literal["live", "event"] = setting(
        "live", "The clock: Kafka's time stamps, or event time alone.", "live, event"
    )
    entry_states: v.States = setting(
        _CONTROL.entry_states,
        "States whose entries count as a collective movement.",
        v.THE_STATES,
        min_length=1,
    )
    policy: Literal["statistical"] = setting(
        "statistical", "Which limits alarm.", "statistical ('literal' is not in this version)"
    )
    gate: bool = setting(
        _CONTROL.gate,
        "Movement alerts page only while calls wait or nobody is free.",
        "true, false",
    )
    share_per_month: float = setting(
        _CONTROL.share_per_month,
        "False pages of share, per team and month.",
        "0.001 to 30",
        ge=0.001,
        le=30,
    )
    span_per_month: float = setting(
        _CONTROL.span_per_month,
        "False pages of collective, per team, number of movers and month.",
        "0.001 to 30",
        ge=0.001,
        le=30,
    )
    nudge_per_day: float = setting(
        _CONTROL.nudge_per_day,
        "False nudges of share, per team and day.",
        "0.01 to 24",
        ge=0.01,
        le=24,
    )


class BaselineTable(ConfigTable):
    """What is usual for a team in control, until calibrated."""

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


class LimitsTable(ConfigTable):
    """How many names a partition may have; an event that brings another one is a dead letter."""

    floors: int = setting(_LIMITS.floors, "Floors.", f"1 to {_MOST}", ge=1, le=_MOST)
    sources: int = setting(
        _LIMITS.sources, "Sources, each counted on each floor.", f"1 to {_MOST}", ge=1, le=_MOST
    )
    pools: int = setting(_LIMITS.pools, "Pools.", f"1 to {_MOST}", ge=1, le=_MOST)
    teams: int = setting(_LIMITS.teams, "Teams.", f"1 to {_MOST}", ge=1, le=_MOST)
    agents: int = setting(
        _LIMITS.agents,
        "Agents, each counted in each of its teams; each takes about 10 KB of memory.",
        f"1 to {_MOST}",
        ge=1,
        le=_MOST,
    )

    def spec(self) -> NameLimits:
        """The same for the pure part."""
        return NameLimits(self.floors, self.sources, self.pools, self.teams, self.agents)
