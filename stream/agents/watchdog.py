"""Ends the process when it cannot end itself: a thread that looks at it from outside its loop.

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

STALLED_S_MAX: Final = 120.0
"""No turn of the event loop, or no progress in spite of a backlog, for so long: end."""
STANDING_S_MAX: Final = 60.0
"""No progress for so long: not alive. Below the above, so that it is seen before the end."""
_LOOK_S: Final = 1.0


class Watchdog:
    """Watches the event loop from a thread, and holds deadlines that a hanging loop cannot miss."""

    def __init__(self, stalled_s_max: float = STALLED_S_MAX) -> None:
        self._stalled_s_max = stalled_s_max
        self._beat_s = time.monotonic()
        self._deadline_s: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def beat(self) -> None:
        """The event loop lives."""
        self._beat_s = time.monotonic()

    def end_within(self, seconds: float) -> None:
        """End the process after this time if it has not ended by then."""
        self._deadline_s = time.monotonic() + seconds

    def stop(self) -> None:
        """Watch no longer."""
        self._done.set()

    def _watch(self) -> None:
        while not self._done.wait(_LOOK_S / 4):
            now = time.monotonic()
            if self._deadline_s is not None and now >= self._deadline_s:
                _end("the deadline for stopping has passed")
            if now - self._beat_s > self._stalled_s_max:
                faulthandler.dump_traceback(all_threads=True)
                _end(f"the event loop has not turned for {self._stalled_s_max:g} s")


def _end(why: str) -> NoReturn:
    log.error("%s: ending now; what is not stored will be read again", why)
    sys.stderr.flush()
    os._exit(1)


class Progress:
    """Whether there is a backlog and nothing has moved for too long. Pure: time is handed in."""

    def __init__(self, stalled_s_max: float = STALLED_S_MAX) -> None:
        self._stalled_s_max = stalled_s_max
        self._mark: object = None
        self._since_s = 0.0
        self.standing_s = 0.0
        """For how long nothing had moved at the last look."""

    def is_stalled(self, mark: object, now_s: float, *, waiting: bool) -> bool:
        """Look once.

        Args:
            mark: anything that changes when work is done.
            now_s: monotonic time.
            waiting: there is nothing to do, or what it waits for is known to be away.
        """
        if waiting or mark != self._mark:
            self._mark, self._since_s = mark, now_s
        self.standing_s = now_s - self._since_s
        return self.standing_s > self._stalled_s_max
