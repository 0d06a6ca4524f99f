"""Checks that the log of a partition is the one that its state was computed from.

A position is a number, and any log has that number: a topic that was made again, one whose tail
was cut by an unclean election, one of another cluster under the same name. So the record that was
delivered last is read again and compared (`stream.store.record_fingerprint`). Watermarks alone
prove nothing: that of a new leader lags for a moment.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from faust.types import TP

from stream.agents.transport.log_reader import LogReading
from stream.store.record_fingerprint import RecordFingerprint

CUT_S_MAX: Final = 10.0
"""How long a leader may say that its log ends before a record that was delivered."""
SHORT_S_MAX: Final = 60.0
"""How long consumers may not read as far as a record that was delivered. After a change of leader
the high watermark lags until each in-sync replica has fetched; one that is stuck leaves them after
up to 1.5 times Kafka's replica.lag.time.max.ms of 30 s."""
FORGET_S: Final = 30.0
"""Without a check for so long, the time that a log is too short starts again."""


LOOK_UP_S_MAX: Final = 30.0
"""A log that seems the same by look-ups alone is read again so often. Another log may have a record
of the same time stamp at the same offset."""


class LogMatch(Enum):
    """What reading a delivered record again says about the log."""

    same = auto()
    """It holds the record."""
    unverifiable = auto()
    """It begins beyond the record: retention has removed it."""
    short = auto()
    """It ends before the record, for less than `CUT_S_MAX` or `SHORT_S_MAX`."""
    replaced = auto()
    """It holds another record there, or none, or has been too short for too long."""


class Log(Protocol):
    """Reads a partition's log; see `stream.agents.transport.log_reader.LogReader`."""

    async def read(self, tp: TP, offset: int) -> LogReading:
        """Read the record at an offset.

        Raises:
            KafkaError: Kafka does not answer.
        """

    async def start(self, tp: TP) -> int:
        """Where the log begins.

        Raises:
            KafkaError: Kafka does not answer.
        """

    async def find(self, topic: str, times_ms: Mapping[int, int]) -> dict[int, tuple[int, int]]:
        """By partition, time stamp and offset of the first record not older than an instant."""


def compare(fingerprint: RecordFingerprint, reading: LogReading) -> LogMatch:
    """Compare a delivered record with what the log holds at its offset.

    A record that is absent though the log holds later ones was compacted away, or never was in this
    log. Both count as replaced: a topic of events is not compacted.
    """
    if reading.record == fingerprint:
        return LogMatch.same
    if reading.record is None and reading.start is not None:
        return LogMatch.unverifiable
    return LogMatch.replaced if reading.reached else LogMatch.short


@dataclass(frozen=True, slots=True)
class _Short:
    """A log that is too short."""

    since_s: float
    seen_s: float
    """When that was last seen."""
    cut: bool
    """See `LogReading.cut`."""

    @property
    def is_replaced(self) -> bool:
        """Whether no healthy log is too short for so long."""
        return self.seen_s - self.since_s >= (CUT_S_MAX if self.cut else SHORT_S_MAX)


@dataclass(frozen=True, slots=True)
class _LookUp:
    """Where the broker finds the first record that is not older than a delivered one."""

    fingerprint: RecordFingerprint
    place: tuple[int, int]
    """Time stamp and offset."""


class LogCheck:
    """Reads delivered records again; one for all partitions of a worker.

    Args:
        log: reads partitions' logs.
        now_s: monotonic time.
    """

    def __init__(self, log: Log, now_s: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._now_s = now_s
        self._short: dict[tuple[TP, int], _Short] = {}
        """By partition and offset."""
        self._found: dict[TP, _LookUp] = {}
        """The last look-up of each partition."""
        self._verified: dict[TP, tuple[_LookUp, float]] = {}
        """The look-up before the log was read and held the record, and when that was."""

    async def unmoved(self, fingerprints: Mapping[TP, RecordFingerprint]) -> set[TP]:
        """Which logs need not be read now to know that they still hold these records.

        The cheap check of logs in which nothing is written: one request for each broker, that reads
        no records. To be called before `check`.
        """
        times_ms = defaultdict[str, dict[int, int]](dict)
        for tp, fingerprint in fingerprints.items():
            if fingerprint.time_ms >= 0:
                times_ms[tp.topic][tp.partition] = fingerprint.time_ms
        self._found.clear()
        for topic, asked in times_ms.items():
            for partition, place in (await self._log.find(topic, asked)).items():
                tp = TP(topic, partition)
                self._found[tp] = _LookUp(fingerprints[tp], place)
        return {tp for tp, look_up in self._found.items() if self._is_verified(tp, look_up)}

    def _is_verified(self, tp: TP, look_up: _LookUp) -> bool:
        verified, read_s = self._verified.get(tp, (None, 0.0))
        return verified == look_up and self._now_s() - read_s < LOOK_UP_S_MAX

    async def check(self, tp: TP, fingerprint: RecordFingerprint) -> LogMatch:
        """Check one delivered record.

        Raises:
            KafkaError: Kafka does not answer.
        """
        self._verified.pop(tp, None)
        reading = await self._log.read(tp, fingerprint.offset)
        match = compare(fingerprint, reading)
        look_up, is_same = self._found.get(tp), match is LogMatch.same
        # A log that retention emptied is looked up like one that was made again: it is read.
        if look_up is not None and look_up.fingerprint == fingerprint and is_same:
            self._verified[tp] = look_up, self._now_s()
        return self._patiently(tp, fingerprint.offset, match, reading.cut)

    async def check_offset(self, tp: TP, offset: int) -> LogMatch:
        """Check that the log holds anything at an offset, whose record is not known.

        Raises:
            KafkaError: Kafka does not answer.
        """
        reading = await self._log.read(tp, offset)
        if reading.start is not None:
            return LogMatch.unverifiable
        match = LogMatch.same if reading.reached else LogMatch.short
        return self._patiently(tp, offset, match, reading.cut)

    async def start(self, tp: TP) -> int:
        """Where the log begins.

        Raises:
            KafkaError: Kafka does not answer.
        """
        return await self._log.start(tp)

    def _patiently(self, tp: TP, offset: int, match: LogMatch, cut: bool) -> LogMatch:  # noqa: FBT001
        """The match; `replaced` instead of `short` once that has lasted for too long."""
        now_s, before = self._now_s(), self._short.pop((tp, offset), None)
        if match is not LogMatch.short:
            return match
        goes_on = before and before.cut == cut and now_s - before.seen_s <= FORGET_S
        short = _Short(before.since_s if before and goes_on else now_s, now_s, cut)
        self._short[tp, offset] = short
        return LogMatch.replaced if short.is_replaced else LogMatch.short
