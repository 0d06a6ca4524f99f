import dataclasses
import math

import numpy as np
import pytest

from stream.control.model import DetectorView, Verdict
from stream.events.language import STAFFED, State
from stream.figures.model import WINDOWS
from stream.ids import TeamKey
from stream.render.exposition import render_figures
from stream.render.series import Form
from stream.render.view_fields import ViewKey, ViewKind
from stream.render.views import FORMATS, field_formats, format_views, team_table, views_of
from stream.units import rfc3339
from tests.render.audit import View, differences, unclaimed
from tests.render.factory import make_figures
from tests.render.samples import samples_of


@pytest.mark.parametrize("seed", range(5))
def test_every_field_of_each_view_equals_its_series_and_every_series_has_a_field(seed: int) -> None:
    figures = make_figures(seed=seed)
    samples = samples_of(render_figures([figures]))
    views = [View(*key, fields) for key, fields in format_views(figures).items()]
    found = [line for view in views for line in differences(view, samples)]
    assert found == []
    assert unclaimed(views, samples) == set()
    assert sum(len(view.fields) for view in views) > 1_500


def test_the_comparison_of_views_and_series_can_fail() -> None:
    figures = make_figures()
    samples = samples_of(render_figures([make_figures(seed=9)]))
    key, fields = next(iter(format_views(figures).items()))
    assert len(differences(View(*key, fields), samples)) > 20


def test_a_view_without_series_differs_in_each_field() -> None:
    views = [View(*key, fields) for key, fields in format_views(make_figures()).items()]
    for view in views:
        assert len(differences(view, {})) == len(view.fields.keys() - {"pool"})


def test_the_contract_names_of_a_team_view_are_there() -> None:
    figures = make_figures()
    key = figures.teams.keys[0]
    view = format_views(figures)[ViewKey(ViewKind.team, key.floor, key.team)]
    whole = dataclasses.replace(
        figures.teams, ratio=np.full_like(figures.teams.ratio, 0.0856127), cv=figures.teams.ratio
    )
    of_whole = format_views(dataclasses.replace(figures, teams=whole))
    filled = of_whole[ViewKey(ViewKind.team, key.floor, key.team)]
    assert {"as_of", "verdict", "signal", "staffed", "agents:aux"} <= view.keys()
    assert view["as_of"] == "2026-03-02T02:43:12.000Z"
    assert filled["aux_rate:5m"] == "0.085613"
    assert view["agents:aux"] == str(figures.teams.heads[0, State.aux])
    assert view["staffed"] == str(figures.teams.heads[0, sorted(STAFFED)].sum())


def test_the_contract_names_of_a_pool_view_are_there() -> None:
    figures = make_figures()
    level = np.full_like(figures.pools.service_level, 0.8)
    wait = np.full_like(figures.pools.estimated_wait_ms, 39_250.0)
    pools = dataclasses.replace(figures.pools, service_level=level, estimated_wait_ms=wait)
    key = pools.keys[0]
    view = format_views(dataclasses.replace(figures, pools=pools))[ViewKey(ViewKind.pool, *key)]
    assert view["service_level"] == view["service_level:15m"] == "0.800000"
    assert view["estimated_wait_s"] == "39.250"
    assert {"as_of", "verdict", "waiting", "oldest_wait_s", "peak", "offered:60m"} <= view.keys()
    assert "call_back" not in view


def test_a_figure_without_a_value_has_no_field() -> None:
    figures = make_figures()
    key = figures.teams.keys[0]
    view = format_views(figures)[ViewKey(ViewKind.team, key.floor, key.team)]
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
    view = format_views(dataclasses.replace(figures, detectors=(line,)))
    assert view[ViewKey(ViewKind.team, key.floor, key.team)]["signal"] == signal


def test_a_team_that_moves_to_another_pool_keeps_its_view() -> None:
    figures = dataclasses.replace(make_figures(1, 1), detectors=())
    key = figures.teams.keys[0]
    teams = dataclasses.replace(figures.teams, keys=(TeamKey(key.floor, "new pool", key.team),))
    view = ViewKey(ViewKind.team, key.floor, key.team)
    before = format_views(figures)[view]
    after = format_views(dataclasses.replace(figures, teams=teams))[view]
    assert after == {**before, "pool": "new pool"}


def test_a_figure_that_is_no_longer_defined_loses_its_field() -> None:
    figures = make_figures()
    before = format_views(figures)
    cv = figures.teams.cv.copy()
    row, window, ratio = np.argwhere(np.isfinite(cv))[0]
    cv[row, window, ratio] = np.nan
    teams = dataclasses.replace(figures.teams, cv=cv)
    after = format_views(dataclasses.replace(figures, teams=teams))
    key = figures.teams.keys[row]
    view = ViewKey(ViewKind.team, key.floor, key.team)
    lost = before[view].keys() - after[view].keys()
    assert lost == {f"{figures.ratios[ratio].name}_cv:{WINDOWS[window]}"}


@pytest.mark.parametrize("seed", range(5))
def test_the_numbers_of_a_view_are_those_of_its_row_that_have_a_value(seed: int) -> None:
    figures = make_figures(seed=seed)
    table, views, texts = team_table(figures), views_of(figures), format_views(figures)
    assert set(zip(table.fields, table.formats, strict=True)) <= set(field_formats(figures))
    for row, numbers in zip(table.rows, table.numbers.tolist(), strict=True):
        for field, form, number in zip(table.fields, table.formats, numbers, strict=True):
            if form == FORMATS[Form.instant]:
                assert views[row][field] == texts[row][field] == rfc3339(round(number * 1_000))
            elif math.isfinite(number):
                assert (views[row][field], texts[row][field]) == (number, form % number)
            else:
                assert field not in views[row]
