"""Checks a recording event by event, and keeps its order of equal times."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from stream.events.batch import Decoded, EventBatch
from stream.events.decode import decode
from stream.events.fields import NO_SEQ
from stream.events.language import I64, Rejected
from stream.events.names import Names
from stream.events.ranks import ranks as ranks_of
from stream.sources.recording import Recording, Unreadable, text_of
from stream.units import LATEST_MS

CHUNK_EVENTS: Final = 20_000
"""Events that are decoded at once."""
_NOT_RANKED: Final = np.full(CHUNK_EVENTS, NO_SEQ)


@dataclass(frozen=True, slots=True)
class Checked:
    """A recording, validated event by event."""

    recording: Recording
    """The valid events, N."""
    ranks: I64
    """(N,): of state events without `seq` the rank among the different ones of their agent, source
    and time in the same file; else 0."""
    rejected: list[Unreadable]
    calls: int
    """Number of calls in the events."""
    arrival: bool
    """Whether the events are in the order of the files, not of their times."""

    def in_time_order(self) -> "Checked":
        """The same events by their time; those of one instant stay in file order."""
        by_time = self.take(np.argsort(self.recording.ts_ms, kind="stable"))
        return replace(by_time, arrival=False)

    def decode(self, names: Names, start: int, end: int) -> Decoded:
        """The events [start, end), by the time stamps that `arrival` gives them."""
        some = slice(start, end)
        return decode(
            self.recording.values[some],
            self.recording.received_ms[some].tolist() if self.arrival else None,
            names,
            offsets=range(start, end),
            ranks=self.ranks[some],
        )

    def take(self, at: I64) -> "Checked":
        """The events at the given places; all that were rejected stay."""
        return replace(self, recording=self.recording.take(at), ranks=self.ranks[at])


def checked(recording: Recording, *, arrival: bool = False) -> Checked:
    """Separate valid events from the others.

    With `arrival` an event far ahead of its `received` is rejected, as it would be live.
    """
    rejected: list[Unreadable] = []
    kept = np.ones(len(recording.values), np.bool_)
    unknown = (recording.received_ms < 0) | (not arrival)
    received_ms = np.where(unknown, LATEST_MS, recording.received_ms)
    names, calls, rows = Names(), set[tuple[int, str]](), _UnorderedRows()
    for start in range(0, len(recording.values), CHUNK_EVENTS):
        chunk = slice(start, start + CHUNK_EVENTS)
        decoded = decode(
            recording.values[chunk], received_ms[chunk].tolist(), names, ranks=_NOT_RANKED
        )
        rows.add(decoded.batch, start, names)
        called = decoded.batch.calls
        calls.update(zip(called.floor.tolist(), called.call, strict=True))
        for one in decoded.rejected:
            kept[start + one.record] = False
            rejected.append(_unreadable(recording, start + one.record, one))
    ranks = rows.ranks(recording.file)
    every = Checked(recording, ranks, rejected, len(calls), arrival=arrival)
    return every.take(np.flatnonzero(kept))


def _unreadable(recording: Recording, at: int, why: Rejected) -> Unreadable:
    text = text_of(recording.values[at])
    place = int(recording.file[at]), int(recording.line[at])
    return Unreadable(*place, why.reason.value, why.detail, text)


class _UnorderedRows:
    """The state events without `seq`."""

    def __init__(self) -> None:
        self._columns: list[I64] = []

    def add(self, batch: EventBatch, start: int, names: Names) -> None:
        """Add those of a batch that begins at a place of the recording."""
        rows = batch.states.take(batch.states.seq == NO_SEQ)
        at = start + batch.record[rows.event]
        agent = names.seat_agent.data[rows.seat]
        columns = (at, agent, rows.source, rows.ts_ms, rows.seat, rows.state, rows.sync)
        self._columns.append(np.array(columns, np.int64))

    def ranks(self, file: I64) -> I64:
        """(N,): the rank of each, by place; file: (N,) which file each event is in."""
        out = np.zeros(len(file), np.int64)
        at, agent, source, ts_ms, *kinds = np.concatenate(
            [np.zeros((7, 0), np.int64), *self._columns], axis=1
        )
        out[at] = ranks_of((file[at], agent, source, ts_ms), kinds)
        return out
