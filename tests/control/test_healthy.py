"""Healthy floors are hardly ever paged: the budget holds for the whole of control."""

import pytest

from tests.control.healthy import rates_per_month


@pytest.mark.parametrize("size", [10, 15, 30])
def test_a_healthy_team_is_paged_less_than_once_a_month(size: int) -> None:
    """Statistics.md, section 2.2, has .18, .43 and .55 for share and spans together."""
    rates = rates_per_month(size, team_months=10)
    print(size, rates)
    assert rates.get("pages", 0.0) <= 1.0
    assert rates.get("share out_of_control", 0.0) <= 0.5
    assert 1 <= rates["share watch"] <= 22


def test_teams_too_small_for_statistics_are_never_judged_by_them() -> None:
    assert rates_per_month(4, team_months=10) == {}
