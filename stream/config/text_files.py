"""Reads text files that people write: configuration and roster."""

import codecs
import stat
from pathlib import Path
from typing import Final

from stream.errors import ConfigurationError

_OTHER_MARKS: Final = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Marks at the beginning of files that are not in UTF-8; the longer ones first."""
_MB_MAX: Final = 64
"""Far more than the roster of the largest centre."""
_SAVE: Final = "save the file as UTF-8"


def read_text(path: Path, name: str) -> str:
    """The text of a file in UTF-8, without a byte order mark, with lines that end in a line feed.

    Args:
        path: the file.
        name: how messages call it.

    Raises:
        ConfigurationError: it cannot be read, or has another encoding; names the line.
    """
    content = _content(path, name)
    for mark, encoding in _OTHER_MARKS.items():
        if content.startswith(mark):
            raise ConfigurationError(f"{name}, line 1: not UTF-8 at byte 0 but {encoding}; {_SAVE}")
    if b"\0" in content[:4]:
        raise ConfigurationError(f"{name}, line 1: not UTF-8 but UTF-16 or UTF-32; {_SAVE}")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        before = error.object[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        line = before.count(b"\n") + 1
        byte = error.object[error.start]
        msg = f"{name}, line {line}: not UTF-8 at byte {error.start} (0x{byte:02X}); {_SAVE}"
        raise ConfigurationError(msg) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _content(path: Path, name: str) -> bytes:
    """What a file holds. A pipe might never end, and a device neither."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise ConfigurationError(
                f"{name}: is no regular file, but a pipe, a socket or a device"
            )
        if status.st_size > _MB_MAX * 2**20:
            size_mb = status.st_size >> 20
            raise ConfigurationError(f"{name}: has {size_mb} MB; allowed: up to {_MB_MAX} MB")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # the latter for a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"{name}: {reason.lower()}") from None
