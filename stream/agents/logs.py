"""Log lines on stderr; what repeats itself is said now and then."""

import logging
import sys
import time
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 10.0
NOISY: Final = ("aiokafka", "faust", "mode", "asyncio")
"""While Kafka is away, aiokafka alone logs some 75 errors a second."""
CHATTY: Final = (
    "stream.agents.transport.faust_app",
    "stream.agents.transport.consumer_thread",
    "stream.agents.transport.batch_consumer",
)
"""Faust's services speak under the names of the modules that define them."""
KINDS_MAX: Final = 1_000


class RateLimit(logging.Filter):
    """Lets a line pass once in `every_s` seconds; the next one says how many were left out.

    Lines of noisy libraries are of one kind if logger and unformatted text are, ours if their
    whole text is.
    """

    def __init__(
        self, every_s: float = EVERY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        noisy = record.name.startswith(NOISY)
        kind = (record.name, str(record.msg)[:80] if noisy else record.getMessage())
        now = self._clock()
        last_s, hidden = self._seen.get(kind, (now - self._every_s, 0))
        if now - last_s < self._every_s:
            self._seen[kind] = (last_s, hidden + 1)
            return False
        if len(self._seen) >= KINDS_MAX:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        if noisy:
            record.exc_info = record.exc_text = None
        if hidden:
            record.msg = f"{record.getMessage()} (and {hidden} times more)"
            record.args = None
        return True


def log_to_stderr(level: int = logging.INFO) -> None:
    """Set up the process's log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(RateLimit())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*NOISY, *CHATTY):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
