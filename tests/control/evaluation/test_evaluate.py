"""A detector of teams is one file (`ringing.py`) and a place in a list, here patched in."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.control.alerts.messages import describe, messages
from stream.control.control import Control
from stream.control.detectors import registry
from stream.control.model import Severity, Verdict
from stream.events.language import State
from stream.spec import LocalSpan, PeakSpec
from tests.control.drawn import SPAN_S, floors, specs
from tests.control.floor import QUIET, START_MS, m, run, run_control, s, spec, view
from tests.control.idle import IDLE
from tests.control.listed import of_ringing, rung, ways
from tests.control.ringing import RINGING, Ringing


@pytest.mark.parametrize(
    ("ringing", "of", "until_s", "nudges"),
    [(3, 9, 300, 0), (4, 9, 300, 1), (4, 10, 120, 0), (4, 10, 120.001, 1), (4, 4, 300, 0)],
)
def test_one_of_teams_too(added: None, ringing: int, of: int, until_s: float, nudges: int) -> None:
    whole, *others = ways(rung(ringing, of, until_s), spec())
    assert of_ringing(whole)[:1] == [(120.0, "red", RINGING, "nudge", "watch")] * nudges
    assert all(found == whole for found in others)


def test_one_of_teams_is_asked_at_the_edges_of_peaks(added: None) -> None:
    assert run(rung(), QUIET, m(15)) == []
    late = spec(peaks=(PeakSpec(LocalSpan(602, 660)),))
    whole, *others = ways(rung(), late)
    assert of_ringing(whole)[0][0] == 180.0
    assert all(found == whole for found in others)
    control = Control(late)
    run_control(control, rung(), s(100))
    assert control.next_deadline() == m(2)
    broken = spec(peaks=(PeakSpec(LocalSpan(600, 601)), PeakSpec(LocalSpan(602, 603))))
    assert of_ringing(run(rung(), broken, m(15))) == []


def test_one_of_teams_speaks_of_its_team_and_of_its_pools_queue(added: None) -> None:
    raised, cleared = run(rung(), spec(), m(15))
    assert {language: one.text for language, one in messages(raised).items()} == {
        "en": "[Watch, peak] red: 4 of 10 have been ringing for 60 s or longer. Nobody free. "
        "Do: see whether calls reach the desks; ask the team to pick up. As of 10:02:00.",
        "zh": "【留意·高峰】red:4/10 人振铃未接已满 60 秒。无人空闲。"
        "建议:确认来电能否送达坐席,并请大家接听。数据截至 10:02:00。",
    }
    assert describe(cleared, "en").what == "[OK again] red: 0 of 10 ringing. It lasted 4 min."


def test_one_of_teams_lasts_until_its_own_calm(added: None) -> None:
    floor = rung()
    floor.happenings = [h for h in floor.happenings if h.at_ms != s(300)]
    floor.all_set(s(200), ["red-0", "red-1"], State.talking)  # a fifth: not under it
    floor.set(s(400), "red-2", State.talking)
    whole, *others = ways(floor, spec())
    assert of_ringing(whole) == [
        (120.0, "red", RINGING, "nudge", "watch"),
        (460.0, "red", RINGING, "nudge", "in_control"),
    ]
    assert all(found == whole for found in others)


def test_one_of_teams_looks_at_its_own_source_alone(added: None) -> None:
    floor = rung()
    floor.pool_of["blue"] = "main"
    floor.staff(10, "blue")
    floor.silence(s(90), stale=True, team="blue")
    whole, *others = ways(floor, spec())
    assert of_ringing(whole)[0] == (120.0, "red", RINGING, "nudge", "watch")
    assert all(found == whole for found in others)


def test_one_of_teams_stands_in_its_teams_verdict_alone(added: None) -> None:
    control = Control(spec())
    run_control(control, rung(), s(200))
    shown = view(control, "red", RINGING)
    assert (shown.state, shown.statistic, shown.limit) == (Verdict.watch, 4.0, 4.0)
    assert shown.severity == Severity.nudge
    assert view(control, "red", "verdict").alert_id == shown.alert_id
    assert view(control, "red", "verdict").state == Verdict.watch
    assert view(control, "", "verdict").state == Verdict.in_control
    assert not any(v.detector == RINGING for v in control.views() if not v.team)


def test_one_of_teams_may_overrule_at_any_number_of_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strict(Ringing):
        overrules = True  # type: ignore[misc]

    monkeypatch.setattr(registry, "TEAM_DETECTORS", (Strict(),))
    control = Control(spec())
    run_control(control, rung(), s(200))
    assert view(control, "red", "verdict").state == Verdict.out_of_control
    assert view(control, "", "verdict").state == Verdict.in_control


def test_one_detector_may_stand_in_both_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "POOL_DETECTORS", (Ringing(),))
    monkeypatch.setattr(registry, "TEAM_DETECTORS", (Ringing(),))
    whole, *others = ways(rung(), spec())
    assert [line[:2] for line in of_ringing(whole)[:2]] == [(120.0, "pool main"), (120.0, "red")]
    assert len({t.id for t in whole}) == 2
    assert all(found == whole for found in others)


CAREFUL = settings(deadline=None, suppress_health_check=list(HealthCheck))
END_MS = START_MS + 1000 * SPAN_S
BUSY = (State.available, State.available, State.ringing, State.ringing, State.talking, State.aux)


def test_how_drawn_floors_are_fed_or_filtered_changes_nothing_for_listed_detectors(
    added: None,
) -> None:
    seen: Counter[str] = Counter()

    @CAREFUL
    @given(st.data(), st.lists(st.integers(START_MS, END_MS), max_size=12))
    def holds(data: st.DataObject, where: list[int]) -> None:
        config = data.draw(specs())
        floor = data.draw(floors(config, BUSY))
        everyone = run(floor, config, END_MS, where, calm_filter=False)
        assert run(floor, config, END_MS, where) == everyone
        assert run(floor, config, END_MS) == everyone
        found, state = [], b""
        for start, end in zip([START_MS, *sorted(where)], [*sorted(where), END_MS], strict=True):
            control = Control(config)
            if state:
                control.restore(state)
            found += control.advance(floor.feed(start, end))
            state = control.snapshot() if end > start else state
        assert found == everyone
        seen.update(f"{t.detector} {t.to.value}" for t in everyone)

    holds()
    assert min(seen[f"{IDLE} watch"], seen[f"{RINGING} watch"]) > 0, seen
