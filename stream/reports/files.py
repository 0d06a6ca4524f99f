"""Input and output files. Input: plain, gzip or stdin. Output: renamed when complete."""

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from stream.errors import InputError
from stream.sources.recording import InputFile

STDIN = "-"
_GZIP = b"\x1f\x8b"
_BUFFER_BYTES: Final = 2**17


@contextmanager
def opened(
    paths: Sequence[str], on_bytes: Callable[[int], None], on_damage: Callable[[str], None]
) -> Iterator[list[InputFile]]:
    """Input files by name, each read once and lazily; `on_bytes` gets the number of bytes read.

    A gzip file that is cut or broken ends where it can no longer be read; `on_damage` gets the file
    and the reason.

    Raises:
        InputError: a file does not exist, cannot be read or is UTF-16.
    """
    with ExitStack() as stack:
        yield [InputFile(path, _lines(path, stack, on_bytes, on_damage)) for path in paths]


def size_of(paths: Sequence[str]) -> int:
    """Bytes of all files on disk; 0 for stdin.

    Raises:
        InputError: a file does not exist.
    """
    try:
        return sum(0 if path == STDIN else Path(path).stat().st_size for path in paths)
    except OSError as error:
        raise InputError(f"{error.filename}: {_reason(error)}") from None


def _lines(
    path: str,
    stack: ExitStack,
    on_bytes: Callable[[int], None],
    on_damage: Callable[[str], None],
) -> Iterator[bytes]:
    try:
        raw = io.BufferedReader(
            io.FileIO(sys.stdin.fileno() if path == STDIN else path, closefd=path != STDIN)
        )
        stack.callback(raw.close)
        lines: BinaryIO = raw
        if raw.peek(2).startswith(_GZIP):
            unpacked = _Unpacked(raw, lambda reason: on_damage(f"{path}: {reason}"))
            lines = io.BufferedReader(unpacked, _BUFFER_BYTES)
        reported = 0
        for number, line in enumerate(lines):
            if number % 4096 == 0 and raw.seekable():
                on_bytes(raw.tell() - reported)
                reported = raw.tell()
            yield line if number else _without_mark(path, line)
    except OSError as error:
        raise InputError(f"{path}: {_reason(error)}") from None


class _Unpacked(io.RawIOBase):
    """A gzip file that ends where it can no longer be read."""

    def __init__(self, raw: BinaryIO, on_damage: Callable[[str], None]) -> None:
        super().__init__()
        self._file = gzip.GzipFile(fileobj=raw)
        self._on_damage = on_damage
        self._is_damaged = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        if self._is_damaged:
            return 0
        try:
            data = self._file.read1(len(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            self._is_damaged = True
            self._on_damage(_reason(error))
            return 0
        buffer[: len(data)] = data
        return len(data)


def _without_mark(path: str, line: bytes) -> bytes:
    """The first line of a file, without the byte order mark that some editors write."""
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{path}: the file is UTF-16; save it as UTF-8")
    return line.removeprefix(codecs.BOM_UTF8)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


class Results:
    """A directory of results. Files get their names at the end, or are removed on failure.

    Args:
        directory: created if missing.
        names: of all files that a run may write; files of an earlier run that this run does not
            write are removed at the end.

    Raises:
        InputError: the directory or a file in it cannot be written.
    """

    def __init__(self, directory: Path, names: Sequence[str] = ()) -> None:
        self._directory = directory
        self._names = names
        self._open: dict[str, TextIO] = {}

    def __enter__(self) -> "Results":
        """Create the directory."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--out {self._directory}: {_reason(error)}") from None
        return self

    def file(self, name: str) -> TextIO:
        """A new text file."""
        try:
            opened_file = self._partial(name).open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise InputError(f"{self._partial(name)}: {_reason(error)}") from None
        self._open[name] = opened_file
        return opened_file

    def __exit__(self, kind: object, *_exc: object) -> None:
        """Rename the files; after an error or Ctrl-C remove them instead."""
        for name, file in self._open.items():
            file.close()
            if kind is None:
                self._partial(name).replace(self._directory / name)
            else:
                self._partial(name).unlink(missing_ok=True)
        if kind is None:
            for name in set(self._names) - self._open.keys():
                (self._directory / name).unlink(missing_ok=True)

    def _partial(self, name: str) -> Path:
        return self._directory / f".{name}.partial"
