"""A batch of events as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, TypeVar

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


@dataclass(frozen=True, slots=True)
class CallRows:
    """Call events. A duration of -1: missing; a seat of -1: no agent was named."""

    event: I64
    ts_ms: I64
    floor: I64
    call: list[str]
    phase: U8
    pool: I64
    seat: I64
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


Kinds = TypeVar("Kinds", StateRows, CallRows, QueueRows)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Valid events in the order of their records; columns of length E, rows by kind."""

    record: I64
    """The index of the event's record."""
    ts_ms: I64
    source: I64
    seen_ms: I64
    """Kafka's time stamp of the record; the event's own without one."""
    states: StateRows
    calls: CallRows
    queues: QueueRows

    def __len__(self) -> int:
        return len(self.record)

    def heartbeats(self) -> Bool:
        """(E,): which events are heartbeats: those without a row of any kind."""
        alone = np.ones(len(self), np.bool_)
        for rows in (self.states, self.calls, self.queues):
            alone[rows.event] = False
        return alone

    def cut(self, first: int, end: int) -> "EventBatch":
        """The events [first, end); their columns are views of these."""
        if (first, end) == (0, len(self)):
            return self
        return EventBatch(
            self.record[first:end],
            self.ts_ms[first:end],
            self.source[first:end],
            self.seen_ms[first:end],
            _cut(self.states, first, end),
            _cut(self.calls, first, end),
            _cut(self.queues, first, end),
        )

    def where(self, kept: Bool) -> "EventBatch":
        """The events for which kept, (E,), is True."""
        if kept.all():
            return self
        place = np.cumsum(kept) - 1
        states = self.states.take(kept[self.states.event])
        calls = self.calls.take(np.flatnonzero(kept[self.calls.event]))
        queues = self.queues.take(kept[self.queues.event])
        return EventBatch(
            self.record[kept],
            self.ts_ms[kept],
            self.source[kept],
            self.seen_ms[kept],
            replace(states, event=place[states.event]),
            replace(calls, event=place[calls.event]),
            replace(queues, event=place[queues.event]),
        )

    @classmethod
    def joined(cls, parts: Sequence["EventBatch"]) -> "EventBatch":
        """The events of all parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        before = np.cumsum([0, *map(len, parts)])[:-1].tolist()
        calls = list(chain.from_iterable(part.calls.call for part in parts))
        return cls(
            states=StateRows(**_columns([part.states for part in parts], before)),
            calls=CallRows(call=calls, **_columns([part.calls for part in parts], before)),
            queues=QueueRows(**_columns([part.queues for part in parts], before)),
            **{name: _column(parts, name) for name in ("record", "ts_ms", "source", "seen_ms")},
        )


def _cut(rows: Kinds, first: int, end: int) -> Kinds:
    """The rows of the events [first, end); rows are in the order of their events."""
    some = slice(*np.searchsorted(rows.event, [first, end]).tolist())
    kept = type(rows)(**{name: getattr(rows, name)[some] for name in rows.__slots__})
    return replace(kept, event=kept.event - first)


def _column(parts: Sequence[Any], name: str) -> Any:  # noqa: ANN401 - of whatever type it has
    return np.concatenate([getattr(part, name) for part in parts])


def _columns(parts: Sequence[StateRows | CallRows | QueueRows], before: list[int]) -> Any:  # noqa: ANN401
    """All columns but `call`; `event` continues from part to part."""
    names = [name for name in parts[0].__slots__ if name not in {"event", "call"}]
    event = np.concatenate([part.event + start for part, start in zip(parts, before, strict=True)])
    return {"event": event, **{name: _column(parts, name) for name in names}}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The result of decoding: the events, and the rejected ones."""

    batch: EventBatch
    rejected: list[Rejected]
