"""Pools and verdicts as stories."""

from stream.control.control import Control
from stream.control.detectors import registry
from stream.control.model import Verdict
from stream.events.language import State
from stream.spec import LocalSpan, ShiftSpec
from stream.units import NEVER_MS
from tests.control.floor import (
    Floor,
    m,
    run,
    run_control,
    s,
    spec,
    told,
    view,
    waiting,
)


def four_teams() -> Floor:
    floor = waiting(Floor(dict.fromkeys(("red", "blue", "green", "grey"), "main")))
    for name in floor.pool_of:
        floor.staff(10, name)
    return floor


def test_movement_across_teams_pages_the_pool() -> None:
    """n = 40: five within 13 s."""
    floor = four_teams()
    movers = [f"{name}-{i}" for i in range(2) for name in ("red", "blue", "green")]
    floor.all_set(s(300), movers, State.aux, every_ms=3_000)
    assert told(run(floor, spec(), m(12))) == [
        (312.0, "pool main", "collective", "page", "out_of_control")
    ]


def test_a_pool_is_silent_about_entries_that_a_team_alert_explains() -> None:
    floor = four_teams()
    floor.all_set(s(300), [f"red-{i}" for i in range(5)], State.aux)
    floor.all_set(s(301), ["blue-0", "green-0"], State.aux)
    assert {t.team for t in run(floor, spec(), m(12))} == {"red"}


def test_a_pool_speaks_of_what_the_team_alert_does_not_explain() -> None:
    floor = four_teams()
    floor.all_set(s(300), [f"red-{i}" for i in range(5)], State.aux)
    others = [f"{name}-{i}" for i in range(3) for name in ("blue", "green", "grey")][:7]
    floor.all_set(s(301), others, State.aux)
    assert {t.team for t in run(floor, spec(), m(12)) if t.notify} == {"red", ""}


def test_entries_of_a_team_that_hands_over_do_not_count_for_its_pool() -> None:
    floor = four_teams()
    movers = [f"{name}-{i}" for i in range(2) for name in ("red", "blue", "green")]
    floor.all_set(s(300), movers, State.aux, every_ms=3_000)
    shifts = (ShiftSpec((LocalSpan(120, 605),), team="red"),)
    assert run(floor, spec(shifts=shifts), m(12)) == []


def checks_of(control: Control, team: str) -> set[str]:
    """The detectors of a team, and those of its pool that overrule them."""
    above = {one.name for one in registry.POOL_DETECTORS if one.overrules}
    return {v.detector for v in control.views() if v.team == team} - {"verdict"} | above


def test_the_verdict_counts_active_checks_and_names_the_loudest_alert() -> None:
    floor = waiting(Floor())
    floor.all_set(s(300), floor.staff(10)[:5], State.aux)
    control = Control(spec())
    found = run_control(control, floor, s(310))
    verdict = view(control, "red", "verdict")
    assert verdict.state == Verdict.out_of_control
    checks = checks_of(control, "red")
    assert {"share", "collective", "cover"} <= checks
    assert (verdict.statistic, verdict.limit) == (len(checks), len(checks))
    assert verdict.alert_id == next(t.id for t in found if t.detector == "collective")
    assert verdict.since_ms == s(300)
    share = view(control, "red", "share")
    assert (share.statistic, share.limit) == (5.0, 7.0)
    assert view(control, "red", "collective").statistic == 5.0


def test_views_of_a_floor_on_which_nothing_happens() -> None:
    floor = Floor()
    floor.staff(10)
    control = Control(spec())
    assert control.views() == ()
    assert run_control(control, floor, m(5), cuts=(m(1), m(2))) == []
    assert view(control, "red", "verdict").state == Verdict.in_control
    verdict = view(control, "red", "verdict")
    assert verdict.statistic == len(checks_of(control, "red") - {"cover"})  # it cannot ask
    assert view(control, "", "cover").state == Verdict.insufficient_data
    assert control.next_deadline() == NEVER_MS
