"""A value that changes at known instants."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from stream.events.language import I64, Bool
from stream.units import NEVER_MS


@dataclass(frozen=True, slots=True)
class StepFunction:
    """A value that changes: value[i] holds from at_ms[i] on, value[0] from the start."""

    at_ms: Sequence[int]
    value: Sequence[int]

    def at(self, t_ms: int) -> int:
        """The value at an instant."""
        return self.value[max(0, bisect_right(self.at_ms, t_ms) - 1)]

    @staticmethod
    def of(base: int, at_ms: I64, value: I64 | Bool) -> "StepFunction":
        """From the value before any change, and those that follow."""
        return StepFunction([-NEVER_MS, *at_ms.tolist()], [base, *value.tolist()])
