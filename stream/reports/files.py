"""Input and output files. Input: plain, gzip or stdin. Output: renamed when complete."""

import gzip
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from stream.errors import InputError
from stream.sources.recording import InputFile

STDIN = "-"
_GZIP = b"\x1f\x8b"


@contextmanager
def opened(paths: Sequence[str], on_bytes: Callable[[int], None]) -> Iterator[list[InputFile]]:
    """Input files by name, each read once and lazily; `on_bytes` gets the number of bytes read.

    Raises:
        InputError: a file does not exist, cannot be read or is broken gzip.
    """
    with ExitStack() as stack:
        yield [InputFile(path, _lines(path, stack, on_bytes)) for path in paths]


def size_of(paths: Sequence[str]) -> int:
    """Bytes of all files on disk; 0 for stdin.

    Raises:
        InputError: a file does not exist.
    """
    try:
        return sum(0 if path == STDIN else Path(path).stat().st_size for path in paths)
    except OSError as error:
        raise InputError(f"{error.filename}: {_reason(error)}") from None


def _lines(path: str, stack: ExitStack, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    try:
        raw = io.BufferedReader(
            io.FileIO(sys.stdin.fileno() if path == STDIN else path, closefd=path != STDIN)
        )
        stack.callback(raw.close)
        source: Iterable[bytes] = raw
        if raw.peek(2).startswith(_GZIP):
            source = gzip.GzipFile(fileobj=raw)
        reported = 0
        for number, line in enumerate(source):
            if number % 4096 == 0 and raw.seekable():
                on_bytes(raw.tell() - reported)
                reported = raw.tell()
            yield line
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: {_reason(error)}") from None


def _reason(error: OSError | EOFError) -> str:
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
