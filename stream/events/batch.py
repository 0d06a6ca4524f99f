"""A batch of events as columns."""

from dataclasses import dataclass

from stream.events.language import I64, U8, Bool, Rejected


@dataclass(frozen=True, slots=True)
class StateRows:
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
    """Call events. A duration of -1 is missing; a seat of -1: no agent was named."""

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
class QueueRows:
    """Gauges of a queue, from a source that has them. -1: the oldest wait is missing."""

    event: I64
    ts_ms: I64
    pool: I64
    waiting: I64
    oldest_wait_ms: I64


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Readable events in the order of their records; columns of length E, rows by kind."""

    record: I64
    """Index of the record from which the event came."""
    ts_ms: I64
    source: I64
    seen_ms: I64
    """Kafka's time stamp of the record; the event's own where there is none."""
    states: StateRows
    calls: CallRows
    queues: QueueRows

    def __len__(self) -> int:
        return len(self.record)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a batch of records held."""

    batch: EventBatch
    rejected: list[Rejected]
