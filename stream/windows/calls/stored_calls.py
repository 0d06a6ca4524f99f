"""Open calls, and what is remembered of others, in a snapshot: written, and read in both forms.

Up to format 3 a call had one fact of each phase and agent. Its facts are read as they are; of calls
that were over only the floor and whether they were offered was known.
"""

import numpy as np

from stream.events.language import I64, Phase
from stream.units import NEVER_MS
from stream.windows.calls.facts import STORED
from stream.windows.calls.index import NONE
from stream.windows.calls.open_calls import Calls
from stream.windows.calls.past_calls import NO_LEG, SPAN_MS, PastRun
from stream.windows.calls.walk import Odd
from stream.windows.packing import Pieces

_RUN = PastRun.__slots__
_OF_CALL = (Phase.offered, Phase.abandoned)
_OF_LEG = (Phase.answered, Phase.ended, Phase.wrapped)
_BEFORE_4 = ("ts_ms", "wait_ms", "talk_ms", "hold_ms", "acw_ms", "pool", "seat")


def to_pieces(calls: Calls) -> Pieces:
    """All calls, in the order of their hashes, under stored names."""
    slots = calls.index.numbers
    row, place = calls.facts.of(slots)
    order = np.lexsort((row, place))
    row = row[order]
    pieces: Pieces = {
        "hashes": calls.index.hashes,
        "floor": calls.floor[slots],
        "facts": calls.facts.count[slots],
        "past": sorted(calls.past.runs),
        "odd": {kind.value: number for kind, number in sorted(calls.odd.items()) if number},
        **{f"fact_{name}": getattr(calls.facts, name)[row] for name in STORED},
    }
    for span, run in calls.past.runs.items():
        pieces |= {f"past/{span}/{name}": getattr(run, name) for name in _RUN}
    return pieces


def restore(calls: Calls, pieces: Pieces) -> None:
    """Fill calls without any; names and sources are restored already."""
    slots = calls.open_slots(pieces["hashes"], pieces["floor"])
    if "legs" in pieces:
        _restore_before_4(calls, slots, pieces)
    else:
        row = calls.facts.allocate(np.repeat(slots, pieces["facts"]))
        for name in STORED:
            if f"fact_{name}" in pieces:
                getattr(calls.facts, name)[row] = pieces[f"fact_{name}"]
        for span in pieces["past"]:
            run = PastRun(*(pieces[f"past/{span}/{name}"] for name in _RUN))
            calls.past.runs[span] = run
        calls.odd.update({Odd(kind): number for kind, number in pieces["odd"].items()})
        calls.take_odd()
    calls.evaluate(slots)


def _restore_before_4(calls: Calls, slots: I64, pieces: Pieces) -> None:
    facts, (place, agent) = calls.facts, pieces["legs"]
    del agent  # the facts of a leg have its seat
    for phase in (*_OF_CALL, *_OF_LEG):
        owner = slots if phase in _OF_CALL else slots[place]
        known = pieces[f"{phase.name}_ts_ms"] < NEVER_MS
        row = facts.allocate(owner[known])
        for name in _BEFORE_4:
            getattr(facts, name)[row] = pieces[f"{phase.name}_{name}"][known]
        facts.phase[row], facts.source[row] = phase, NONE
        facts.pool_given[row], facts.by[row], facts.reason[row] = True, 0, 0
    for span in pieces["told"]:
        keys = pieces[f"told/{span}"]
        floor = ~pieces[f"told_floor/{span}"].astype(np.int32)
        nothing = np.full(len(keys), NO_LEG, np.int32)
        last_ms = np.full(len(keys), SPAN_MS - 1, np.int32)
        calls.past.runs[span] = PastRun(keys, floor, nothing, last_ms)
