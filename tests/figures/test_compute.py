"""Figures: ratios of sets of states, and how members differ; told to a shard, read from it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stream.events.language import State
from stream.figures.compute import divided, masks, times
from stream.figures.model import WINDOWS, Figures
from stream.roster import Roster
from stream.shard import Shard
from stream.spec import RATIOS, LocalSpan, RatioSpec, ShiftSpec, SourceSpec, Spec
from tests.windows.telling import T_MS, Event, call, heartbeat, shard_of, state

QUIET = Spec(event_clock=True, sources=(SourceSpec(heartbeat_ms=None, silence_ms=None),))
AS_OF_S = 3_600


def figures_of(events: list[Event], spec: Spec = QUIET, as_of_s: float = AS_OF_S) -> Figures:
    told = sorted([*events, heartbeat(as_of_s)], key=lambda one: int(one["ts"]))
    shard = shard_of(told, spec, Roster(pools={"blue": "sales"}))
    shard.step(T_MS + round(as_of_s * 1000))
    return shard.figures()


def of(figures: Figures, ratio: str, window: str = "60m", team: str = "blue") -> dict[str, Any]:
    row = next(at for at, key in enumerate(figures.teams.keys) if key.team == team)
    column = [one.name for one in figures.ratios].index(ratio)
    names = ("ratio", "numerator_ms", "denominator_ms", "members", "mean", "sd", "cv")
    return {
        name: getattr(figures.teams, name)[row, WINDOWS.index(window), column].item()
        for name in names
    }


def spell(agent: str, name: str, from_s: float, to_s: float, team: str = "blue") -> list[Event]:
    """Some time in a state, offline before and after."""
    return [
        state(0, agent, "offline", team=team),
        state(from_s, agent, name, team=team, seq=1),
        state(to_s, agent, "offline", team=team, seq=2),
    ]


def test_a_ratio_is_the_sum_of_times_over_the_sum_of_times() -> None:
    figures = figures_of([
        *spell("ann", "talking", 0, 1_800),
        *spell("bob", "available", 0, 3_600),
        *spell("cleo", "talking", 0, 3_600, "red"),
    ])  # fmt: skip
    found = of(figures, "talk_utilisation")
    assert (found["numerator_ms"], found["denominator_ms"]) == (1_800_000, 5_400_000)
    assert found["ratio"] == 1 / 3
    assert found["mean"] == 0.5


@pytest.mark.parametrize("name", ["offline", "unknown"])
def test_without_any_time_below_the_line_a_ratio_is_undefined_not_0(name: str) -> None:
    found = of(figures_of([state(0, "ann", name, team="blue")]), "talk_utilisation")
    assert (found["denominator_ms"], found["members"]) == (0, 0)
    assert all(np.isnan(found[name]) for name in ("ratio", "mean", "sd", "cv"))


def test_a_ratio_of_nothing_above_the_line_is_0() -> None:
    assert of(figures_of([state(0, "ann", "aux", team="blue")]), "talk_utilisation")["ratio"] == 0


def test_a_quotient_by_0_is_undefined() -> None:
    found = divided(np.array([0, 5, 0]), np.array([0, 0, 7]))
    assert np.isnan(found[:2]).all()
    assert found[2] == 0


@pytest.mark.parametrize(("least_s", "members"), [(0, 1), (-0.001, 0)])
def test_a_member_counts_from_a_quarter_of_the_window_on(least_s: float, members: int) -> None:
    events = spell("ann", "aux", 600, 600 + 900 + least_s)
    assert of(figures_of(events), "aux_rate")["members"] == members


def test_the_quarter_is_of_the_windows_true_length() -> None:
    events = spell("ann", "aux", 600, 1_500)
    assert of(figures_of(events, as_of_s=3_600.0), "aux_rate")["members"] == 1
    assert of(figures_of(events, as_of_s=3_600.001), "aux_rate")["members"] == 0


def test_the_quarter_is_of_the_time_below_the_line_not_of_presence() -> None:
    events = [
        state(0, "ann", "meal", team="blue"),
        state(2_800, "ann", "aux", team="blue"),
        state(3_600, "ann", "offline", team="blue"),
    ]
    assert of(figures_of(events), "aux_rate")["members"] == 0


@pytest.mark.parametrize(("members", "known"), [(0, ""), (1, "mean"), (2, "mean sd")])
def test_few_members_have_no_spread(members: int, known: str) -> None:
    events = [state(0, "zoe", "offline", team="blue")]
    for number in range(members):
        events += spell(f"a{number}", "aux", 0, 1_800 + 600 * number)
    found = of(figures_of(events), "aux_rate")
    assert [name for name in ("mean", "sd", "cv") if not np.isnan(found[name])] == known.split()


def test_three_members_have_a_coefficient_of_variation() -> None:
    events = [
        event
        for number, aux_s in enumerate((300, 600, 900))
        for event in (
            state(0, f"a{number}", "available", team="blue"),
            state(AS_OF_S - aux_s, f"a{number}", "aux", team="blue"),
        )
    ]
    found = of(figures_of(events), "aux_rate")
    assert found["members"] == 3
    assert found["mean"] == pytest.approx(600 / 3_600)
    assert found["sd"] == pytest.approx(300 / 3_600)
    assert found["cv"] == pytest.approx(0.5)


def test_members_that_are_all_at_0_have_no_coefficient_of_variation() -> None:
    events = [state(0, f"a{number}", "available", team="blue") for number in range(3)]
    found = of(figures_of(events), "aux_rate")
    assert (found["mean"], found["sd"]) == (0, 0)
    assert np.isnan(found["cv"])


def test_a_new_ratio_is_configuration_only() -> None:
    own = RatioSpec(
        "meetings_of_breaks", frozenset({State.meeting}), frozenset({State.meeting, State.meal})
    )
    spec = replace(QUIET, ratios=(*RATIOS, own))
    events = [
        state(0, "ann", "meeting", team="blue"),
        state(900, "ann", "meal", team="blue"),
        state(3_600, "ann", "aux", team="blue"),
    ]
    figures = figures_of(events, spec)
    assert of(figures, "meetings_of_breaks")["ratio"] == 0.25
    assert figures.ratios[-1] == own
    plain = figures_of(events).teams.ratio
    assert np.array_equal(figures.teams.ratio[..., :-1], plain, equal_nan=True)
    assert figures_of(events, replace(QUIET, ratios=(own,))).teams.ratio.shape[2] == 1


def test_the_shipped_ratios_are_those_of_the_books() -> None:
    above, below = masks(RATIOS)

    def names(mask: Any, column: int) -> set[str]:
        return {State(at).name for at in np.flatnonzero(mask[:, column]).tolist()}

    staffed = {state.name for state in State} - {"offline", "unknown"}
    busy = {"talking", "hold", "acw", "ringing", "dialing"}
    assert {one.name: (names(above, at), names(below, at)) for at, one in enumerate(RATIOS)} == {
        "occupancy": (busy, busy | {"available"}),
        "talk_utilisation": ({"talking", "hold"}, staffed - {"meal"}),
        "aux_rate": ({"aux"}, staffed - {"meal"}),
        "idle_rate": ({"available"}, staffed - {"meal"}),
        "slack_rate": ({"available", "aux", "training", "meeting"}, staffed - {"meal"}),
    }


@pytest.mark.parametrize("shape", [(0, 4), (7, 4), (3,)])
def test_times_by_ratio_are_those_of_a_matrix_product(shape: tuple[int, ...]) -> None:
    above, below = masks(RATIOS)
    state_ms = np.random.default_rng(5).integers(0, 10**9, (*shape, len(State)))
    for mask in (above, below):
        assert times(state_ms, mask).tolist() == (state_ms @ mask).tolist()


def test_the_true_length_of_a_window_stands_beside_the_figure() -> None:
    spec = replace(QUIET, shifts=(ShiftSpec((LocalSpan(8 * 60, 16 * 60),)),))
    figures = figures_of([state(0, "ann", "aux", team="blue")], spec, 1_234.567)
    lengths = (figures.teams.window_ms[0] / 1_000).tolist()
    part, since_8 = 1_234.567 % 60, 2 * 3_600 + 24 * 60 + 1_234.567
    assert lengths == pytest.approx([300 + part, 900 + part, 3_600 + part, since_8])


def test_heads_are_those_of_this_instant_and_an_event_at_it_counts_at_once() -> None:
    events = [state(0, "ann", "aux", team="blue"), state(60, "ann", "talking", team="blue")]
    for as_of_s, name in ((59.999, "aux"), (60, "talking")):
        heads = figures_of(events[: 1 + (as_of_s >= 60)], as_of_s=as_of_s).teams.heads[0]
        assert {State(at).name: n for at, n in enumerate(heads.tolist()) if n} == {name: 1}


def pool(figures: Figures, name: str) -> Any:
    row = [key.pool for key in figures.pools.keys].index("sales")
    return getattr(figures.pools, name)[row].tolist()


def test_while_somebody_is_free_nobody_is_told_to_wait() -> None:
    handled = call(0, "ended", "ann", team="blue", pool="sales", talk_s=100)
    busy = [handled, state(0, "ann", "talking", team="blue")]
    assert pool(figures_of(busy), "estimated_wait_ms") == 100_000
    free = [*busy, state(0, "bob", "available", team="blue")]
    assert pool(figures_of(free), "estimated_wait_ms") == 0
    assert np.isnan(pool(figures_of(busy[1:]), "estimated_wait_ms"))


def test_a_pool_that_answered_nothing_has_no_service_level() -> None:
    found = figures_of([call(0, "offered", pool="sales"), state(0, "ann", "acw", team="blue")])
    assert np.isnan(pool(found, "service_level")).all()
    assert pool(found, "waiting") == 1
    found = figures_of([call(60, "offered", pool="sales")], as_of_s=100)
    assert (pool(found, "waiting"), pool(found, "oldest_wait_ms")) == (1, 40_000)


def test_members_are_those_with_time_in_a_window_by_the_bytes_of_their_names() -> None:
    events = [
        state(0, agent, "aux", team=team)
        for agent, team in (("客", "blue"), ("bob", "blue"), ("Ann", "blue"), ("ann", "red"))
    ]
    shard = shard_of([*events, heartbeat(60)], QUIET)
    shard.step(T_MS + 60_000)
    found = shard.members("main", "blue")
    assert [one.agent for one in found] == ["Ann", "bob", "客"]
    assert {(one.state, one.since_ms) for one in found} == {("aux", T_MS)}
    assert Shard(QUIET).members("main", "blue") == []


def test_at_the_very_start_of_a_shift_nobody_counts_in_it() -> None:
    spec = replace(QUIET, shifts=(ShiftSpec((LocalSpan(11 * 60, 19 * 60),)),))
    found = of(
        figures_of([state(0, "ann", "aux", team="blue")], spec, 36 * 60), "aux_rate", "shift"
    )
    assert (found["denominator_ms"], found["members"]) == (0, 0)
    assert np.isnan(found["mean"])
