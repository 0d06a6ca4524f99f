"""The product, with a wall clock that jumps an hour ahead, and back, at each SIGURG."""

import logging
import signal
import time

from stream.units import HOUR_MS

HOUR_NS = HOUR_MS * 1_000_000
_time, _time_ns = time.time, time.time_ns
_ahead_ns = 0


def _step(_number: int, _frame: object) -> None:
    global _ahead_ns  # noqa: PLW0603 - there is one clock
    _ahead_ns = HOUR_NS if _ahead_ns <= 0 else -HOUR_NS
    logging.getLogger(__name__).warning("the wall clock now lies %+d h off", _ahead_ns // HOUR_NS)


if __name__ == "__main__":
    time.time_ns = lambda: _time_ns() + _ahead_ns
    time.time = lambda: _time() + _ahead_ns / 1e9
    signal.signal(signal.SIGURG, _step)
    from stream.cli.main import main

    main()
