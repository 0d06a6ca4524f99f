import pytest

from stream.render.view_fields import SEPARATOR, PoolView, TeamView, View, ViewKind, qualified
from stream.render.views import format_views
from tests.render.factory import make_figures

KINDS: dict[ViewKind, type[View]] = {ViewKind.team: TeamView, ViewKind.pool: PoolView}


def test_a_field_is_its_name_on_the_class_and_its_value_on_a_view() -> None:
    view = TeamView("f", "t", {"staffed": "15", "pool": "5", "as_of": "2026-03-02T02:43:12.000Z"})
    assert (TeamView.staffed, view.staffed) == ("staffed", 15)
    assert (TeamView.pool, view.pool) == ("pool", "5")
    assert (TeamView.as_of, view.as_of) == ("as_of", "2026-03-02T02:43:12.000Z")


def test_a_field_that_a_view_does_not_have_is_none() -> None:
    view = PoolView("f", "p", {"waiting": "3", "oldest_wait_s": "12.500"})
    assert (view.waiting, view.oldest_wait_s, view.open) == (3, 12.5, None)


def test_a_qualified_name_says_window_or_state_last() -> None:
    assert qualified("aux_rate", "15m") == "aux_rate:15m"
    assert qualified("seconds", "aux", "15m") == "seconds:aux:15m"


@pytest.mark.parametrize("seed", range(3))
def test_every_plain_field_that_is_written_is_declared_and_read_by_its_type(seed: int) -> None:
    for key, texts in format_views(make_figures(seed=seed)).items():
        kind = KINDS[key.kind]
        plain = {name for name in texts if SEPARATOR not in name}
        assert plain <= kind.parsers().keys()
        view = kind(key.floor, key.name, texts)
        assert all(getattr(view, name) is not None for name in plain)
