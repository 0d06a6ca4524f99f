"""What reading a delivered record again says, for each kind of log that may be there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    reads: int = 0
    found: int = 0

    async def read(self, tp: TP, offset: int) -> LogReading:
        self.reads += 1
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

    async def find(self, topic: str, times_ms: Mapping[int, int]) -> dict[int, tuple[int, int]]:
        self.found += 1
        return {partition: self._find(time_ms) for partition, time_ms in times_ms.items()}

    def _find(self, time_ms: int) -> tuple[int, int]:
        for offset, value in enumerate(self.values, self.begins):
            if value is not None and (at_ms := fingerprint(offset, value).time_ms) >= time_ms:
                return at_ms, offset
        return -1, -1


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


async def test_a_log_that_was_read_once_is_only_looked_up_while_it_stays_the_same() -> None:
    clock = [0.0]
    log = log_of(100)
    check = LogCheck(log, lambda: clock[0])
    assert await check.unmoved({PLACE: DELIVERED}) == set()
    assert await check.check(PLACE, DELIVERED) is LogMatch.same
    for second in range(30):
        clock[0] = float(second)
        assert await check.unmoved({PLACE: DELIVERED}) == {PLACE}
    assert (log.reads, log.found) == (1, 31)
    clock[0] = 30.0  # another log may hold the same time stamp there
    assert await check.unmoved({PLACE: DELIVERED}) == set()
    assert await check.check(PLACE, DELIVERED) is LogMatch.same
    assert await check.unmoved({PLACE: DELIVERED}) == {PLACE}
    assert await check.unmoved({PLACE: replace(DELIVERED, offset=98)}) == set()


@pytest.mark.parametrize(
    "other",
    [MemoryLog([]), log_of(99), MemoryLog([VALUE] * 9, AT - 3), MemoryLog([], 100)],
    ids=["made again", "its tail cut", "retention", "retention, nothing is left"],
)
async def test_a_log_that_is_another_one_is_read_again(other: MemoryLog) -> None:
    log = log_of(100)
    check = LogCheck(log)
    await check.unmoved({PLACE: DELIVERED})
    await check.check(PLACE, DELIVERED)
    log.values, log.begins = other.values, other.begins
    same = await log.find(PLACE.topic, {0: DELIVERED.time_ms}) == {0: (DELIVERED.time_ms, AT)}
    assert await check.unmoved({PLACE: DELIVERED}) == ({PLACE} if same else set())
    assert same == (other.begins == AT - 3)  # it still holds the record


async def test_a_log_that_did_not_hold_the_record_is_not_taken_for_verified() -> None:
    log = log_of(99)
    check = LogCheck(log)
    for _ in range(3):
        assert await check.unmoved({PLACE: DELIVERED}) == set()
        assert await check.check(PLACE, DELIVERED) is LogMatch.short


async def test_a_log_that_retention_emptied_is_read_each_time() -> None:
    """Made again, and still empty, it is looked up as before: only its end tells them apart."""
    log = MemoryLog([], 100)
    check = LogCheck(log)
    for _ in range(3):
        assert await check.unmoved({PLACE: DELIVERED}) == set()
        assert await check.check(PLACE, DELIVERED) is LogMatch.unverifiable
    log.begins = 0
    assert await check.unmoved({PLACE: DELIVERED}) == set()
    assert await check.check(PLACE, DELIVERED) is LogMatch.short


async def test_a_record_without_a_time_stamp_cannot_be_looked_up() -> None:
    log = log_of(100)
    assert await LogCheck(log).unmoved({PLACE: replace(DELIVERED, time_ms=-1)}) == set()
    assert log.found == 0
