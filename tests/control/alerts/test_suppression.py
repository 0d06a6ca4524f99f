"""Suppressions: what holds alarms back, and which heads and entries are exempt."""

from dataclasses import replace
from typing import Final

import pytest

from stream.calendar.hours import HoursLookup, ShiftEdges
from stream.control.alerts import suppression
from stream.control.alerts.suppression import NO_SUPPRESSIONS, JumpHolds, Suppressions
from stream.control.control import Control
from stream.events.language import State
from stream.ids import TeamKey
from stream.units import NEVER_MS
from tests.control.floor import Floor, lines, m, run, run_control, s, spec, view, waiting


class Exempt:
    """Some heads, and the entries of some agents, that do not count in a span of time."""

    exempts: Final = True

    def __init__(self, heads: int, from_ms: int, until_ms: int) -> None:
        self._heads, self._span = heads, (from_ms, until_ms)
        self._agents: set[str] = set()

    def exempt_heads(self, t_ms: int) -> int:
        return self._heads if self._span[0] <= t_ms < self._span[1] else 0

    def exempts_entry(self, agent: str, entry_ms: int) -> bool:
        if len(self._agents) < self.exempt_heads(entry_ms):
            self._agents.add(agent)
        return agent in self._agents

    def holds(self, _t_ms: int) -> bool:
        return False

    def bounds(self, from_ms: int, until_ms: int) -> list[int]:
        return [t for t in self._span if from_ms <= t < until_ms]

    def next_bound(self, t_ms: int) -> int:
        return min((t for t in self._span if t > t_ms), default=NEVER_MS)


@pytest.fixture
def eight_of_red(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight heads of team red are exempt from the second to the tenth minute."""

    def of_team(_hours: HoursLookup, key: TeamKey) -> list[tuple[None, Exempt]]:
        return [(None, Exempt(8, m(2), m(10)))] if key.team == "red" else []

    monkeypatch.setattr(suppression, "of_team", of_team)


def leaving(heads: int, at_ms: int = m(3), *, stay_ms: int = m(20)) -> Floor:
    """Some of twenty in red, one of two teams of the pool, go on break at once, and come back."""
    floor = waiting(Floor({"red": "main", "blue": "main"}))
    agents = floor.staff(20)
    floor.staff(20, "blue")
    floor.all_set(at_ms, agents[:heads], State.aux)
    floor.all_set(stay_ms, agents[:heads], State.talking)
    return floor


def test_a_jump_holds_for_two_minutes_and_a_later_one_goes_on() -> None:
    holds = JumpHolds([m(10), m(11)])
    assert [holds.holds(m(t)) for t in (9.99, 10, 12, 12.99, 13)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert [holds.next_bound(m(t)) for t in (0, 10, 11, 13)] == [m(10), m(12), m(13), NEVER_MS]
    assert sorted(holds.bounds(m(11), m(13))) == [m(11), m(12)]


def test_several_hold_together_until_the_first_of_those_that_hold_changes() -> None:
    both = Suppressions([JumpHolds([m(10)]), Exempt(3, m(1), m(5)), ShiftEdges(None)])
    assert sorted(both.bounds(m(0), m(20))) == [m(1), m(5), m(10), m(12)]
    assert both.holds(m(11))
    assert both.release_ms(m(11)) == m(12)
    assert both.release_ms(m(2)) == NEVER_MS
    assert not NO_SUPPRESSIONS.holds(m(0))


@pytest.mark.usefixtures("eight_of_red")
def test_exempt_heads_and_entries_are_seen_nowhere_and_what_exceeds_them_alarms_as_without() -> (
    None
):
    control = Control(spec())
    assert run_control(control, leaving(8), m(9)) == []
    for team in ("red", ""):
        assert view(control, team, "collective").statistic == 0
    assert view(control, "red", "share").statistic == 0
    assert control.next_deadline() == m(10)

    found = run(leaving(16), spec(), m(9))
    plain = [t for t in found if t.team == "red" and t.detector == "collective"]
    assert [t.evidence["k"] for t in plain] == [8]
    assert [t.evidence["movers"] for t in plain] == [8]


@pytest.mark.usefixtures("eight_of_red")
def test_who_stays_beyond_the_end_counts_from_that_instant_on_and_cuts_change_nothing() -> None:
    found = run(leaving(8), spec(), m(25))
    assert lines(found)[0][:3] == (600.0, "red", "share")
    for cuts in ([m(2), m(3)], [m(10)], [s(t) for t in range(0, 1500, 7)]):
        assert run(leaving(8), spec(), m(25), cuts) == found
        assert run(leaving(16), spec(), m(25), cuts) == run(leaving(16), spec(), m(25))
    assert run(leaving(8), spec(), m(25), calm_filter=False) == found
    assert run(leaving(16), spec(), m(25), calm_filter=False) == run(leaving(16), spec(), m(25))


@pytest.mark.usefixtures("eight_of_red")
def test_exempt_heads_do_not_count_among_those_in_other_entry_states_either() -> None:
    config = spec()
    states = frozenset({State.aux, State.meal})
    config = replace(config, control=replace(config.control, entry_states=states))
    found = run(leaving(16), config, m(9))
    assert {t.evidence["k"] for t in found if t.team == "red"} == {8}
    assert run(leaving(16), config, m(9), calm_filter=False) == found
