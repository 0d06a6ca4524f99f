"""Ends a process that cannot end itself, from a thread outside its event loop.

State and offset are stored as one, so ending at any point is safe.
"""

import faulthandler
import logging
import os
import sys
import threading
import time
from typing import Final, NoReturn

log = logging.getLogger(__name__)

STALL_EXIT_S: Final = 120.0
"""End the process after so long without a turn of the event loop, or without progress in spite of a
backlog."""
UNHEALTHY_S: Final = 60.0
"""Without progress for so long the worker is not alive. Below the above, so that probes see it
first."""
_POLL_S: Final = 1.0


class Watchdog:
    """Watches the event loop from a thread, and enforces deadlines even if the loop hangs."""

    def __init__(self, stall_exit_s: float = STALL_EXIT_S) -> None:
        self._stall_exit_s = stall_exit_s
        self._beat_s = time.monotonic()
        self._deadline_s: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def beat(self) -> None:
        """Note that the event loop is alive."""
        self._beat_s = time.monotonic()

    def end_within(self, seconds: float) -> None:
        """End the process after this time if it has not ended by then."""
        self._deadline_s = time.monotonic() + seconds

    def stop(self) -> None:
        """Stop watching."""
        self._done.set()

    def _watch(self) -> None:
        while not self._done.wait(_POLL_S / 4):
            now = time.monotonic()
            if self._deadline_s is not None and now >= self._deadline_s:
                _end("the deadline for stopping has passed")
            if now - self._beat_s > self._stall_exit_s:
                faulthandler.dump_traceback(all_threads=True)
                _end(f"the event loop has not turned for {self._stall_exit_s:g} s")


def _end(why: str) -> NoReturn:
    log.error("%s: ending now; what is not stored will be read again", why)
    sys.stderr.flush()
    os._exit(1)


class Progress:
    """Detects a backlog without progress. Pure: time is an argument."""

    def __init__(self, stall_exit_s: float = STALL_EXIT_S) -> None:
        self._stall_exit_s = stall_exit_s
        self._mark: object = None
        self._since_s = 0.0
        self.stalled_s = 0.0
        """For how long there was no progress, as of the last check."""

    def is_stalled(self, mark: object, now_s: float, *, waiting: bool) -> bool:
        """Whether the worker has stalled.

        Args:
            mark: anything that changes when work is done.
            now_s: monotonic time.
            waiting: there is nothing to do, or what it waits for is known to be unavailable.
        """
        if waiting or mark != self._mark:
            self._mark, self._since_s = mark, now_s
        self.stalled_s = now_s - self._since_s
        return self.stalled_s > self._stall_exit_s
