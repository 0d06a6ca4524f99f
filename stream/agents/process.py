"""Signals: SIGTERM and SIGINT end the worker, SIGUSR1 prints where its threads stand."""

import asyncio
import faulthandler
import signal
from collections.abc import Callable


def listen_to_signals(stop: Callable[[], None]) -> None:
    """Install the handlers; `stop` may be called more than once.

    SIGUSR2 does nothing: Faust's own worker would open a debugger and stand still.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
