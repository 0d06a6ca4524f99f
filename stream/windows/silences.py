"""Silences that are over: intervals in which no event of a source arrived.

They are what an observer would have found who evaluated every instant with all events that had
arrived until then: a source falls silent when its limit is exceeded, and is back when time reaches
the event that ends the silence.
"""

import numpy as np

from stream.arrays import firsts, max_before
from stream.events.language import I64
from stream.units import DAY_MS, NEVER_MS

NO_DATA_MS = -NEVER_MS
"""The progress of a source without data."""
NO_SILENCES = np.zeros((3, 0), np.int64)


def silent_from(progress_ms: I64, after_ms: I64) -> I64:
    """(sources,): from when on each source is silent if it sends nothing more.

    progress_ms: its latest instant. after_ms: how long after that it counts as silent; NEVER_MS:
    not at all.
    """
    watched = after_ms < NEVER_MS
    return np.where(watched, progress_ms + np.where(watched, after_ms, 0), NEVER_MS)


def ended_silences(source: I64, clock_ms: I64, progress_ms: I64, after_ms: I64) -> I64:
    """The silences that these events end: (3, G) rows of source, first instant, end.

    source, clock_ms: (N,) events in the order in which they arrived, by the clock that decides what
    is silent. progress_ms, after_ms: (sources,) as for `silent_from`, from before these events.
    """
    if not len(source):
        return NO_SILENCES
    reach_ms = np.maximum(np.maximum.accumulate(clock_ms), progress_ms.max())
    is_first = (progress_ms == NO_DATA_MS)[source]
    if is_first.any():  # a first event ends no silence
        is_first &= firsts(source)
        progress_ms = progress_ms.copy()
        progress_ms[source[is_first]] = clock_ms[is_first]
    is_back = np.zeros(len(progress_ms), np.bool_)
    is_back[source] = True
    is_back &= silent_from(progress_ms, after_ms) < reach_ms[-1]
    back = np.flatnonzero(is_back)
    if not len(back):
        return NO_SILENCES
    at = np.flatnonzero(is_back[source] & ~is_first)
    group = np.concatenate([back, source[at]])
    event_ms = np.concatenate([progress_ms[back], clock_ms[at]])
    none = np.full(len(progress_ms), NO_DATA_MS)
    start_ms = max_before(group, event_ms, none)[len(back) :] + after_ms[source[at]]
    return np.stack([source[at], start_ms, reach_ms[at]])[:, start_ms < reach_ms[at]]


def watched_silences(
    source: I64, clock_ms: I64, progress_ms: I64, after_ms: I64, watched_ms: I64
) -> I64:
    """The same of sources that are watched: only those that began since then.

    One that is not watched is no more heard of where it is retired: after a day.

    watched_ms: (sources or more,) since when each is watched; NEVER_MS: not at all.
    """
    size = len(progress_ms)
    watched = watched_ms[:size] < NEVER_MS
    after_ms = np.where(watched, after_ms[:size], DAY_MS + 1)
    watched_ms = np.where(watched, watched_ms[:size], NO_DATA_MS)
    ended = ended_silences(source, clock_ms, progress_ms, after_ms)
    of, start_ms, _ = ended
    return ended[:, start_ms >= watched_ms[of] + after_ms[of]]
