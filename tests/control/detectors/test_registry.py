"""A new detector is one file (`idle.py`, `ringing.py`) and a place in a list, here patched in."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from stream.control.alerts.messages import describe, messages
from stream.control.control import Control
from stream.control.detectors import registry
from stream.control.detectors.protocol import Reading
from stream.control.model import DetectorView, Severity, Verdict
from stream.spec import Spec
from tests.control.floor import Floor, lines, m, run, run_control, s, spec, view
from tests.control.floor import told as told_of
from tests.control.idle import IDLE, Idle
from tests.control.listed import PLAIN, freed, of_ringing, rung, silenced, ways
from tests.control.ringing import RINGING, Ringing


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


def test_it_clears_a_minute_after_it_is_calm_and_speaks_both_languages(added: None) -> None:
    found = run(freed(), PLAIN, m(20))
    assert lines(found) == [
        (180.0, "pool main", "idle", "nudge", "watch"),
        (460.0, "pool main", "idle", "nudge", "in_control"),
    ]
    assert [one.evidence["lasted_s"] for one in found] == [0, 280]
    raised, cleared = (messages(one) for one in found)
    assert raised["en"].text == (
        "[Watch] Pool main: 6 of 10 free for 2 min or longer. "
        "Do: offer time for training, meetings or another queue. As of 10:03:00."
    )
    assert cleared["en"].text == (
        "[OK again] Pool main: 0 of 10 free. It lasted 5 min. Nothing to do. As of 10:07:40."
    )
    assert "6/10 人空闲已满" in raised["zh"].text
    assert "0/10 人空闲" in cleared["zh"].text
    assert describe(found[0], "en").title == "Pool main: 6 of 10 free"


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
    known = getattr(registry, listed)
    before = Control(spec())
    run_control(before, floor, s(30))
    monkeypatch.setattr(registry, listed, (*known, one))
    control = Control(spec())
    control.restore(before.snapshot())
    assert [t.detector for t in control.advance(floor.feed(s(30), s(250)))] == [one.name]
    [row] = orjson.loads(control.snapshot())[kind]
    assert row[-1][one.name]["since_ms"] == (since_s - 250) * 1000
    monkeypatch.setattr(registry, listed, known)
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


def test_a_silent_source_neither_raises_nor_clears(added: None) -> None:
    found = run(silenced(freed()), PLAIN, m(20))
    assert lines(found)[0] == (320.0, "pool main", "idle", "nudge", "watch")
    found = run(silenced(rung()), spec(), m(15))
    assert of_ringing(found)[0] == (260.0, "red", RINGING, "nudge", "watch")


def test_what_stands_in_the_lists_has_the_same_placeholders_in_all_languages(added: None) -> None:
    for detector in (*registry.POOL_DETECTORS, *registry.TEAM_DETECTORS):
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
        registry.checked(*registry.POOL_DETECTORS, one)


def shown_detectors(views: tuple[DetectorView, ...], team: str) -> list[str]:
    return [v.detector for v in views if v.team == team]


def test_the_order_of_the_views_is_that_of_the_lists(added: None) -> None:
    control = Control(spec())
    run_control(control, rung(), s(200))
    of_teams = [one.name for one in registry.TEAM_DETECTORS]
    of_pools = [one.name for one in registry.POOL_DETECTORS]
    views = control.views()
    assert shown_detectors(views, "red") == ["verdict", *of_teams]
    assert shown_detectors(views, "") == ["verdict", *of_pools]


def test_a_detector_that_is_off_has_no_line_and_is_no_check_of_the_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def counted() -> tuple[set[str], float]:
        control = Control(spec())
        run_control(control, rung(), m(2))
        shown = {one.detector for one in control.views() if one.team == "red"}
        return shown, view(control, "red", "verdict").limit

    shown, checks = counted()
    monkeypatch.setattr(Ringing, "standing", lambda *_: None)
    monkeypatch.setattr(
        registry, "TEAM_DETECTORS", registry.checked(*registry.TEAM_DETECTORS, Ringing())
    )
    monkeypatch.setattr(Ringing, "evaluate", lambda _s, _i, _t, _c, state: Reading(state, None))
    assert counted() == (shown, checks)
