"""Seeded figures of invented floors, with every kind of value that figures may have."""

import numpy as np

from stream.control.model import DetectorView, Severity, Verdict
from stream.events.language import STATE_COUNT
from stream.figures.model import WINDOWS, Figures, PoolFigures, SourceFigures, TeamFigures
from stream.ids import PoolKey, TeamKey
from stream.spec import RATIOS

AS_OF_MS = 1_772_419_392_000
"""2026-03-02T02:43:12Z"""
ODD_NAMES = ("售后2组 😀", 'quo"te', "back\\slash", "brace{}=,", "two words")
DETECTORS = ("verdict", "cover", "share", "collective")
W, R = len(WINDOWS), len(RATIOS)


def make_figures(
    teams: int = 12, floors: int = 2, seed: int = 1, as_of_ms: int = AS_OF_MS, prefix: str = "floor"
) -> Figures:
    """Figures in which about a quarter of all optional numbers is missing."""
    rng = np.random.default_rng(seed)
    keys = tuple(team_key(at, floors, prefix) for at in range(teams))
    pools = tuple(dict.fromkeys(PoolKey(key.floor, key.pool) for key in keys))
    sources = tuple(
        SourceFigures(floor, f"pbx {floor}", as_of_ms - 700 - 13 * at, silent=False)
        for at, floor in enumerate(dict.fromkeys(key.floor for key in keys))
    )
    return Figures(
        as_of_ms,
        RATIOS,
        _teams(rng, keys, as_of_ms),
        _pools(rng, pools),
        tuple(_detectors(rng, keys, pools, as_of_ms)),
        sources,
    )


def team_key(at: int, floors: int, prefix: str = "floor") -> TeamKey:
    """The first teams have names that need escaping somewhere."""
    name = ODD_NAMES[at] if at < len(ODD_NAMES) else f"team {at}"
    return TeamKey(f"{prefix} {at % floors} ✓", f"pool-{at % 3}", name)


def _holes(rng: np.random.Generator, shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
    values = rng.random(shape) * scale
    values[rng.random(shape) < 0.25] = np.nan
    return values


def _teams(rng: np.random.Generator, keys: tuple[TeamKey, ...], as_of_ms: int) -> TeamFigures:
    t = len(keys)
    numerator = rng.integers(0, 10**7, (t, W, R))
    return TeamFigures(
        keys=keys,
        heads=rng.integers(0, 9, (t, STATE_COUNT)),
        state_ms=rng.integers(0, 10**7, (t, W, STATE_COUNT)),
        window_ms=rng.integers(1, 10**7, (t, W)),
        ratio=_holes(rng, (t, W, R)),
        numerator_ms=numerator,
        denominator_ms=numerator + rng.integers(0, 10**7, (t, W, R)),
        members=rng.integers(0, 30, (t, W, R)),
        mean=_holes(rng, (t, W, R)),
        sd=_holes(rng, (t, W, R)),
        cv=_holes(rng, (t, W, R), 3.0),
        handled=rng.integers(0, 500, (t, W)),
        short=rng.integers(0, 5, (t, W)),
        talk_ms=rng.integers(0, 10**7, (t, W)),
        hold_ms=rng.integers(0, 10**6, (t, W)),
        acw_ms=rng.integers(0, 10**6, (t, W)),
        watermark_ms=as_of_ms - rng.integers(0, 5_000, t),
    )


def _pools(rng: np.random.Generator, keys: tuple[PoolKey, ...]) -> PoolFigures:
    p = len(keys)
    return PoolFigures(
        keys=keys,
        waiting=rng.integers(0, 20, p),
        oldest_wait_ms=rng.integers(0, 90_000, p),
        estimated_wait_ms=np.round(_holes(rng, (p,), 90_000)),
        offered=rng.integers(0, 300, (p, W)),
        answered=rng.integers(0, 300, (p, W)),
        abandoned=rng.integers(0, 30, (p, W)),
        call_backs_promised=rng.integers(0, 30, (p, W)),
        call_backs_done=rng.integers(0, 30, (p, W)),
        call_backs_open=rng.integers(0, 30, p),
        call_backs_overdue=rng.integers(0, 9, p),
        service_level=_holes(rng, (p, W)),
        in_peak=rng.random(p) < 0.5,
        is_open=np.round(_holes(rng, (p,))),
    )


def _detectors(
    rng: np.random.Generator,
    teams: tuple[TeamKey, ...],
    pools: tuple[PoolKey, ...],
    as_of_ms: int,
) -> list[DetectorView]:
    places = [*teams, *(TeamKey(*pool, "") for pool in pools)]
    states, severities = list(Verdict), [None, *Severity]
    views: list[DetectorView] = []
    for place in places:
        for detector in DETECTORS:
            severity = severities[rng.integers(len(severities))]
            state = states[rng.integers(len(states))]
            statistic, limit = _holes(rng, (2,), 20.0)
            alert = f"id-{len(views)}" if severity else ""
            since = as_of_ms - int(rng.integers(0, 10**6))
            view = DetectorView(
                *place, detector, state, severity, alert, since, float(statistic), float(limit)
            )
            views.append(view)
    return views
