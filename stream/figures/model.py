"""Figures of all teams and pools of a shard at one instant, as columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stream.control.model import DetectorView
from stream.events.language import I64, Bool
from stream.ids import PoolKey, TeamKey
from stream.spec import RatioSpec

F64 = npt.NDArray[np.float64]

WINDOWS = ("5m", "15m", "60m", "shift")


@dataclass(frozen=True, slots=True)
class TeamFigures:
    """Teams: T rows; W windows; S states; R ratios. Times in milliseconds, ratios 0 to 1."""

    keys: tuple[TeamKey, ...]
    heads: I64
    """(T, S) now."""
    state_ms: I64
    """(T, W, S): sum over members."""
    window_ms: I64
    """(T, W): the window's true length."""
    ratio: F64
    """(T, W, R): NaN where the denominator is 0."""
    numerator_ms: I64
    """(T, W, R)"""
    denominator_ms: I64
    """(T, W, R)"""
    members: I64
    """(T, W, R): eligible members."""
    mean: F64
    """(T, W, R): plain mean over eligible members; NaN without any."""
    sd: F64
    """(T, W, R): ddof 1; NaN below 2 members."""
    cv: F64
    """(T, W, R): sd / mean; NaN below 3 members or for mean 0."""
    handled: I64
    """(T, W): calls ended in the window."""
    short: I64
    """(T, W)"""
    talk_ms: I64
    """(T, W): over handled calls whose talk is known."""
    hold_ms: I64
    """(T, W)"""
    acw_ms: I64
    """(T, W)"""
    watermark_ms: I64
    """(T,): the watermark of the slowest source of the team's floor."""


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """Pools: P rows; W windows ("shift" of a pool is its local day)."""

    keys: tuple[PoolKey, ...]
    waiting: I64
    """(P,)"""
    oldest_wait_ms: I64
    """(P,): 0 if none waits."""
    estimated_wait_ms: F64
    """(P,): NaN while unknown."""
    offered: I64
    """(P, W)"""
    answered: I64
    """(P, W)"""
    abandoned: I64
    """(P, W)"""
    call_backs_promised: I64
    """(P, W)"""
    call_backs_done: I64
    """(P, W)"""
    call_backs_open: I64
    """(P,)"""
    call_backs_overdue: I64
    """(P,)"""
    service_level: F64
    """(P, W): answered in time / (answered + abandoned); NaN without any."""
    in_peak: Bool
    """(P,): scheduled."""
    is_open: F64
    """(P,): 1 within opening hours, 0 outside; NaN without such hours."""


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """One source of one floor."""

    floor: str
    source: str
    watermark_ms: int
    silent: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures at `as_of_ms`; views, metrics and HTTP are made from these alone."""

    as_of_ms: int
    ratios: tuple[RatioSpec, ...]
    teams: TeamFigures
    pools: PoolFigures
    detectors: tuple[DetectorView, ...]
    sources: tuple[SourceFigures, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One agent in one team: a row of the member table."""

    agent: str
    state: str
    since_ms: int
    state_ms: I64
    """(W, S)"""
