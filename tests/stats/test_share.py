from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stream.stats.budget import WorkingTime
from stream.stats.share import (
    ShareTable,
    amber_threshold,
    doctrine_threshold,
    threshold,
    up_rate,
)
from tests.stats.vectors import DEFAULT_BUDGET, P0, SPELL_MS, THRESHOLDS

MONTH = WorkingTime()
PEAKS = WorkingTime(shift_hours=3)


def default_table() -> ShareTable:
    return ShareTable(P0, SPELL_MS, MONTH.per_month(0.2))


def test_the_rate_of_steps_up_is_as_published() -> None:
    assert up_rate(10, 30, P0, SPELL_MS) == pytest.approx(2.0017671561042543e-4, rel=1e-12)
    assert up_rate(6, 10, P0, SPELL_MS) == pytest.approx(6.661905553047657e-5, rel=1e-12)
    # Of 15 agents, 8 at once: published as .159 a month.
    assert up_rate(8, 15, P0, SPELL_MS) * MONTH.month_min == pytest.approx(0.159, abs=5e-4)


@given(st.integers(1, 2_000), st.floats(0.001, 0.5), st.data())
def test_the_rate_is_entries_times_the_chance_that_the_others_are_in_aux(
    n: int, p0: float, data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, n))
    expected = n * p0 / 5 * binom.pmf(k - 1, n - 1, p0)
    assert up_rate(k, n, p0, SPELL_MS) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_the_rate_is_that_of_the_birth_and_death_chain_in_its_steady_state() -> None:
    n, p, spell_min = 12, Fraction(1, 10), 5
    leave, enter = Fraction(1, spell_min), p / (1 - p) / spell_min
    weights = [Fraction(1)]
    for k in range(1, n + 1):
        weights.append(weights[-1] * (n - k + 1) * enter / (k * leave))
    for k in range(1, n + 1):
        flow = weights[k - 1] / sum(weights) * (n - k + 1) * enter
        assert up_rate(k, n, float(p), spell_min * 60_000) == pytest.approx(float(flow))


def test_numbers_that_cannot_come_have_rate_zero() -> None:
    assert [up_rate(k, 5, P0, SPELL_MS) for k in (-1, 0, 6)] == [0, 0, 0]


@pytest.mark.parametrize("n", sorted(DEFAULT_BUDGET))
def test_k_is_as_published_for_the_default_budget(n: int) -> None:
    assert threshold(n, P0, SPELL_MS, MONTH.per_month(0.2)) == DEFAULT_BUDGET[n][0]


@pytest.mark.parametrize("n", sorted(THRESHOLDS))
def test_k_is_as_published_for_one_false_alarm_a_day_a_week_and_a_month(n: int) -> None:
    rates = (MONTH.per_day(1), MONTH.per_week(1), MONTH.per_month(1), PEAKS.per_month(1))
    published = [int(str(cell).split(";")[0]) for cell in THRESHOLDS[n][:4]]
    assert [threshold(n, P0, SPELL_MS, rate) for rate in rates] == published
    assert doctrine_threshold(np.array([n])).tolist() == [THRESHOLDS[n][4]]


@given(st.integers(0, 400), st.floats(0.02, 0.3), st.floats(1e-7, 1e-1))
def test_k_is_the_least_that_is_rare_and_stays_rare(n: int, p0: float, rate: float) -> None:
    k = threshold(n, p0, SPELL_MS, rate)
    assert floor(n * p0) < k <= n + 1
    assert all(up_rate(more, n, p0, SPELL_MS) <= rate for more in range(k, n + 1))
    if k > floor(n * p0) + 1:
        assert up_rate(k - 1, n, p0, SPELL_MS) > rate


def test_a_big_team_does_not_alarm_at_one_though_it_is_never_that_few() -> None:
    rate = MONTH.per_month(0.2)
    assert up_rate(1, 200, P0, SPELL_MS) < rate
    assert threshold(200, P0, SPELL_MS, rate) == 38


def test_where_even_all_in_aux_is_too_frequent_the_threshold_never_comes() -> None:
    assert threshold(2, P0, SPELL_MS, MONTH.per_month(0.2)) == 3
    assert threshold(0, P0, SPELL_MS, MONTH.per_month(0.2)) == 1


def test_a_table_grows_on_demand_and_keeps_shape_and_values() -> None:
    table = default_table()
    n = np.array([[0, 5, 30], [10, 200, 5]], np.int64)
    expected = [[1, 5, 12], [7, 38, 5]]
    assert table.threshold(n[:1]).tolist() == expected[:1]
    assert table.threshold(n).tolist() == expected
    assert table.threshold(n).dtype == np.int64
    assert table.threshold(np.zeros(0, np.int64)).size == 0
    every = np.arange(301)
    slow = [threshold(size, P0, SPELL_MS, MONTH.per_month(0.2)) for size in range(301)]
    assert table.threshold(every).tolist() == slow


def test_a_page_needs_both_chance_excluded_and_a_sixth_in_aux() -> None:
    n = np.array([5, 10, 30, 300, 600], np.int64)
    loose = ShareTable(P0, SPELL_MS, MONTH.per_day(20))
    assert loose.threshold(n).tolist() == [2, 3, 6, 38, 68]
    assert loose.page_threshold(n).tolist() == [2, 3, 6, 50, 100]


def test_amber_is_a_sixth_and_at_least_two() -> None:
    n = np.array([0, 1, 6, 12, 13, 30, 100], np.int64)
    assert amber_threshold(n).tolist() == [2, 2, 2, 2, 3, 5, 17]


@pytest.mark.parametrize(
    ("p0", "spell_ms", "rate", "said"),
    [
        (0.0, 1, 1, "outside"),
        (1.0, 1, 1, "outside"),
        (float("nan"), 1, 1, "outside"),
        (0.1, 0, 1, "mean spell"),
        (0.1, 1, 0, "budget"),
    ],
)
def test_a_baseline_without_meaning_is_refused(
    p0: float, spell_ms: float, rate: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        ShareTable(p0, spell_ms, rate)
