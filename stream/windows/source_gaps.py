"""The gaps of all sources: as they are known at an instant, and after a batch."""

import numpy as np

from stream.events.language import I64, Bool
from stream.units import DAY_MS, NEVER_MS
from stream.windows.gaps import Gaps
from stream.windows.silences import NO_DATA_MS
from stream.windows.sources import Sources


def settled_ms(sources: Sources) -> I64:
    """(floors,): neither rows nor gaps before this can still change."""
    settled = sources.cut_ms()
    may_change_ms = sources.times.may_change_ms(sources.vouched_ms(), sources.own_cut_ms())
    known = np.flatnonzero(sources.known[: len(may_change_ms)])
    np.minimum.at(settled, sources.names.source_floor.data[known], may_change_ms[known])
    return settled


def gaps_at(sources: Sources, as_of_ms: int) -> Gaps:
    """The gaps as they are known at an instant."""
    silent = sources.silent_from_ms() <= as_of_ms
    return sources.times.gaps(silent, np.full(len(silent), as_of_ms))


def gaps_after(sources: Sources, before: Gaps) -> Gaps:
    """The gaps after some events, of which nobody has asked when.

    Those that were open before stay open as long as their source says nothing. So what is read
    again and again while a source is silent is not divided anew by each batch.
    """
    size = len(sources.names.sources)
    open_ms = np.full(size, NEVER_MS)
    at = before.end_ms == NEVER_MS
    open_ms[before.source[at]] = before.start_ms[at]
    last_ms = sources.times.last_ms[:size]
    watched = sources.times.first_heartbeat_ms[:size] < NEVER_MS
    over = last_ms + sources.vouched_ms() < sources.own_cut_ms()
    silent = (open_ms == last_ms) | (watched & over)
    greatest_ms = sources.greatest_ms[sources.names.source_floor.data]
    retired = open_ms == last_ms + DAY_MS
    return sources.times.gaps(silent, np.where(retired, NEVER_MS, greatest_ms))


def first_heartbeats_ms(sources: Sources) -> I64:
    """(floors,): the first heartbeat of each floor; NEVER_MS without one."""
    first_ms = np.full(len(sources.names.floors), NEVER_MS)
    floor = sources.names.source_floor.data
    np.minimum.at(first_ms, floor, sources.times.first_heartbeat_ms[: len(floor)])
    return first_ms


def are_replaced(sources: Sources, as_of_ms: int) -> Bool:
    """(sources,): which are retired for a reader while another source of their floor is not."""
    floor = sources.names.source_floor.data
    last_ms, known = sources.times.last_ms[: len(floor)], sources.known[: len(floor)]
    retired = (last_ms > NO_DATA_MS) & (last_ms + DAY_MS < as_of_ms)
    return retired & np.isin(floor, floor[known & ~retired])


def silent_or_retired_ms(sources: Sources) -> I64:
    """(sources,): the first instant at which each is silent, or retired for a reader."""
    silent_ms = sources.silent_from_ms()
    last_ms = sources.times.last_ms[: len(silent_ms)]
    retired_ms = last_ms + DAY_MS + 1
    return np.where(last_ms > NO_DATA_MS, np.minimum(silent_ms, retired_ms), NEVER_MS)
