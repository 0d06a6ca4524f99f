"""gzip in two steps: the large part is compressed ahead, the rest on request.

The stream is one member of RFC 1952. Its two halves come from two DEFLATE compressors (RFC 1951):
the first ends on a byte boundary with its history dropped (full flush), so that another compressor
can continue there.
"""

import zlib
from dataclasses import dataclass
from typing import Final, Self

_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
"""DEFLATE, no name, no time, fastest, of no particular system."""
_LEVEL: Final = 1
"""Exposition text shrinks to a fourteenth; level 6 costs three times as much for a fifth less."""


@dataclass(frozen=True, slots=True)
class Gzipped:
    """A text, and the compressed start of every stream that begins with it."""

    text: bytes
    deflated: bytes
    crc: int

    @classmethod
    def of(cls, text: bytes) -> Self:
        """Compress a text; zlib releases the interpreter lock meanwhile."""
        compressor = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
        deflated = compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH)
        return cls(text, deflated, zlib.crc32(text))

    def ended(self, rest: bytes) -> bytes:
        """The gzip stream of this text followed by `rest`."""
        compressor = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
        length = len(self.text) + len(rest)
        return b"".join(
            (
                _HEADER,
                self.deflated,
                compressor.compress(rest),
                compressor.flush(),
                zlib.crc32(rest, self.crc).to_bytes(4, "little"),
                (length & 0xFFFFFFFF).to_bytes(4, "little"),
            )
        )
