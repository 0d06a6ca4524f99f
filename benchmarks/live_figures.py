"""From what was sent and what was seen to figures."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Report = Mapping[str, Any]
PAGE_S_MAX = 60.0
"""A page that comes later is of something else."""


def figures_of(sent: Sequence[Report], seen: Sequence[Report], from_s: float) -> dict[str, Any]:
    """Latencies of what was sent from an instant on.

    Raises:
        RuntimeError: a change was never seen, or a walk-out never paged.
    """
    views = _view_latencies([one for one in sent if one["kind"] == "mark"], seen, from_s)
    walk_outs = [one for one in sent if one["kind"] == "walk_out"]
    pages = _page_latencies(walk_outs, seen)
    return {
        **_quantiles("view", views),
        **_quantiles("page", pages),
        "views": len(views),
        "pages": len(pages),
    }


def _view_latencies(marks: Iterable[Report], seen: Sequence[Report], from_s: float) -> list[float]:
    """Of each change, until the view counts it: the next sight of the number of heads it makes."""
    sights: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for one in seen:
        if one["kind"] == "view":
            sights[one["floor"], one["team"], one["heads"]].append(one["at_s"])
    out = []
    for mark in marks:
        if mark["at_s"] < from_s:
            continue
        times = sights[mark["floor"], mark["team"], mark["heads"]]
        at = bisect_left(times, mark["at_s"])
        if at == len(times):
            msg = f"never seen: {mark}"
            raise RuntimeError(msg)
        out.append(times[at] - mark["at_s"])
    return out


def _page_latencies(walk_outs: Iterable[Report], seen: Sequence[Report]) -> list[float]:
    """Of each walk-out, from its last person to the first page; none is below 0."""
    pages: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in seen:
        if one["kind"] == "page" and one["status"] == "firing":
            pages[one["floor"], one["team"]].append(one["at_s"])
    out = []
    for walk_out in walk_outs:
        at_s = walk_out["at_s"]
        first = min((one for one in pages[walk_out["floor"], walk_out["team"]]), default=None)
        if first is None or first > at_s + PAGE_S_MAX:
            msg = f"never paged: {walk_out}"
            raise RuntimeError(msg)
        if first > at_s - 1:  # else it was paged for something else
            out.append(max(0.0, first - at_s))
    return out


def _quantiles(name: str, seconds: Sequence[float]) -> dict[str, float]:
    p50, p99 = np.percentile(seconds, [50, 99]).round(3).tolist()
    return {f"{name}_p99_s": p99, f"{name}_p50_s": p50}
