"""Control judges each instant once: how a feed is cut, or filtered, changes nothing."""

from collections import Counter
from itertools import pairwise

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from stream.control.control import Control
from stream.spec import Spec
from stream.units import NEVER_MS
from tests.control.drawn import SPAN_S, floors, specs
from tests.control.floor import START_MS, Floor, run

END_MS = START_MS + 1000 * SPAN_S
EACH_SECOND = range(START_MS, END_MS, 1000)
MANY = settings().max_examples
"""As the profile says: FLOORWATCH_HISTORIES, more of them in continuous integration."""
CAREFUL = settings(deadline=None, suppress_health_check=list(HealthCheck))
HALF = settings(CAREFUL, max_examples=max(1, MANY // 2))
SLOW = settings(CAREFUL, max_examples=max(1, MANY // 20))


@st.composite
def stories(draw: st.DrawFn) -> tuple[Spec, Floor]:
    config = draw(specs())
    return config, draw(floors(config))


cuts = st.lists(st.integers(START_MS, END_MS), max_size=12)


@HALF
@given(stories(), cuts)
def test_any_cutting_of_the_feed_gives_the_same_transitions(
    story: tuple[Spec, Floor], where: list[int]
) -> None:
    config, floor = story
    whole = run(floor, config, END_MS)
    for t in whole:
        event(f"{t.detector} {t.severity.value} {t.to.value}")
    assert run(floor, config, END_MS, where) == whole


def test_judging_everyone_finds_what_the_calm_filter_lets_through() -> None:
    seen: Counter[str] = Counter()

    @settings(CAREFUL, max_examples=max(200, MANY))  # fewer do not come to each kind of alert
    @given(stories(), cuts)
    def holds(story: tuple[Spec, Floor], where: list[int]) -> None:
        config, floor = story
        everyone = run(floor, config, END_MS, where, calm_filter=False)
        assert run(floor, config, END_MS, where) == everyone
        for t in everyone:
            seen[f"{t.detector} {t.severity.value} {t.before.value}->{t.to.value}"] += 1
            if not t.team:
                seen[f"pool {t.detector}"] += 1

    holds()
    print(dict(seen))
    for detector in ("share", "collective"):
        for severity in ("page", "nudge", "digest"):
            assert any(key.startswith(f"{detector} {severity}") for key in seen), severity
    assert seen["pool cover"] > 0
    assert seen["pool collective"] > 0


@SLOW
@given(stories())
def test_the_slow_twin_steps_every_second_and_finds_the_same(story: tuple[Spec, Floor]) -> None:
    config, floor = story
    assert run(floor, config, END_MS, EACH_SECOND) == run(floor, config, END_MS)


@HALF
@given(stories(), cuts)
def test_nothing_happens_before_the_deadline_without_events(
    story: tuple[Spec, Floor], where: list[int]
) -> None:
    config, floor = story
    control = Control(config)
    edges = sorted({START_MS, *where, END_MS})
    for start, end in pairwise(edges):
        control.advance(floor.feed(start, end))
        silent = Floor(
            floor.pool_of,
            floor.entry_states,
            floor.name,
            [h for h in floor.happenings if h.at_ms < end],
            [q for q in floor.queue if q[0] < end],
            [q for q in floor.silences if q[0] < end],
            floor.resolution_ms,
        )
        twin = Control(config)
        twin.restore(control.snapshot())
        later = twin.advance(silent.feed(end, end + 30 * 60_000))
        if later:
            assert later[0].at_ms >= control.next_deadline()
        if control.next_deadline() < NEVER_MS:
            assert control.next_deadline() >= end


@HALF
@given(stories(), cuts)
def test_a_restored_control_goes_on_as_if_it_had_not_stopped(
    story: tuple[Spec, Floor], where: list[int]
) -> None:
    config, floor = story
    whole = run(floor, config, END_MS)
    found = []
    edges = sorted({START_MS, *(t for t in where if t < END_MS), END_MS})
    state = b""
    for start, end in pairwise(edges):
        control = Control(config)
        if state:
            control.restore(state)
        found += control.advance(floor.feed(start, end))
        state = control.snapshot()
        again = Control(config)
        again.restore(state)
        assert again.snapshot() == state
        assert again.next_deadline() == control.next_deadline()
    assert found == whole
