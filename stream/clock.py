"""The clocks of this machine, in milliseconds; the pure part is told the time and reads neither."""

import time


def wall_ms() -> int:
    """Milliseconds since 1970; may be stepped in either direction."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds that only grow, from an instant without meaning."""
    return time.monotonic_ns() // 1_000_000
