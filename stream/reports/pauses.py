"""Where a replay must stop and judge: before a feed that had fallen silent is heard again.

A shard knows of each feed only how far it has come. So a silence that begins and ends within
the events that are pushed at once would never be seen.
"""

import numpy as np

from stream.events.language import I64


def pauses(source: I64, ts_ms: I64, reach_ms: I64, silent_after_ms: I64) -> I64:
    """Indices of the events that end a silence of their feed, in order.

    source: (N,) number of each event's feed. ts_ms: (N,) instants, in the order in which they
    are pushed. reach_ms: (N,) how far time has come with each event. silent_after_ms:
    (sources,) how long after its own last event a feed counts as silent.
    """
    order = np.argsort(source, kind="stable")
    again = source[order][1:] == source[order][:-1]
    own_ms = _running_max(source[order], ts_ms[order])
    before, after = order[:-1][again], order[1:][again]
    heard_ms = own_ms[:-1][again]
    silent = reach_ms[after] - heard_ms > silent_after_ms[source[before]]
    return np.sort(after[silent])


def _running_max(group: I64, values: I64) -> I64:
    """(N,): the greatest value so far within each run of equal groups."""
    if not len(values):
        return values
    # Groups rise, so values lifted by group never mix.
    low = int(values.min())
    span = int(values.max()) - low + 1
    _, rank = np.unique(group, return_inverse=True)
    lifted = values - low + rank * span
    return np.asarray(np.maximum.accumulate(lifted) - rank * span + low)
