"""A new detector is one file (`idle.py`, `ringing.py`) and a place in a list, here patched in."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.control import detectors
from stream.control.control import Control
from stream.control.messages import describe, texts
from stream.control.model import DetectorView, Severity, Transition, Verdict
from stream.events.language import State
from stream.spec import LocalSpan, PeakSpec, Spec
from stream.units import SECOND_MS
from tests.control.drawn import SPAN_S, floors, specs
from tests.control.floor import QUIET, START_MS, Floor, lines, m, run, run_control, s, spec, view
from tests.control.floor import told as told_of
from tests.control.idle import IDLE, Idle
from tests.control.ringing import RINGING, Ringing

PLAIN = spec(peaks=())
Line = tuple[float, str, str, str, str]


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registration: one place each, through the check that the lists pass at import."""
    monkeypatch.setattr(
        detectors, "POOL_DETECTORS", detectors.checked(*detectors.POOL_DETECTORS, Idle())
    )
    monkeypatch.setattr(
        detectors, "TEAM_DETECTORS", detectors.checked(*detectors.TEAM_DETECTORS, Ringing())
    )


def freed(free: int = 6, of: int = 10, until_s: float = 400) -> Floor:
    """So many become free after a minute, and talk again later."""
    floor = Floor()
    agents = floor.staff(of)
    floor.all_set(s(60), agents[:free], State.available)
    floor.all_set(s(until_s), agents[:free], State.talking)
    return floor


def rung(ringing: int = 4, of: int = 10, until_s: float = 300) -> Floor:
    """So many ring after a minute, and talk again later; nobody is free and nobody waits."""
    floor = Floor()
    floor.calls(0, 0)
    agents = floor.staff(of)
    floor.all_set(s(60), agents[:ringing], State.ringing)
    floor.all_set(s(until_s), agents[:ringing], State.talking)
    return floor


def of_ringing(found: list[Transition]) -> list[Line]:
    return [line for line in lines(found) if line[2] == RINGING]


def silenced(floor: Floor) -> Floor:
    """Its source is silent for a while."""
    floor.silence(s(100), stale=True)
    floor.silence(s(200), stale=False)
    return floor


def ways(floor: Floor, config: Spec) -> list[list[Transition]]:
    """With the calm filter and without, in one piece, in some, and in pieces of a second."""
    every_second = tuple(range(s(1), m(20), SECOND_MS))
    cuts = ((), (s(90), s(120), s(180), s(200)), every_second)
    return [
        run(floor, config, m(20), cut, calm_filter=calm_filter)
        for cut in cuts
        for calm_filter in (True, False)
    ]


def test_without_its_place_in_the_list_it_does_not_exist() -> None:
    control = Control(spec())
    assert run_control(control, freed(), m(20)) == []
    control = Control(spec())
    assert run_control(control, rung(), m(20)) == []
    assert not {IDLE, RINGING} & {shown.detector for shown in control.views()}


@pytest.mark.parametrize(
    ("free", "of", "until_s", "nudges"),
    [(5, 10, 600, 0), (6, 10, 180, 0), (6, 10, 180.001, 1), (3, 4, 600, 0), (3, 5, 600, 1)],
)
def test_it_is_raised_and_the_calm_filter_lets_nothing_of_it_go(
    added: None, free: int, of: int, until_s: float, nudges: int
) -> None:
    whole, *others = ways(freed(free, of, until_s), PLAIN)
    assert told_of(whole)[:1] == [(180.0, "pool main", "idle", "nudge", "watch")] * nudges
    assert all(found == whole for found in others)


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


def test_it_clears_a_minute_after_it_is_calm_and_speaks_both_languages(added: None) -> None:
    found = run(freed(), PLAIN, m(20))
    assert lines(found) == [
        (180.0, "pool main", "idle", "nudge", "watch"),
        (460.0, "pool main", "idle", "nudge", "in_control"),
    ]
    assert [one.evidence["lasted_s"] for one in found] == [0, 280]
    raised, cleared = (texts(one) for one in found)
    assert raised["en"] == (
        "[Watch] main: 6 of 10 free for 2 min or longer. "
        "Do: offer time for training, meetings or another queue. Data 10:03:00."
    )
    assert cleared["en"] == (
        "[OK again] main: 0 of 10 free. It lasted 5 min. Nothing to do. Data 10:07:40."
    )
    assert "6/10 人空闲已满" in raised["zh"]
    assert "0/10 人空闲" in cleared["zh"]
    assert describe(found[0], "en").title == "main: 6 of 10 free"


def test_one_of_teams_speaks_of_its_team_and_of_its_pools_queue(added: None) -> None:
    raised, cleared = run(rung(), spec(), m(15))
    assert texts(raised) == {
        "en": "[Watch, peak] red: 4 of 10 have been ringing for 60 s or longer. Nobody free. "
        "Do: see whether calls reach the desks; ask the team to pick up. Data 10:02:00.",
        "zh": "【留意·高峰】red:4/10 人振铃未接已满 60 秒。无人空闲。"
        "请做:确认来电能否送达坐席,并请大家接听。数据 10:02:00。",
    }
    assert describe(cleared, "en").what == "[OK again] red: 0 of 10 ringing. It lasted 4 min."


def test_one_of_teams_lasts_until_its_own_calm(added: None) -> None:
    floor = rung()
    floor.happenings = [h for h in floor.happenings if h.at_ms != s(300)]
    floor.all_set(s(200), ["red-0", "red-1"], State.talking)  # a fifth: not under it
    floor.set(s(400), "red-2", State.talking)
    assert of_ringing(run(floor, spec(), m(15))) == [
        (120.0, "red", RINGING, "nudge", "watch"),
        (460.0, "red", RINGING, "nudge", "in_control"),
    ]


@pytest.mark.parametrize("cut_s", [90, 100, 120, 200, 330, 430])
@pytest.mark.parametrize(("floor", "config"), [(freed(), PLAIN), (rung(), spec())])
def test_it_survives_a_restart_at_any_stage(
    added: None, floor: Floor, config: Spec, cut_s: float
) -> None:
    control = Control(config)
    before = run_control(control, floor, s(cut_s))
    state = control.snapshot()
    again = Control(config)
    again.restore(state)
    assert again.next_deadline() == control.next_deadline()
    again.resume(floor.feed(s(cut_s), s(cut_s)))
    for kind in ("pools", "teams"):
        assert orjson.loads(again.snapshot())[kind] == orjson.loads(state)[kind]
    assert again.views() == control.views()
    after = again.advance(floor.feed(s(cut_s), m(20)))
    assert before + after == run(floor, config, m(20))


@pytest.mark.parametrize(
    ("listed", "one", "floor", "kind", "since_s"),
    [
        ("POOL_DETECTORS", Idle(), freed(), "pools", 60),
        ("TEAM_DETECTORS", Ringing(), rung(), "teams", 60),
    ],
)
def test_state_from_before_and_after_its_time_in_the_list_is_read(
    monkeypatch: pytest.MonkeyPatch, listed: str, one: Any, floor: Floor, kind: str, since_s: int
) -> None:
    known = getattr(detectors, listed)
    before = Control(spec())
    run_control(before, floor, s(30))
    monkeypatch.setattr(detectors, listed, (*known, one))
    control = Control(spec())
    control.restore(before.snapshot())
    assert [t.detector for t in control.advance(floor.feed(s(30), s(250)))] == [one.name]
    [row] = orjson.loads(control.snapshot())[kind]
    assert row[-1][one.name][0] == (since_s - 250) * 1000
    monkeypatch.setattr(detectors, listed, known)
    without = Control(spec())
    without.restore(control.snapshot())
    assert without.advance(floor.feed(s(250), m(20))) == []


def test_it_stands_in_the_views_and_in_its_pools_verdict_alone(added: None) -> None:
    control = Control(PLAIN)
    run_control(control, freed(), s(300))
    shown = view(control, "", IDLE)
    assert (shown.state, shown.statistic, shown.limit) == (Verdict.watch, 6.0, 6.0)
    assert shown.severity == Severity.nudge
    assert view(control, "", "verdict").state == Verdict.watch
    assert view(control, "", "verdict").alert_id == shown.alert_id
    assert view(control, "red", "verdict").state == Verdict.in_control


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

    monkeypatch.setattr(detectors, "TEAM_DETECTORS", (Strict(),))
    control = Control(spec())
    run_control(control, rung(), s(200))
    assert view(control, "red", "verdict").state == Verdict.out_of_control
    assert view(control, "", "verdict").state == Verdict.in_control


def test_one_detector_may_stand_in_both_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detectors, "POOL_DETECTORS", (Ringing(),))
    monkeypatch.setattr(detectors, "TEAM_DETECTORS", (Ringing(),))
    whole, *others = ways(rung(), spec())
    assert [line[:2] for line in of_ringing(whole)[:2]] == [(120.0, "pool main"), (120.0, "red")]
    assert len({t.id for t in whole}) == 2
    assert all(found == whole for found in others)


def test_a_silent_source_neither_raises_nor_clears(added: None) -> None:
    found = run(silenced(freed()), PLAIN, m(20))
    assert lines(found)[0] == (320.0, "pool main", "idle", "nudge", "watch")
    found = run(silenced(rung()), spec(), m(15))
    assert of_ringing(found)[0] == (260.0, "red", RINGING, "nudge", "watch")


CAREFUL = settings(deadline=None, suppress_health_check=list(HealthCheck))
END_MS = START_MS + 1000 * SPAN_S


def test_how_drawn_floors_are_fed_or_filtered_changes_nothing_for_listed_detectors(
    added: None,
) -> None:
    seen: Counter[str] = Counter()

    @CAREFUL
    @given(st.data(), st.lists(st.integers(START_MS, END_MS), max_size=12))
    def holds(data: st.DataObject, where: list[int]) -> None:
        config = data.draw(specs())
        floor = data.draw(floors(config))
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
    for name in (IDLE, RINGING):
        for to in ("watch", "in_control"):
            assert seen[f"{name} {to}"] > 0, (name, to, seen)


def test_what_stands_in_the_lists_has_the_same_placeholders_in_all_languages(added: None) -> None:
    for detector in (*detectors.POOL_DETECTORS, *detectors.TEAM_DETECTORS):
        english = detector.texts["en"]
        for own in detector.texts.values():
            for key, text in own.items():
                assert set(re.findall(r"\{(\w+)\}", text)) == set(
                    re.findall(r"\{(\w+)\}", english[key])
                ), key


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "people"}, "detector 'people': the name is taken; allowed: any but"),
        ({"name": "cover"}, "detector 'cover': the name is taken"),
        ({"texts": {"en": Ringing.texts["en"]}}, r"the same texts in each of \['en', 'zh'\]"),
        ({"texts": {**Ringing.texts, "zh": {}}}, "the same texts in each of"),
        (
            {"texts": {key: {"label_page": "!"} for key in ("en", "zh")}},
            "detector 'ringing': texts.py has a text 'label_page'; choose another key",
        ),
    ],
)
def test_a_detector_that_takes_what_is_not_its_own_is_refused(
    change: Mapping[str, object], said: str
) -> None:
    one = type("Other", (Ringing,), dict(change))()
    with pytest.raises(ValueError, match=said):
        detectors.checked(*detectors.POOL_DETECTORS, one)


def shown_detectors(views: tuple[DetectorView, ...], team: str) -> list[str]:
    return [v.detector for v in views if v.team == team]


def test_the_order_of_the_views_is_that_of_the_lists(added: None) -> None:
    control = Control(spec())
    run_control(control, rung(), s(200))
    assert shown_detectors(control.views(), "red") == ["verdict", RINGING, "share", "collective"]
    assert shown_detectors(control.views(), "") == ["verdict", "cover", IDLE, "collective"]
