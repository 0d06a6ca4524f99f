"""gzip in two steps: what is large is compressed ahead, the rest when it is asked for.

The stream is one member of RFC 1952, whose halves are DEFLATE (RFC 1951) of two compressors: the
first ends at a byte with its history dropped, so any other may go on from there.
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
    """Text, and the compressed beginning of every stream that starts with it."""

    text: bytes
    deflated: bytes
    crc: int

    @classmethod
    def of(cls, text: bytes) -> Self:
        """Compress; the interpreter is free for others meanwhile."""
        compressor = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
        deflated = compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH)
        return cls(text, deflated, zlib.crc32(text))

    def ended(self, rest: bytes) -> bytes:
        """The gzip stream of this text and the rest."""
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
