"""When a caller has waited long."""

from typing import Final

from stream.units import NEVER_MS, SECOND_MS

LONG_WAIT_MS: Final = 20 * SECOND_MS
"""More than this is a long wait: it is one a millisecond later."""


def is_long(oldest_since_ms: int, t_ms: int) -> bool:
    """Whether the oldest call, offered at an instant, has waited more than 20 s."""
    return oldest_since_ms < NEVER_MS and t_ms - oldest_since_ms > LONG_WAIT_MS
