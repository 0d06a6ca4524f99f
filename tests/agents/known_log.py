"""What Kafka says of the log that a task reads, as a test wants it."""

from collections.abc import Mapping
from typing import cast

from faust.types import TP

from stream.agents.log_check import Log, LogCheck, LogMatch
from stream.store.record_fingerprint import RecordFingerprint


class KnownLog(LogCheck):
    """The same log, until a test says otherwise."""

    def __init__(self) -> None:
        super().__init__(cast("Log", None))
        self.match = LogMatch.same
        self.matches: dict[int, LogMatch] = {}
        """By offset, where it is not `match`."""
        self.begins = 0
        self.is_unmoved = False
        self.looked_up: list[Mapping[TP, RecordFingerprint]] = []
        self.checks = 0

    async def unmoved(self, fingerprints: Mapping[TP, RecordFingerprint]) -> set[TP]:
        self.looked_up.append(dict(fingerprints))
        return set(fingerprints) if self.is_unmoved else set()

    async def check(self, tp: TP, fingerprint: RecordFingerprint) -> LogMatch:
        self.checks += 1
        return self.matches.get(fingerprint.offset, self.match)

    async def check_offset(self, tp: TP, offset: int) -> LogMatch:
        return self.matches.get(offset, self.match)

    async def start(self, tp: TP) -> int:
        return self.begins
