"""Log lines on stderr, as text or JSON, with repeats rate-limited."""

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

from stream.errors import FloorwatchError

log = logging.getLogger(__name__)

LogFormat = Literal["text", "json"]
INTERVAL_S: Final = 10.0
NOISY_LOGGERS: Final = ("aiokafka", "faust", "mode", "asyncio")
"""While Kafka is unavailable, aiokafka alone logs some 75 errors a second."""
SERVICE_LOGGERS: Final = ("stream.agents.transport",)
"""Faust's services log under the names of the modules that define them."""
MAX_KINDS: Final = 1_000


class RateLimit(logging.Filter):
    """Passes a line once in `interval_s` seconds; the next one says how many were suppressed.

    Lines of noisy libraries are of one kind if their logger and unformatted text are equal, ours
    if their formatted text is.
    """

    def __init__(
        self, interval_s: float = INTERVAL_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._interval_s = interval_s
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        noisy = record.name.startswith(NOISY_LOGGERS)
        kind = (record.name, str(record.msg)[:80] if noisy else record.getMessage())
        now = self._clock()
        last_s, hidden = self._seen.get(kind, (now - self._interval_s, 0))
        if now - last_s < self._interval_s:
            self._seen[kind] = (last_s, hidden + 1)
            return False
        if len(self._seen) >= MAX_KINDS:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        if noisy or (record.exc_info and isinstance(record.exc_info[1], FloorwatchError)):
            record.exc_info = record.exc_text = None  # the text of ours says everything
        if hidden:
            record.msg = f"{record.getMessage()} (and {hidden} more times)"
            record.args = None
        return True


class TextFormatter(logging.Formatter):
    """A line: time with its offset, level, worker, logger and message; a traceback follows it."""

    def __init__(self, worker: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(worker)s %(name)s: %(message)s")
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        record.worker = self._worker
        return super().format(record)

    def formatTime(self, record: logging.LogRecord, _datefmt: str | None = None) -> str:  # noqa: N802
        """The local time, with its offset."""
        return _local(record).isoformat(" ", "milliseconds").replace(".", ",")


class JsonFormatter(logging.Formatter):
    """A JSON object a line, in ASCII, so that no locale and no character in it breaks the line."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, Any] = {
            "time": _local(record).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "worker": self._worker,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line)


def _local(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created).astimezone()


def log_to_stderr(worker: str, log_format: LogFormat = "text", level: int = logging.INFO) -> None:
    """Configure the process's log.

    Args:
        worker: the name of this worker, in each line.
        log_format: of the lines.
        level: the least severe level that is written.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(worker) if log_format == "json" else TextFormatter(worker))
    handler.addFilter(RateLimit())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*NOISY_LOGGERS, *SERVICE_LOGGERS):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    if log_format == "json":
        _log_what_else_is_printed()


def _log_what_else_is_printed() -> None:
    """Make warnings and unhandled exceptions lines of the log: Python prints them as text."""
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda *error: log.critical("unhandled error", exc_info=error)

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            error = (args.exc_type, args.exc_value, args.exc_traceback)
            log.critical("unhandled error in a thread", exc_info=error)

    threading.excepthook = in_thread
