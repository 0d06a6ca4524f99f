"""What control keeps by team beside its detectors: jumps of n, and since when it is amber."""

from collections.abc import Mapping, Sequence

import numpy as np

from stream.control.alerts.suppression import JUMP_HOLD_MS, Jumps
from stream.control.control_state import ControlState
from stream.control.evaluation.feed_counts import HeadCounts
from stream.control.head_counts import first, second
from stream.control.limits import Limits
from stream.units import NEVER_MS


def update_jumps(carried: ControlState, heads: HeadCounts) -> Mapping[int, Sequence[int]]:
    """By team the instants at which n jumped, the last one before this feed too."""
    series = heads.series
    found = {team: [j.until_ms - JUMP_HOLD_MS] for team, j in carried.jumps.items() if j.until_ms}
    if not len(series.group):
        return found
    before, after = first(series.before(heads.base)), first(series.packed)
    changed = np.flatnonzero(before != after)
    rows = zip(
        series.group[changed].tolist(),
        series.at_ms[changed].tolist(),
        before[changed].tolist(),
        after[changed].tolist(),
        strict=True,
    )
    for team, at_ms, old, new in rows:
        known = carried.jumps.get(team)
        if known is None:
            known = carried.jumps[team] = Jumps()
        if known.update(at_ms, old, new):
            found.setdefault(team, []).append(at_ms)
    return found


def update_amber(carried: ControlState, heads: HeadCounts, limits: Limits, from_ms: int) -> None:
    """Since when a sixth is in aux, by team, up to the end of this feed, which began at from_ms."""
    amber = limits.amber
    new = (carried.amber_ms == NEVER_MS) & (second(heads.base) >= amber[first(heads.base)])
    carried.amber_ms[new] = from_ms
    if not len(heads.series.group):
        return
    is_amber = second(heads.series.packed) >= amber[first(heads.series.packed)]
    # The first step after the last one that is not amber, if the group ends with amber ones.
    places = np.where(is_amber, -1, np.arange(len(is_amber)))
    last_other = np.maximum.reduceat(places, heads.series.start)
    end = heads.series.end
    since = np.where(
        last_other < 0, heads.series.at_ms[heads.series.start],
        heads.series.at_ms[np.minimum(last_other + 1, len(is_amber) - 1)],
    )  # fmt: skip
    groups = heads.series.groups
    since = np.where(last_other < 0, np.minimum(carried.amber_ms[groups], since), since)
    carried.amber_ms[groups] = np.where(last_other == end - 1, NEVER_MS, since)
