"""A new detector of pools is one file, here the first half of this one, and a place in a list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pytest

from stream.control import detectors, lifecycle
from stream.control.control import Control
from stream.control.heads import first, third, unpack
from stream.control.limits import SMALLEST
from stream.control.messages import describe, texts
from stream.control.model import Severity, Transition, Verdict
from stream.control.pool_detector import (
    Phrase,
    Pool,
    PoolFound,
    PoolNow,
    PoolState,
    Seconds,
    Standing,
    Texts,
    Words,
)
from stream.control.texts import TEXTS
from stream.events.language import I64, Bool, State
from stream.units import NEVER_MS, SECOND_MS
from tests.control.floor import Floor, lines, m, run, run_control, s, spec, told, view

IDLE: Final = "idle"
IDLE_MS: Final = 120 * SECOND_MS


@dataclass(frozen=True, slots=True)
class IdleState(PoolState):
    """How a pool's idleness stands."""

    since_ms: int = NEVER_MS
    """Since when more than half are free."""


class Idle:
    """More than half of five or more staffed are free for two minutes: there is room."""

    name: Final = IDLE
    initial: Final = IdleState()
    overrules: Final = False
    texts: Final[Texts] = {
        "en": {
            "idle": "{count} of {staffed} free for 2 min or longer.",
            "title_idle": "{count} of {staffed} free",
            "idle_cleared": "{count} of {staffed} free. It lasted {lasted}.",
            "do_idle": "Do: offer time for training, meetings or another queue.",
        },
        "zh": {
            "idle": "{count}/{staffed} 人空闲已满 2 分钟。",
            "title_idle": "{count}/{staffed} 人空闲",
            "idle_cleared": "现 {count}/{staffed} 人空闲,历时 {lasted}。",
            "do_idle": "请做:可安排培训、会议或支援其他队列。",
        },
    }

    def judge(self, pool: Pool, state: IdleState) -> tuple[IdleState, list[PoolFound], int]:
        found: list[PoolFound] = []
        known = {pool.from_ms, *pool.heads.at_ms[1:], *pool.stale.at_ms[1:]}
        instants = sorted(t for t in known if pool.from_ms <= t < pool.until_ms)
        place, due_ms = 0, pool.from_ms
        while True:
            planned = instants[place] if place < len(instants) else NEVER_MS
            t_ms = min(planned, due_ms)
            if t_ms >= pool.until_ms:
                return state, found, due_ms
            place += planned == t_ms
            state, now = _judge_instant(pool, state, t_ms)
            found += now
            due = (state.episode.clear_ms, min(state.since_ms + IDLE_MS, NEVER_MS))
            due_ms = min((t for t in due if t > t_ms), default=NEVER_MS)

    def may_act(self, packed: I64) -> Bool:
        staffed = first(packed)
        idle: Bool = (staffed >= SMALLEST) & (2 * third(packed) > staffed)
        return idle

    def standing(self, now: PoolNow) -> Standing:
        state = Verdict.in_control if now.staffed >= SMALLEST else Verdict.facts_only
        state = Verdict.stale if now.stale else state
        return Standing(state, float(now.free), float(limit(now.staffed)))

    def raised(self, evidence: Mapping[str, Any]) -> Words:
        facts = {"count": evidence["free"], "staffed": evidence["staffed"]}
        return Words(
            Phrase("title_idle", facts), Phrase("idle", facts), Phrase("do_idle"), queue=False
        )

    def cleared(self, evidence: Mapping[str, Any]) -> Phrase:
        facts = {"count": evidence["free"], "staffed": evidence["staffed"]}
        return Phrase("idle_cleared", {**facts, "lasted": Seconds(evidence["lasted_s"])})


def limit(staffed: int) -> int:
    """So many free agents are too many."""
    return staffed // 2 + 1


def _judge_instant(pool: Pool, state: IdleState, t_ms: int) -> tuple[IdleState, list[PoolFound]]:
    staffed, _serving, free = unpack(pool.heads.at(t_ms))
    seen = not pool.stale.at(t_ms)
    idle = staffed >= SMALLEST and free >= limit(staffed)
    since_ms = min(state.since_ms, t_ms) if seen and idle else NEVER_MS
    episode, steps = lifecycle.advance(
        state.episode,
        t_ms,
        {IDLE: False} if t_ms - since_ms >= IDLE_MS else {},
        calm=seen and not idle,
        loudness=lambda _page_limit: Severity.nudge,
        name=lambda detector: pool.name(detector, t_ms),
    )
    evidence = {"staffed": staffed, "limit": limit(staffed)}
    return IdleState(episode, since_ms), [PoolFound(t_ms, step, evidence) for step in steps]


# -------------------------------------------------------------------------------- what it proves

PLAIN = spec(peaks=())


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Idle:
    """The one registration."""
    added = Idle()
    monkeypatch.setattr(detectors, "POOL_DETECTORS", (*detectors.POOL_DETECTORS, added))
    return added


def floor_with(free: int, of: int, until_s: float) -> Floor:
    """So many become free after a minute, and talk again later."""
    floor = Floor()
    agents = floor.staff(of)
    floor.all_set(s(60), agents[:free], State.available)
    floor.all_set(s(until_s), agents[:free], State.talking)
    return floor


def test_without_its_place_in_the_list_it_does_not_exist() -> None:
    control = Control(PLAIN)
    assert run_control(control, floor_with(6, 10, 400), m(20)) == []
    assert IDLE not in {shown.detector for shown in control.views()}


@pytest.mark.parametrize(
    ("free", "of", "until_s", "nudges"),
    [(5, 10, 600, 0), (6, 10, 180, 0), (6, 10, 180.001, 1), (3, 4, 600, 0), (3, 5, 600, 1)],
)
def test_it_is_raised_and_the_calm_filter_lets_nothing_of_it_go(
    idle: Idle, free: int, of: int, until_s: float, nudges: int
) -> None:
    def found(cuts: tuple[int, ...], *, calm_filter: bool) -> list[Transition]:
        floor = floor_with(free, of, until_s)
        return run(floor, PLAIN, m(20), cuts=cuts, calm_filter=calm_filter)

    cut = found((s(90), s(180), s(200)), calm_filter=True)
    assert told(cut)[:1] == [(180.0, "pool main", "idle", "nudge", "watch")] * nudges
    every_second = tuple(range(s(1), m(20), SECOND_MS))
    for cuts, calm_filter in (((), True), ((), False), (every_second, True)):
        assert found(cuts, calm_filter=calm_filter) == cut


def test_it_clears_and_speaks_both_languages(idle: Idle) -> None:
    found = run(floor_with(6, 10, 400), PLAIN, m(20))
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


@pytest.mark.parametrize("cut_s", [100, 200, 430])
def test_it_survives_a_restart_at_any_stage(idle: Idle, cut_s: float) -> None:
    floor = floor_with(6, 10, 400)
    control = Control(PLAIN)
    before = run_control(control, floor, s(cut_s))
    state = control.snapshot()
    again = Control(PLAIN)
    again.restore(state)
    assert again.next_deadline() == control.next_deadline()
    again.resume(floor.feed(s(cut_s), s(cut_s)))
    assert orjson.loads(again.snapshot())["pools"] == orjson.loads(state)["pools"]
    after = again.advance(floor.feed(s(cut_s), m(20)))
    assert before + after == run(floor, PLAIN, m(20))


def test_state_from_before_and_after_its_time_in_the_list_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    floor, known = floor_with(6, 10, 400), detectors.POOL_DETECTORS
    before = Control(PLAIN)
    run_control(before, floor, s(30))
    monkeypatch.setattr(detectors, "POOL_DETECTORS", (*known, Idle()))
    control = Control(PLAIN)
    control.restore(before.snapshot())
    found = control.advance(floor.feed(s(30), s(300)))
    assert told(found) == [(180.0, "pool main", "idle", "nudge", "watch")]
    [[_floor, _pool, record]] = orjson.loads(control.snapshot())["pools"]
    assert record["idle"][0] == (s(60) - s(300))
    monkeypatch.setattr(detectors, "POOL_DETECTORS", known)
    without = Control(PLAIN)
    without.restore(control.snapshot())
    assert without.advance(floor.feed(s(300), m(20))) == []


def test_it_stands_in_the_views_and_in_its_pools_verdict_alone(idle: Idle) -> None:
    control = Control(PLAIN)
    run_control(control, floor_with(6, 10, 400), s(300))
    shown = view(control, "", "idle")
    assert (shown.state, shown.statistic, shown.limit) == (Verdict.watch, 6.0, 6.0)
    assert shown.severity == Severity.nudge
    assert view(control, "", "verdict").state == Verdict.watch
    assert view(control, "", "verdict").alert_id == shown.alert_id
    assert view(control, "red", "verdict").state == Verdict.in_control


def test_a_silent_source_neither_raises_nor_clears(idle: Idle) -> None:
    floor = floor_with(6, 10, 400)
    floor.silence(s(100), stale=True)
    floor.silence(s(200), stale=False)
    assert lines(run(floor, PLAIN, m(20)))[0] == (320.0, "pool main", "idle", "nudge", "watch")


def test_every_detector_has_a_name_of_its_own_and_the_same_texts_in_all_languages(
    idle: Idle,
) -> None:
    names = [detector.name for detector in detectors.POOL_DETECTORS]
    assert len({*names, "people", "gate", "verdict", "share", "collective"}) == len(names) + 5
    for detector in detectors.POOL_DETECTORS:
        assert detector.texts.keys() == TEXTS.keys()
        english = detector.texts["en"]
        for own in detector.texts.values():
            assert own.keys() == english.keys()
            for key, text in own.items():
                assert set(re.findall(r"\{(\w+)\}", text)) == set(
                    re.findall(r"\{(\w+)\}", english[key])
                ), key
