"""What reading a delivered record again says, for each kind of log that may be there."""

from dataclasses import dataclass, field

import pytest
from faust.types import TP

from stream.agents.log_check import LogCheck, LogMatch, compare
from stream.agents.transport.log_reader import LogReading
from stream.store.record_fingerprint import RecordFingerprint

PLACE = TP("floor-events", 0)
AT = 99
VALUE = b'{"type":"state","agent":"a-1"}'
DELIVERED = RecordFingerprint.of(AT, 1_795_000_200_000, VALUE)


@dataclass
class MemoryLog:
    """A log of values, one millisecond apart, from its first offset on; None: compacted away."""

    values: list[bytes | None] = field(default_factory=list)
    begins: int = 0
    cut: bool = True
    """Where it ends; else consumers may not read on yet."""

    async def read(self, tp: TP, offset: int) -> LogReading:
        if offset < self.begins:
            return LogReading(None, reached=True, start=self.begins)
        if offset >= self.begins + len(self.values):
            return LogReading(None, reached=False, cut=self.cut)
        value = self.values[offset - self.begins]
        if value is None:
            return LogReading(None, reached=True)
        return LogReading(fingerprint(offset, value), reached=True)

    async def start(self, tp: TP) -> int:
        return self.begins


def fingerprint(offset: int, value: bytes) -> RecordFingerprint:
    return RecordFingerprint.of(offset, DELIVERED.time_ms - AT + offset, value)


def log_of(length: int, at: bytes | None = VALUE) -> MemoryLog:
    values: list[bytes | None] = [b"other"] * length
    if length > AT:
        values[AT] = at
    return MemoryLog(values)


@pytest.mark.parametrize(
    ("log", "match"),
    [
        (log_of(100), LogMatch.same),
        (log_of(500), LogMatch.same),
        (MemoryLog([VALUE], AT), LogMatch.same),
        (log_of(500, b"another"), LogMatch.replaced),
        (log_of(500, VALUE.replace(b"a-1", b"a-2")), LogMatch.replaced),
        (log_of(500, None), LogMatch.replaced),
        (log_of(99), LogMatch.short),
        (log_of(0), LogMatch.short),
        (MemoryLog([], 100), LogMatch.unverifiable),
        (MemoryLog([b"x"] * 9, 300), LogMatch.unverifiable),
    ],
    ids=[
        "the log",
        "the log, grown",
        "the log, cut by retention up to the record",
        "a longer log",
        "a record of equal length and time",
        "a compacted log",
        "one record less",
        "an empty log",
        "retention, nothing is left",
        "retention",
    ],
)
async def test_a_delivered_record_identifies_its_log(log: MemoryLog, match: LogMatch) -> None:
    assert compare(DELIVERED, await log.read(PLACE, AT)) is match
    assert await LogCheck(log).check(PLACE, DELIVERED) is match


def test_a_record_of_the_same_value_at_another_time_is_another_record() -> None:
    later = RecordFingerprint.of(AT, DELIVERED.time_ms + 1, VALUE)
    assert compare(DELIVERED, LogReading(later, reached=True)) is LogMatch.replaced


def test_a_record_without_a_value_has_a_fingerprint_of_its_own() -> None:
    assert RecordFingerprint.of(AT, 0, None) != RecordFingerprint.of(AT, 0, b"")


def test_a_fingerprint_takes_24_bytes_and_survives_them() -> None:
    for one in (DELIVERED, RecordFingerprint.of(2**62, -1, None)):
        assert len(one.to_bytes()) == 24
        assert RecordFingerprint.from_bytes(one.to_bytes()) == one


@pytest.mark.parametrize(
    ("cut", "patience_s"),
    [(True, 10), (False, 60)],
    ids=["its leader says that it ends before", "consumers may not read on yet"],
)
async def test_a_log_that_stays_too_short_was_replaced(*, cut: bool, patience_s: int) -> None:
    """A stuck replica holds back the high watermark of a new leader for up to 45 s."""
    clock = [0.0]
    log = log_of(99)
    log.cut = cut
    check = LogCheck(log, lambda: clock[0])

    async def seen_from(start_s: int) -> list[LogMatch]:
        matches = []
        for second in range(start_s, start_s + patience_s + 1):
            clock[0] = float(second)
            matches.append(await check.check(PLACE, DELIVERED))
        return matches

    expected = [LogMatch.short] * patience_s + [LogMatch.replaced]
    assert await seen_from(0) == expected
    log.values, values = log_of(100).values, log.values
    assert await check.check(PLACE, DELIVERED) is LogMatch.same
    log.values = values
    assert await seen_from(100) == expected
    assert await seen_from(300) == expected  # nobody has looked for a while


async def test_checks_that_are_slow_still_find_that_a_log_was_replaced() -> None:
    clock = [0.0]
    check = LogCheck(log_of(99), lambda: clock[0])
    assert await check.check(PLACE, DELIVERED) is LogMatch.short
    clock[0] = 20.0
    assert await check.check(PLACE, DELIVERED) is LogMatch.replaced


async def test_a_cut_that_is_seen_for_the_first_time_is_given_its_own_patience() -> None:
    clock = [0.0]
    log = log_of(99)
    log.cut = False
    check = LogCheck(log, lambda: clock[0])
    assert await check.check(PLACE, DELIVERED) is LogMatch.short
    clock[0] = 20.0
    log.cut = True
    assert await check.check(PLACE, DELIVERED) is LogMatch.short
    clock[0] = 30.0
    assert await check.check(PLACE, DELIVERED) is LogMatch.replaced


@pytest.mark.parametrize(
    ("log", "match"),
    [
        (log_of(500), LogMatch.same),
        (log_of(500, None), LogMatch.same),
        (log_of(99), LogMatch.short),
        (MemoryLog([], 300), LogMatch.unverifiable),
    ],
)
async def test_a_position_without_a_known_record_only_needs_a_log_that_reaches_it(
    log: MemoryLog, match: LogMatch
) -> None:
    assert await LogCheck(log).check_offset(PLACE, AT) is match
