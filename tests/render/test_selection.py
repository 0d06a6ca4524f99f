"""What is left out of Prometheus, and that nothing else is."""

import dataclasses

import pytest

from stream.figures.model import Figures
from stream.render.exposition import render_figures
from stream.render.selection import KINDS, MetricSelection, capped
from tests.render.factory import make_figures
from tests.render.samples import Samples, samples_of


def exported(figures: Figures, selection: MetricSelection) -> Samples:
    return samples_of(render_figures([figures], selection))


def test_windows_that_are_not_chosen_have_no_series_and_all_else_stays() -> None:
    figures = make_figures()
    whole = samples_of(render_figures([figures]))
    chosen = exported(figures, MetricSelection(windows=frozenset({"15m", "shift"})))
    gone = {one for one in whole if dict(one[1]).get("window") in ("5m", "60m")}
    assert chosen == {one: value for one, value in whole.items() if one not in gone}
    assert gone


def test_a_metric_that_is_left_out_has_neither_series_nor_header() -> None:
    name = "floorwatch_team_member_sd_ratio"
    text = render_figures([make_figures()], MetricSelection(without=frozenset({name})))
    assert name.encode() not in text
    assert b"floorwatch_team_member_mean_ratio" in text


@pytest.mark.parametrize("rows_max", [1, 5, 13, 100])
def test_beyond_the_cap_rows_are_left_out_and_counted(rows_max: int) -> None:
    shards = [make_figures(12, 2), make_figures(7, 3, 9, prefix="other")]
    kept, left_out = capped(shards, rows_max)
    text = samples_of(render_figures(kept))
    teams = {(dict(at)["floor"], dict(at)["team"]) for _, at in text if "team" in dict(at)}
    pools = {(dict(at)["floor"], dict(at)["pool"]) for _, at in text if "pool" in dict(at)}
    all_pools = sum(len(figures.pools.keys) for figures in shards)
    assert len(teams) == min(rows_max, 19)
    assert left_out["team"] == 19 - len(teams)
    assert left_out["pool"] == max(0, all_pools - rows_max)
    assert left_out["source"] == max(0, 5 - rows_max)
    assert len(pools) <= len(teams) + min(rows_max, all_pools)


def test_rows_below_the_cap_keep_their_series() -> None:
    figures = make_figures(12, 2)
    [cut], _ = capped([figures], 4)
    whole, some = samples_of(render_figures([figures])), samples_of(render_figures([cut]))
    assert some.items() <= whole.items()
    kept = {tuple(key) for key in figures.teams.keys[:4]}
    for _, labels in some:
        at = dict(labels)
        if "team" in at:
            assert (at["floor"], at["pool"], at["team"]) in kept


def test_without_too_many_rows_figures_are_not_even_copied() -> None:
    figures = make_figures(3, 1)
    [kept], left_out = capped([figures], 3)
    assert kept is figures
    assert left_out == dict.fromkeys(KINDS, 0)


def test_every_column_of_the_figures_is_cut_to_the_same_rows() -> None:
    [cut], _ = capped([make_figures(12, 2)], 4)
    for table, rows in ((cut.teams, 4), (cut.pools, len(cut.pools.keys))):
        for field in dataclasses.fields(table):
            assert len(getattr(table, field.name)) == rows, field.name
