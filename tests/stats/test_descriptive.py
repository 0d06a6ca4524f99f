import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.stats.descriptive import Spread, spread

AGENTS = [0.05, 0.08, 0.10, 0.07, 0.09, 0.12, 0.06, 0.085, 0.11, 0.30]
EVEN = [0.075, 0.08, 0.09, 0.085, 0.095, 0.08, 0.09, 0.085, 0.08, 0.09]


def of(values: list[float], eligible: list[bool] | None = None) -> Spread:
    """The spread of one group."""
    mask = np.ones(len(values), np.bool_) if eligible is None else np.array(eligible)
    return spread(np.array(values), mask, np.zeros(len(values), np.int64), 1)


def test_ten_agents_spread_as_published() -> None:
    found = of(AGENTS)
    assert found.n.tolist() == [10]
    assert found.mean[0] == pytest.approx(0.1065, abs=1e-12)
    assert found.sd[0] == pytest.approx(0.071338, abs=5e-7)
    assert found.cv[0] == pytest.approx(0.669844, abs=5e-7)
    assert of(EVEN).cv[0] == pytest.approx(0.073366, abs=5e-7)


def test_agents_count_alike_whatever_their_exposure_and_not_at_all_if_not_eligible() -> None:
    aux, exposure = np.array([2.0, 3, 0, 5]), np.array([10.0, 60, 60, 60])
    assert aux.sum() / exposure.sum() == pytest.approx(0.05263157894736842)
    rates = (aux / exposure).tolist()
    assert of(rates).mean[0] == pytest.approx(0.08333333333333333, rel=1e-12)
    assert of(rates).cv[0] == pytest.approx(1.0198039027185573, rel=1e-12)
    without = of(rates, [False, True, True, True])
    assert without.cv[0] == pytest.approx(0.9437293044088437, rel=1e-12)


def test_a_large_offset_does_not_eat_the_variance() -> None:
    assert of([1e9 + value for value in (4, 7, 13, 16)]).sd[0] ** 2 == pytest.approx(30, rel=1e-12)


def test_what_is_undefined_is_nan_and_neither_zero_nor_an_alarm() -> None:
    group = np.array([1, 2, 2, 3, 3, 3], np.int64)
    values = np.array([0.5, 0.1, 0.3, 0.0, 0.0, 0.0])
    found = spread(values, np.ones(6, np.bool_), group, 4)
    assert found.n.tolist() == [0, 1, 2, 3]
    assert np.isnan(found.mean).tolist() == [True, False, False, False]
    assert np.isnan(found.sd).tolist() == [True, True, False, False]
    assert np.isnan(found.cv).all()  # two members; mean 0
    assert found.sd[2] == pytest.approx(math.sqrt(0.02))
    assert found.sd[3] == 0
    assert np.isnan(of([-1.0, 0.0, 1.0]).cv[0])


def test_members_that_are_all_alike_have_no_spread_at_all() -> None:
    found = of([0.1] * 7)
    assert (found.mean[0], found.sd[0], found.cv[0]) == (0.1, 0, 0)


def test_what_is_not_eligible_may_be_nan() -> None:
    found = of([math.nan, 0.1, 0.2, 0.3], [False, True, True, True])
    assert found.mean[0] == pytest.approx(0.2)
    assert found.cv[0] == pytest.approx(0.5)


def test_nobody_at_all_is_no_error() -> None:
    found = spread(np.zeros((0, 2, 3)), np.zeros((0, 2, 3), np.bool_), np.zeros(0, np.int64), 2)
    assert found.mean.shape == (2, 2, 3)
    assert np.isnan(found.mean).all()
    assert not found.n.any()


# Squares of what is smaller than this are no longer floats.
numbers = (st.floats(0, 1) | st.floats(-1e9, 1e9)).filter(lambda x: x == 0 or abs(x) > 1e-140)


@given(st.lists(st.tuples(st.integers(0, 3), numbers, st.booleans()), max_size=40))
def test_each_group_has_the_textbook_figures(rows: list[tuple[int, float, bool]]) -> None:
    found = spread(
        np.array([value for _, value, _ in rows]),
        np.array([kept for _, _, kept in rows], np.bool_),
        np.array([number for number, _, _ in rows], np.int64),
        4,
    )
    for number in range(4):
        members = [value for group, value, kept in rows if kept and group == number]
        largest = max(map(abs, members), default=0)
        assert found.n[number] == len(members)
        if members:
            mean = statistics.fmean(members)
            assert found.mean[number] == pytest.approx(mean, rel=1e-12, abs=1e-13 * largest)
        if len(members) >= 2:
            sd = statistics.stdev(members)
            assert found.sd[number] == pytest.approx(sd, rel=1e-9, abs=1e-9 * largest)


@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_figures_are_the_same_to_the_bit_in_any_order_of_members(n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    values, eligible = random.random((n, 4, 5)), random.random((n, 4, 5)) < 0.8
    group = random.integers(0, 7, n)
    order = random.permutation(n)
    one = spread(values, eligible, group, 7)
    two = spread(values[order], eligible[order], group[order], 7)
    for name in ("n", "mean", "sd", "cv"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


def test_each_column_is_reckoned_by_itself() -> None:
    random = np.random.default_rng(7)
    values, eligible = random.random((50, 3)), random.random((50, 3)) < 0.7
    group = random.integers(0, 4, 50)
    whole = spread(values, eligible, group, 4)
    for column in range(3):
        alone = spread(values[:, column], eligible[:, column], group, 4)
        assert whole.sd[:, column].tobytes() == alone.sd.tobytes()
        assert whole.n[:, column].tolist() == alone.n.tolist()


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(-1e9, 1e9), st.booleans()), max_size=30))
def test_sums_are_those_of_ldexp_to_the_bit(rows: list[tuple[int, float, bool]]) -> None:
    group = np.array([row[0] for row in rows], np.int64)
    values = np.array([row[1] for row in rows])
    eligible = np.array([row[2] for row in rows], np.bool_)
    found = spread(values, eligible, group, 3)
    for number in range(3):
        own = values[eligible & (group == number)]
        assert found.n[number] == len(own)
        if len(own):
            assert found.mean[number] == slow_mean(own)


def slow_mean(own: np.ndarray) -> float:
    """The mean by ldexp, one term after the other."""
    scale = 62 - math.frexp(len(own))[1] - math.frexp(np.abs(own).max())[1]
    total = sum(int(np.rint(np.ldexp(one, scale))) for one in own)
    return float(np.ldexp(np.float64(total), -scale)) / len(own)
