"""Identifies a log by one of its records: 24 bytes that another log does not have at that offset.

Kafka's offsets say nothing of the log that they count: a topic that was made again begins at 0, and
an unclean election cuts the end of a log and writes other records in its place. The value and time
stamp of a record do not change while its log lives; a batch's checksum does (compaction).
"""

import struct
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Self

from stream.errors import UnreadableStateError

_BYTES: Final = struct.Struct(">qqQ")


@dataclass(frozen=True, slots=True)
class RecordFingerprint:
    """A record of a log."""

    offset: int
    time_ms: int
    """Kafka's own time stamp."""
    value_hash: int
    """64 bits of the value; 0 for a record without one."""

    @classmethod
    def of(cls, offset: int, time_ms: int, value: bytes | None) -> Self:
        """The fingerprint of a record."""
        digest = b"" if value is None else blake2b(value, digest_size=8).digest()
        return cls(offset, time_ms, int.from_bytes(digest))

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Parse what `to_bytes` returned.

        Raises:
            UnreadableStateError: not 24 bytes.
        """
        try:
            return cls(*_BYTES.unpack(stored))
        except struct.error as error:
            msg = f"its record's fingerprint {stored[:40]!r} cannot be read"
            raise UnreadableStateError(msg) from error

    def to_bytes(self) -> bytes:
        """24 bytes."""
        return _BYTES.pack(self.offset, self.time_ms, self.value_hash)
