import dataclasses
import math

import numpy as np
import pytest

from stream.control.model import DetectorView, TeamKey, Verdict
from stream.export.metrics import render_figures
from stream.export.views import ViewChange, ViewDiffer, ViewKind
from stream.figures import Figures
from tests.export.audit import View, differences, unclaimed
from tests.export.factory import AS_OF_MS, make_figures
from tests.export.samples import samples_of

Stored = dict[tuple[ViewKind, str, str], dict[str, str]]


def write(stored: Stored, changes: list[ViewChange]) -> None:
    """What a store does with changes."""
    for change in changes:
        key = (change.kind, change.floor, change.name)
        if change.gone:
            stored.pop(key, None)
            continue
        if change.whole:
            stored[key] = {}
        stored[key].update(change.changed)
        for name in change.removed:
            del stored[key][name]


def views_of(figures: Figures) -> Stored:
    stored: Stored = {}
    write(stored, ViewDiffer().diff(figures))
    return stored


@pytest.mark.parametrize("seed", range(5))
def test_every_field_of_each_view_equals_its_series_and_every_series_has_a_field(seed: int) -> None:
    figures = make_figures(seed=seed)
    samples = samples_of(render_figures([figures]))
    views = [View(*key, fields) for key, fields in views_of(figures).items()]
    found = [line for view in views for line in differences(view, samples)]
    assert found == []
    assert unclaimed(views, samples) == set()
    assert sum(len(view.fields) for view in views) > 1_500


def test_the_comparison_of_views_and_series_can_fail() -> None:
    figures = make_figures()
    samples = samples_of(render_figures([make_figures(seed=9)]))
    key, fields = next(iter(views_of(figures).items()))
    assert len(differences(View(*key, fields), samples)) > 20


def test_the_contract_names_of_a_team_view_are_there() -> None:
    figures = make_figures()
    key = figures.teams.keys[0]
    view = views_of(figures)[ViewKind.team, key.floor, key.team]
    whole = dataclasses.replace(
        figures.teams, ratio=np.full_like(figures.teams.ratio, 0.0856127), cv=figures.teams.ratio
    )
    filled = views_of(dataclasses.replace(figures, teams=whole))[ViewKind.team, key.floor, key.team]
    assert {"as_of", "verdict", "signal", "staffed", "agents:aux"} <= view.keys()
    assert view["as_of"] == "2026-03-02T02:43:12.000Z"
    assert filled["aux_rate:5m"] == "0.085613"
    assert view["agents:aux"] == str(figures.teams.heads[0, 7])
    assert view["staffed"] == str(figures.teams.heads[0, :12].sum())


def test_the_contract_names_of_a_pool_view_are_there() -> None:
    figures = make_figures()
    level = np.full_like(figures.pools.service_level, 0.8)
    wait = np.full_like(figures.pools.estimated_wait_ms, 39_250.0)
    pools = dataclasses.replace(figures.pools, service_level=level, estimated_wait_ms=wait)
    key = pools.keys[0]
    view = views_of(dataclasses.replace(figures, pools=pools))[ViewKind.pool, *key]
    assert view["service_level"] == view["service_level:15m"] == "0.800000"
    assert view["estimated_wait_s"] == "39.250"
    assert {"as_of", "verdict", "waiting", "oldest_wait_s", "peak", "offered:60m"} <= view.keys()
    assert "call_back" not in view


def test_what_has_no_value_has_no_field() -> None:
    figures = make_figures()
    key = figures.teams.keys[0]
    view = views_of(figures)[ViewKind.team, key.floor, key.team]
    undefined = np.isnan(figures.teams.ratio[0]).sum()
    assert undefined > 0
    names = [f"{ratio.name}:{w}" for ratio in figures.ratios for w in ("5m", "15m", "60m", "shift")]
    assert sum(name not in view for name in names) == undefined
    assert all(text not in ("", "nan") for text in view.values())


@pytest.mark.parametrize(
    ("verdict", "signal"),
    [("out_of_control", "worse"), ("watch", "worse"), ("improving", "better"), ("stale", "none")],
)
def test_a_gain_and_a_loss_give_different_signals(verdict: str, signal: str) -> None:
    figures = make_figures(1, 1)
    key = figures.teams.keys[0]
    line = DetectorView(*key, "verdict", Verdict(verdict), None, "", 0, math.nan, math.nan)
    view = views_of(dataclasses.replace(figures, detectors=(line,)))
    assert view[ViewKind.team, key.floor, key.team]["signal"] == signal


def test_changes_lead_to_the_same_views_as_writing_them_whole() -> None:
    rng = np.random.default_rng(3)
    differ = ViewDiffer()
    stored: Stored = {}
    for step in range(30):
        figures = make_figures(int(rng.integers(0, 9)), 2, int(rng.integers(4)), AS_OF_MS + step)
        write(stored, differ.diff(figures))
        assert stored == views_of(figures)


def test_only_what_changed_is_written() -> None:
    figures = make_figures()
    differ = ViewDiffer()
    differ.diff(figures)
    assert differ.diff(figures) == []
    heads = figures.teams.heads.copy()
    heads[2, 7] += 1
    teams = dataclasses.replace(figures.teams, heads=heads)
    key = figures.teams.keys[2]
    staffed = heads[2, :12].sum()
    assert differ.diff(dataclasses.replace(figures, teams=teams)) == [
        ViewChange(
            ViewKind.team,
            key.floor,
            key.team,
            {"agents:aux": str(heads[2, 7]), "staffed": str(staffed)},
        )
    ]


def test_a_figure_that_is_no_longer_defined_loses_its_field() -> None:
    figures = make_figures()
    differ = ViewDiffer()
    differ.diff(figures)
    cv = figures.teams.cv.copy()
    row, window, ratio = np.argwhere(np.isfinite(cv))[0]
    cv[row, window, ratio] = np.nan
    teams = dataclasses.replace(figures.teams, cv=cv)
    (change,) = differ.diff(dataclasses.replace(figures, teams=teams))
    assert change.changed == {}
    assert change.removed == [f"{figures.ratios[ratio].name}_cv:5m"]


def test_a_forgotten_view_is_written_whole_again() -> None:
    figures = make_figures()
    differ = ViewDiffer()
    first = differ.diff(figures)
    assert all(change.whole for change in first)
    gone = first[3]
    differ.forget(gone.kind, gone.floor, gone.name)
    assert differ.diff(figures) == [gone]
    differ.forget_all()
    assert differ.diff(figures) == first


def test_a_team_that_moves_to_another_pool_keeps_its_view() -> None:
    figures = make_figures(1, 1)
    key = figures.teams.keys[0]
    teams = dataclasses.replace(figures.teams, keys=(TeamKey(key.floor, "new pool", key.team),))
    differ = ViewDiffer()
    differ.diff(dataclasses.replace(figures, detectors=()))
    (change,) = differ.diff(dataclasses.replace(figures, detectors=(), teams=teams))
    assert change.changed == {"pool": "new pool"}
    assert not change.whole
    assert not change.gone


def test_a_team_that_is_no_longer_there_is_gone() -> None:
    differ = ViewDiffer()
    many, few = make_figures(7, 1), make_figures(6, 1)
    differ.diff(many)
    gone = [change.name for change in differ.diff(few) if change.gone]
    assert gone == ["team 6"]
