"""A batch of events as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np

from stream.arrays import Columns
from stream.events.language import I64, U8, Bool, Rejected


@dataclass(frozen=True, slots=True)
class StateRows(Columns):
    """State events; columns of one length. `event` is the row's place in the batch."""

    event: I64
    ts_ms: I64
    seq: I64
    seat: I64
    state: U8
    source: I64
    sync: Bool
    call: I64
    """A hash of the name of the call that rings; 0: not ringing, or no call was named."""
    reason: I64
    """`stream.events.reasons`."""


@dataclass(frozen=True, slots=True)
class CallRows:
    """Call events. A duration of -1: missing; a seat of -1: no agent was named."""

    event: I64
    ts_ms: I64
    floor: I64
    call: list[str]
    phase: U8
    pool: I64
    """Where the event names none: that of its agent's team, else `main`."""
    pool_given: Bool
    """Whether the event names its pool."""
    seat: I64
    source: I64
    by: U8
    """Who ended it: `EndedBy`."""
    reason: I64
    wait_ms: I64
    talk_ms: I64
    hold_ms: I64
    acw_ms: I64

    def take(self, at: I64) -> "CallRows":
        """The rows at the given places."""
        columns = {name: getattr(self, name)[at] for name in self.__slots__ if name != "call"}
        return CallRows(call=[self.call[index] for index in at.tolist()], **columns)


@dataclass(frozen=True, slots=True)
class QueueRows(Columns):
    """Gauges of a queue, from a source that has them. -1: the oldest wait is missing."""

    event: I64
    ts_ms: I64
    pool: I64
    waiting: I64
    oldest_wait_ms: I64


NOBODY: Final = -1
"""In place of an agent: a row of the snapshot itself, which may name none."""


@dataclass(frozen=True, slots=True)
class SnapshotRows(Columns):
    """Snapshots of agents: a row with NOBODY for each, and one for each agent that it names."""

    event: I64
    ts_ms: I64
    source: I64
    agent: I64


Kinds = TypeVar("Kinds", StateRows, CallRows, QueueRows, SnapshotRows)


@dataclass(frozen=True, slots=True)
class SourceRecords:
    """The records that a batch was decoded from; times, offsets and ranks as `decode` got them."""

    values: Sequence[Any]
    """Bytes as Kafka has them, or documents that were parsed already."""
    times_ms: Sequence[int] | None
    offsets: Sequence[int]
    """Their places in the partition or the recording."""
    ranks: I64 | None = None


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Valid events in the order of their records; columns of length E, rows by kind."""

    record: I64
    """The index of the event's record."""
    place: I64
    """The event's place in its record, rejected ones counted."""
    ts_ms: I64
    source: I64
    seen_ms: I64
    """Kafka's time stamp of the record; the event's own without one."""
    stamp: U8
    """Who gave it, a `StampType`."""
    states: StateRows
    calls: CallRows
    queues: QueueRows
    snapshots: SnapshotRows
    reasons: dict[int, str]
    """The texts of reasons by their numbers, those of rejected events too."""
    records: SourceRecords

    def __len__(self) -> int:
        return len(self.record)

    def heartbeats(self) -> Bool:
        """(E,): which events are heartbeats: those without a row of any kind."""
        alone = np.ones(len(self), np.bool_)
        for rows in (self.states, self.calls, self.queues, self.snapshots):
            alone[rows.event] = False
        return alone

    def cut(self, first: int, end: int) -> "EventBatch":
        """The events [first, end); their columns are views of these."""
        if (first, end) == (0, len(self)):
            return self
        return EventBatch(
            self.record[first:end],
            self.place[first:end],
            self.ts_ms[first:end],
            self.source[first:end],
            self.seen_ms[first:end],
            self.stamp[first:end],
            _cut(self.states, first, end),
            _cut(self.calls, first, end),
            _cut(self.queues, first, end),
            _cut(self.snapshots, first, end),
            self.reasons,
            self.records,
        )

    def where(self, kept: Bool) -> "EventBatch":
        """The events for which kept, (E,), is True."""
        if kept.all():
            return self
        place = np.cumsum(kept) - 1
        states = self.states.take(kept[self.states.event])
        calls = self.calls.take(np.flatnonzero(kept[self.calls.event]))
        queues = self.queues.take(kept[self.queues.event])
        snapshots = self.snapshots.take(kept[self.snapshots.event])
        return EventBatch(
            self.record[kept],
            self.place[kept],
            self.ts_ms[kept],
            self.source[kept],
            self.seen_ms[kept],
            self.stamp[kept],
            replace(states, event=place[states.event]),
            replace(calls, event=place[calls.event]),
            replace(queues, event=place[queues.event]),
            replace(snapshots, event=place[snapshots.event]),
            self.reasons,
            self.records,
        )


def _cut(rows: Kinds, first: int, end: int) -> Kinds:
    """The rows of the events [first, end); rows are in the order of their events."""
    some = slice(*np.searchsorted(rows.event, [first, end]).tolist())
    kept = type(rows)(**{name: getattr(rows, name)[some] for name in rows.__slots__})
    return replace(kept, event=kept.event - first)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The result of decoding: the events, and the rejected ones."""

    batch: EventBatch
    rejected: list[Rejected]
