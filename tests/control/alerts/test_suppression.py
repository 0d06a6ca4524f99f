"""Suppressions: what holds alarms back, and which heads are exempt."""

from stream.calendar.hours import ShiftEdges
from stream.control.alerts.suppression import NO_SUPPRESSIONS, JumpHolds, Suppressions
from stream.units import NEVER_MS
from tests.control.floor import m


class Exempt:
    """Some heads that do not count from one instant to another."""

    def __init__(self, heads: int, from_ms: int, until_ms: int) -> None:
        self._heads, self._span = heads, (from_ms, until_ms)

    def exempt_heads(self, t_ms: int) -> int:
        return self._heads if self._span[0] <= t_ms < self._span[1] else 0

    def holds(self, _t_ms: int) -> bool:
        return False

    def bounds(self, from_ms: int, until_ms: int) -> list[int]:
        return [t for t in self._span if from_ms <= t < until_ms]

    def next_bound(self, t_ms: int) -> int:
        return min((t for t in self._span if t > t_ms), default=NEVER_MS)


def test_a_jump_holds_for_two_minutes_and_a_later_one_goes_on() -> None:
    holds = JumpHolds([m(10), m(11)])
    assert [holds.holds(m(t)) for t in (9.99, 10, 12, 12.99, 13)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert [holds.next_bound(m(t)) for t in (0, 10, 11, 13)] == [m(10), m(12), m(13), NEVER_MS]
    assert sorted(holds.bounds(m(11), m(13))) == [m(11), m(12)]


def test_several_are_one_heads_that_are_exempt_are_taken_from_k_and_never_below_zero() -> None:
    both = Suppressions([JumpHolds([m(10)]), Exempt(3, m(1), m(5)), ShiftEdges(None)])
    assert both.reduce((10, 4, 1), m(2)) == (10, 1, 1)
    assert both.reduce((10, 2, 1), m(2)) == (10, 0, 1)
    assert both.reduce((10, 4, 1), m(5)) == (10, 4, 1)
    assert sorted(both.bounds(m(0), m(20))) == [m(1), m(5), m(10), m(12)]
    assert both.holds(m(11))
    assert both.release_ms(m(11)) == m(12)
    assert both.release_ms(m(2)) == NEVER_MS
    assert not NO_SUPPRESSIONS.holds(m(0))
