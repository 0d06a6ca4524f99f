"""The process as a whole: signals, garbage collection, memory.

SIGTERM, SIGINT, SIGHUP and SIGQUIT stop the worker, SIGUSR1 prints the stack of each thread.
"""

import asyncio
import ctypes
import faulthandler
import gc
import signal
from collections.abc import Callable

YOUNG_GENERATION_OBJECTS = 50_000
"""Collect the young generation after so many allocations more than deallocations."""
GENERATION_RATIO = 20
"""Collections of one generation before the next older one is collected too."""


def tune_garbage_collection() -> None:
    """Collect garbage seldom; call it when everything is imported.

    Batches of events are freed by reference counting alone. With Python's default (700) each of
    them made the collector scan names and calls that stay: a tenth of all CPU time.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_GENERATION_OBJECTS, GENERATION_RATIO, GENERATION_RATIO)


def release_memory() -> None:
    """Return freed memory to the system, where the C library can (glibc).

    By itself it keeps most of it: a worker that owned all floors for a minute, because the others
    were down, would keep that size for ever.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def install_signal_handlers(stop: Callable[[], None]) -> None:
    """Install the handlers; `stop` may be called more than once.

    A terminal that closes sends SIGHUP, and Ctrl-Backslash SIGQUIT: by default both end a process
    at once, without a commit. Under nohup SIGHUP stays ignored. SIGUSR2 is ignored: Faust's own
    worker would open a debugger and hang.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
