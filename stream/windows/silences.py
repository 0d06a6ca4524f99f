"""Silences that are over: from when to when nothing was heard of a source.

What counts is what one would have seen who looked at every instant with all events that had come
until then: a source falls silent when its limit is exceeded, and is back when time has come as far
as the event that ends the silence.
"""

import numpy as np

from stream.arrays import firsts, max_before
from stream.events.language import I64
from stream.units import NEVER_MS

UNHEARD_MS = -NEVER_MS
"""How far a source has come of which nothing was heard."""
NO_SILENCES = np.zeros((3, 0), np.int64)


def silent_from(heard_ms: I64, after_ms: I64) -> I64:
    """(sources,): from when on each source is silent if nothing more is heard of it.

    heard_ms: how far each has come. after_ms: how long after that it counts as silent; NEVER_MS:
    not at all.
    """
    watched = after_ms < NEVER_MS
    return np.where(watched, heard_ms + np.where(watched, after_ms, 0), NEVER_MS)


def ended_silences(source: I64, clock_ms: I64, heard_ms: I64, after_ms: I64) -> I64:
    """The silences that these events end: (3, G) rows of source, first instant, end.

    source, clock_ms: (N,) events in the order in which they came, by the clock that decides what
    is silent. heard_ms, after_ms: (sources,) as `silent_from` takes them, from before these events.
    """
    if not len(source):
        return NO_SILENCES
    reach_ms = np.maximum(np.maximum.accumulate(clock_ms), heard_ms.max())
    is_first = (heard_ms == UNHEARD_MS)[source]
    if is_first.any():  # a first word ends no silence
        is_first &= firsts(source)
        heard_ms = heard_ms.copy()
        heard_ms[source[is_first]] = clock_ms[is_first]
    is_back = np.zeros(len(heard_ms), np.bool_)
    is_back[source] = True
    is_back &= silent_from(heard_ms, after_ms) < reach_ms[-1]
    back = np.flatnonzero(is_back)
    if not len(back):
        return NO_SILENCES
    at = np.flatnonzero(is_back[source] & ~is_first)
    group = np.concatenate([back, source[at]])
    told_ms = np.concatenate([heard_ms[back], clock_ms[at]])
    none = np.full(len(heard_ms), UNHEARD_MS)
    start_ms = max_before(group, told_ms, none)[len(back) :] + after_ms[source[at]]
    return np.stack([source[at], start_ms, reach_ms[at]])[:, start_ms < reach_ms[at]]
