"""How far time has come after each event of a recording.

That is the greatest time that has counted: one wrong year must not move it, and what was on hold
moves it when it counts. Where a recording jumps ahead at all, its events are admitted once
beforehand, since the rules of admission alone can tell.
"""

from dataclasses import replace

import numpy as np

from stream.events.language import I64
from stream.events.names import Names
from stream.reports.checked import CHUNK_EVENTS, Checked
from stream.roster import Roster
from stream.spec import Spec
from stream.units import DAY_MS
from stream.windows.admission import Admission
from stream.windows.engine import Engine


def counted_time(events: Checked, spec: Spec, roster: Roster) -> I64:
    """(N,): the greatest time that has counted after each of N events, in their order, in ms."""
    ts_ms = events.recording.ts_ms
    engine = Engine(Names(roster), replace(spec, archive=False))
    leap_ms = engine.sources.least_leap_ms if events.arrival else DAY_MS
    if not (np.diff(np.maximum.accumulate(ts_ms)) > leap_ms).any():
        return np.maximum.accumulate(ts_ms)
    admission, counted_ms = Admission(engine, spec), ts_ms.copy()
    for start in range(0, len(ts_ms), CHUNK_EVENTS):
        admission.push(events.decode(engine.names, start, start + CHUNK_EVENTS).batch)
        held, by = np.array(admission.released, np.int64).reshape(-1, 2).T
        counted_ms[held] = ts_ms[0]
        np.maximum.at(counted_ms, by, ts_ms[held])
        counted_ms[[one.offset for one in admission.refused]] = ts_ms[0]
    counted_ms[[one.offset for one in admission.refuse_held()]] = ts_ms[0]
    return np.maximum.accumulate(counted_ms)
