"""What concerns the process as a whole: signals, the collector of garbage, its memory.

SIGTERM and SIGINT end the worker, SIGUSR1 prints where its threads stand.
"""

import asyncio
import ctypes
import faulthandler
import gc
import signal
from collections.abc import Callable

YOUNG_OBJECTS = 50_000
"""How many more objects must be made than freed before garbage is looked for."""
ROUNDS = 20
"""How many times among the young before the older ones, and the oldest, are looked through too."""


def collect_seldom() -> None:
    """Look for garbage seldom; to be called when all is imported.

    Batches of events are freed by their reference counts alone. With Python's default (700) each
    of them set the collector to look through names and calls that stay: a tenth of all CPU time.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, ROUNDS, ROUNDS)


def give_memory_back() -> None:
    """Hand what was freed back to the system, where the C library can (glibc).

    By itself it keeps most of it: a worker that had all floors for a minute, because the others
    were away, would look as large as that for ever.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def listen_to_signals(stop: Callable[[], None]) -> None:
    """Install the handlers; `stop` may be called more than once.

    SIGUSR2 does nothing: Faust's own worker would open a debugger and stand still.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
