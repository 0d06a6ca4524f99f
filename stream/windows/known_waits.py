"""When calls wait as far as is known.

Nothing is known of a call without an end while its source is silent, from the first gap of
the source on, and beyond the limit of waits.
"""

from dataclasses import dataclass

import numpy as np

from stream.arrays import Columns, union, without
from stream.events.language import I64, Bool
from stream.units import NEVER_MS
from stream.windows.call_sources import silences_until
from stream.windows.calls.stays import Waits
from stream.windows.gaps import Gaps
from stream.windows.source_gaps import gaps_at
from stream.windows.sources import Sources

Silences = tuple[I64, I64, I64]
"""Of `silences_until`: source, start and end of each."""


@dataclass(frozen=True, slots=True)
class KnownWaits(Columns):
    """Parts of waits that are known, in columns; in the order of the waits, then of time."""

    wait: I64
    """Which of the waits it is a part of."""
    start_ms: I64
    end_ms: I64
    lost: Bool
    """Whether no event says what becomes of the call where the part ends."""


def known_waits(sources: Sources, waits: Waits, wait_ms: int, until_ms: int) -> KnownWaits:
    """The parts of waits that are known at the last instant before until_ms.

    wait_ms: the limit of waits. A wait that reaches it has no known end.
    """
    open_ended = waits.end_ms - waits.start_ms >= wait_ms
    silences, gaps = silences_until(sources, until_ms), gaps_at(sources, until_ms - 1)
    over = gaps.take(gaps.end_ms < NEVER_MS)
    end_ms = waits.end_ms
    if len(over):
        end_ms = np.where(open_ended, _ends(waits, over, silences), end_ms)
    wait = np.flatnonzero(waits.start_ms < end_ms)
    start_ms, stop_ms = waits.start_ms[wait], end_ms[wait]
    if len(silences[0]):
        silent = _silent(waits, wait[open_ended[wait]], end_ms, silences)
        wait, start_ms, stop_ms = without(wait, start_ms, stop_ms, *silent)
        begun = start_ms < until_ms  # a source that is silent now may be so for ever
        wait, start_ms, stop_ms = wait[begun], start_ms[begun], stop_ms[begun]
    return KnownWaits(wait, start_ms, stop_ms, open_ended[wait])


def _ends(waits: Waits, over: Gaps, silences: Silences) -> I64:
    """(N,): where waits without an end of their own end, by the gaps that are over.

    That is where the first gap of the source begins, but who observed the source during the gap
    knew that no earlier than when it fell silent. So what control finds does not depend on whether
    the end of the silence has come meanwhile.
    """
    end_ms = waits.end_ms.copy()
    for source in np.unique(over.source).tolist():
        mine = over.take(over.source == source)
        of_source = np.flatnonzero(waits.source == source)
        first = np.searchsorted(mine.start_ms, waits.start_ms[of_source])
        at, first = of_source[first < len(mine)], first[first < len(mine)]
        silent_ms = np.append(np.sort(silences[1][silences[0] == source]), NEVER_MS)
        begin_ms = mine.start_ms[first]
        observed_ms = silent_ms[np.searchsorted(silent_ms, begin_ms)]
        lost_ms = np.where(
            observed_ms < NEVER_MS, np.minimum(observed_ms, mine.end_ms[first]), begin_ms
        )
        end_ms[at] = np.minimum(end_ms[at], lost_ms)
    return end_ms


def _silent(waits: Waits, at: I64, end_ms: I64, silences: Silences) -> tuple[I64, I64, I64]:
    """When the sources of some waits were silent meanwhile: (wait, start, end), in order."""
    found = [np.zeros((3, 0), np.int64)]
    for source, silent_ms, back_ms in zip(*(one.tolist() for one in silences), strict=True):
        mine = at[waits.source[at] == source]
        start_ms = np.maximum(waits.start_ms[mine], silent_ms)
        found.append(np.stack([mine, start_ms, np.minimum(end_ms[mine], back_ms)]))
    wait, start_ms, stop_ms = np.concatenate(found, axis=1)
    real = start_ms < stop_ms
    return union(wait[real], start_ms[real], stop_ms[real])
