"""This machine's clocks, in milliseconds; the pure part gets the time as an argument."""

import time


def wall_ms() -> int:
    """Milliseconds since 1970; may be stepped in either direction."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Monotonic milliseconds, from an arbitrary instant."""
    return time.monotonic_ns() // 1_000_000
