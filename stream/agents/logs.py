"""Log lines on stderr, with repeats rate-limited."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Final

from stream.errors import FloorwatchError

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


def log_to_stderr(level: int = logging.INFO) -> None:
    """Configure the process's log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(RateLimit())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*NOISY_LOGGERS, *SERVICE_LOGGERS):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
