"""Reads text files that people write: configuration and roster."""

import codecs
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
_SAVE: Final = "save the file as UTF-8"


def read_text(path: Path, name: str) -> str:
    """The text of a file in UTF-8, without a byte order mark, with lines that end in a line feed.

    Args:
        path: the file.
        name: how messages call it.

    Raises:
        ConfigurationError: it cannot be read, or has another encoding; names the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(f"{name}: {reason}") from None
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
