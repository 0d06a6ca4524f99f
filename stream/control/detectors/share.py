"""Share: are K of n in aux too many for chance? And the hold while n itself jumps."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from stream.control.limits import SMALLEST, Limits
from stream.units import MINUTE_MS

AMBER_DWELL_MS: Final = 2 * MINUTE_MS
"""A sixth in aux colours the board once it has lasted this long within a peak."""
JUMP_WINDOW_MS: Final = 5 * MINUTE_MS
JUMP_HOLD_MS: Final = 2 * MINUTE_MS
UNKNOWN_TENTHS: Final = 1
"""More than one tenth unknown: the share says nothing."""


def level(k: int, n: int, limits: Limits) -> bool | None:
    """Whether k of n in aux reach the page limit (True), only the nudge limit, or none (None)."""
    if n < SMALLEST or k < limits.nudge[n]:
        return None
    return bool(k >= limits.page[n])


def is_blind(n: int, unknown: int) -> bool:
    """Whether so many agents are unknown that the share of those who are staffed says nothing."""
    return 10 * unknown > UNKNOWN_TENTHS * (n + unknown)


class Jumps:
    """Finds jumps of n: by more than 30 % of a value that it had in the last five minutes.

    Compared are the new n and every n that was in force within [t - 5 min, t). So a slow change
    is none, and ten logins one by one within five minutes are.
    """

    __slots__ = ("high", "low", "until_ms")

    def __init__(
        self,
        low: Iterable[tuple[int, int]] = (),
        high: Iterable[tuple[int, int]] = (),
        until_ms: int = 0,
    ) -> None:
        # The candidates for least and greatest: instant until which n had the value, value.
        self.low = deque(low)
        self.high = deque(high)
        self.until_ms = until_ms
        """End of the last hold."""

    def push(self, t_ms: int, before: int, after: int) -> bool:
        """Take a change of n; whether it is a jump, so that share is held from here on."""
        while self.low and self.low[0][0] <= t_ms - JUMP_WINDOW_MS:
            self.low.popleft()
        while self.high and self.high[0][0] <= t_ms - JUMP_WINDOW_MS:
            self.high.popleft()
        while self.low and self.low[-1][1] >= before:
            self.low.pop()
        while self.high and self.high[-1][1] <= before:
            self.high.pop()
        self.low.append((t_ms, before))
        self.high.append((t_ms, before))
        jump = 10 * after > 13 * self.low[0][1] or 10 * after < 7 * self.high[0][1]
        if jump:
            self.until_ms = t_ms + JUMP_HOLD_MS
        return jump

    def is_over(self, t_ms: int) -> bool:
        """Whether nothing in here matters any more."""
        last_ms = self.low[-1][0] if self.low else -JUMP_WINDOW_MS
        return t_ms >= self.until_ms and last_ms <= t_ms - JUMP_WINDOW_MS
