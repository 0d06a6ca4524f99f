"""Recorded data as a replay takes it in: events with the place that each came from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stream.events.language import I64

TEXT_BYTES_MOST = 65_536
"""Of a longer row only this much is kept in a report about it."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was opened: its name as the user gave it, and its lines, ends included."""

    name: str
    lines: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not be taken in."""

    file: int
    """Index of the file."""
    line: int
    """From 1."""
    reason: str
    detail: str
    """What, where and what is allowed, for a person."""
    text: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Events in file order; columns of length N."""

    values: Sequence[bytes]
    """One JSON event each, as a Kafka record would hold it."""
    ts_ms: I64
    received_ms: I64
    """When the source's recorder got the event; -1 where that is not known."""
    file: I64
    """Index of the file."""
    line: I64
    """From 1."""
    rows: int
    """Rows read, the unreadable ones and those without any event included; no headers."""
    unreadable: Sequence[Unreadable]

    def take(self, at: I64) -> "Recording":
        """The events at the given places; rows and unreadable ones stay counted."""
        values = [self.values[index] for index in at.tolist()]
        return replace(
            self,
            values=values,
            ts_ms=self.ts_ms[at],
            received_ms=self.received_ms[at],
            file=self.file[at],
            line=self.line[at],
        )

    def in_time_order(self) -> "Recording":
        """The same events by their time; those of one instant stay in file order."""
        return self.take(np.argsort(self.ts_ms, kind="stable"))

    def before(self, to_ms: int) -> "Recording":
        """Only the events before an instant."""
        return self.take(np.flatnonzero(self.ts_ms < to_ms))


class RecordingBuilder:
    """Collects the events and the unreadable rows of some files, in the order of reading.

    Readers share it, so that each event and each rejection keeps the file and line it came from.
    """

    def __init__(self) -> None:
        self.rows = 0
        """Rows read so far; the reader counts them, since only it knows what a header is."""
        self._values: list[bytes] = []
        self._places: list[tuple[int, int, int, int]] = []
        """(ts_ms, received_ms, file, line) of each value."""
        self._unreadable: list[Unreadable] = []

    def append(self, value: bytes, ts_ms: int, file: int, line: int, received_ms: int = -1) -> None:
        """Add one JSON event."""
        self._values.append(value)
        self._places.append((ts_ms, received_ms, file, line))

    def reject(self, file: int, line: int, reason: str, detail: str, row: bytes) -> None:
        """Add a row that cannot be read; `detail` says what is wrong and what is allowed."""
        self._unreadable.append(Unreadable(file, line, reason, detail, text_of(row)))

    def build(self) -> Recording:
        """All of it as columns."""
        ts_ms, received_ms, file, line = np.array(self._places, np.int64).reshape(-1, 4).T
        return Recording(self._values, ts_ms, received_ms, file, line, self.rows, self._unreadable)


def text_of(row: bytes) -> str:
    """A row as it may stand in a report: cut, and bytes that are no UTF-8 escaped."""
    return row[:TEXT_BYTES_MOST].rstrip(b"\r\n").decode(errors="backslashreplace")
