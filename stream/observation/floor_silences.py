"""When sources of a floor are silent: some of them, or all.

Agents of a team depend on the sources of their own states. Of a pool in which nobody was ever seen
nobody knows which source would report it: it is known as long as no source of its floor is silent.
And while all of them are, nothing of the floor is known, neither who is offline.
"""

from dataclasses import dataclass

import numpy as np

from stream.arrays import union
from stream.events.language import I64
from stream.observation.stretches import Stretches
from stream.units import DAY_MS, NEVER_MS
from stream.windows.sources import Sources


@dataclass(frozen=True, slots=True)
class FloorSilences:
    """Time before an instant in which sources of a floor (`row`) are silent, in order."""

    some: Stretches
    """Any of them, and not yet for a day: then it is retired, and blinds nobody any more."""
    all: Stretches
    """All that have sent a heartbeat by then."""


NO_SILENCES = FloorSilences(Stretches.none(), Stretches.none())


def floor_silences(sources: Sources, floor_of_source: I64, until_ms: int) -> FloorSilences:
    """The silences of all floors before until_ms. Ask before `Sources.drop_silences`."""
    silent_from = sources.silent_from_ms()
    still = np.flatnonzero(silent_from < until_ms)
    of, start_ms, end_ms = sources.silences
    if not len(still) and not len(of):
        return NO_SILENCES
    source, start_ms, end_ms = union(
        np.concatenate([still, of]),
        np.concatenate([silent_from[still], start_ms]),
        np.minimum(np.concatenate([np.full(len(still), until_ms), end_ms]), until_ms),
    )
    retired_ms = start_ms + DAY_MS - sources.silent_after_ms[source]
    some_ms, floor = np.minimum(end_ms, retired_ms), floor_of_source[source]
    at = np.flatnonzero(start_ms < some_ms)
    some = Stretches(*union(floor[at], start_ms[at], some_ms[at]))
    known = np.flatnonzero(sources.known[: len(floor_of_source)])
    parts = [
        _all_silent(number, known[floor_of_source[known] == number], sources, silences)
        for number in np.unique(floor).tolist()
        for silences in [Stretches(source, start_ms, end_ms).take(floor == number)]
    ]
    return FloorSilences(some, Stretches.joined(*parts))


def _all_silent(floor: int, known: I64, sources: Sources, silences: Stretches) -> Stretches:
    """When all known sources of one floor are silent."""
    first_ms = sources.times.first_heartbeat_ms[known]
    if first_ms.max() == NEVER_MS:  # one without heartbeats is never silent
        return Stretches.none()
    start_ms = np.maximum(silences.start_ms, sources.times.first_heartbeat_ms[silences.row])
    end_ms = np.maximum(silences.end_ms, start_ms)
    edge_ms = np.concatenate([first_ms, end_ms, start_ms])
    step = np.repeat([1, 1, -1], [len(known), len(start_ms), len(start_ms)])
    order = np.argsort(edge_ms, kind="stable")
    edge_ms, speaking = edge_ms[order], np.cumsum(step[order])
    at = np.flatnonzero((speaking[:-1] == 0) & (edge_ms[1:] > edge_ms[:-1]))
    return Stretches(np.full(len(at), floor), edge_ms[at], edge_ms[at + 1])
