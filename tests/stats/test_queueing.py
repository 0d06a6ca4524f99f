from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.stats.queueing import (
    erlang_b,
    erlang_c,
    expected_wait,
    service_level,
    speed_of_answer,
)


def test_erlangs_formulas_are_as_published() -> None:
    assert erlang_b(10, 7) == pytest.approx(0.07874088296957026, rel=1e-12)
    assert erlang_c(10, 7) == pytest.approx(0.2217312158838154, rel=1e-12)
    assert erlang_c(14, 10) == pytest.approx(0.17413193359504991, rel=1e-12)
    assert speed_of_answer(14, 10, 180) == pytest.approx(7.835937011777246, rel=1e-12)
    assert service_level(14, 10, 180, 20) == pytest.approx(0.8883500191794669, rel=1e-12)


# c: the occupancy that just meets 80/20; mean waits in s at occupancy .75 .80 .85 .90 .95
PUBLISHED = {
    3: (0.498, (143.8, 204.9, 308.4, 517.5, 1148.9)),
    5: (0.608, (70.2, 105.3, 165.8, 289.7, 667.1)),
    10: (0.728, (23.3, 38.9, 67.1, 127.1, 313.7)),
    15: (0.783, (11.0, 20.2, 37.7, 76.3, 199.4)),
    30: (0.856, (2.3, 5.5, 12.5, 29.9, 89.2)),
    50: (0.896, (0.5, 1.7, 4.8, 13.8, 47.8)),
    100: (0.935, (0.0, 0.2, 0.9, 4.1, 19.2)),
    200: (0.960, (0.0, 0.0, 0.1, 0.9, 6.9)),
}


@pytest.mark.parametrize("c", sorted(PUBLISHED))
def test_waits_and_service_levels_are_as_published_for_calls_of_190_s(c: int) -> None:
    occupancy, waits = PUBLISHED[c]
    for busy, wait in zip((0.75, 0.80, 0.85, 0.90, 0.95), waits, strict=True):
        assert speed_of_answer(c, busy * c, 190) == pytest.approx(wait, abs=0.051)
    assert service_level(c, (occupancy - 6e-4) * c, 190, 20) > 0.8
    assert service_level(c, (occupancy + 6e-4) * c, 190, 20) < 0.8


@given(st.integers(1, 60), st.floats(0.01, 80))
def test_erlang_b_is_its_definition_as_a_sum(c: int, a: float) -> None:
    terms = [1.0]
    for k in range(1, c + 1):
        terms.append(terms[-1] * a / k)
    assert erlang_b(c, a) == pytest.approx(terms[-1] / sum(terms), rel=1e-9)


def test_an_overloaded_queue_makes_all_wait_for_ever() -> None:
    for load in (5.0, 6.0):
        assert erlang_c(5, load) == 1
        assert service_level(5, load, 180, 20) == 0
        assert speed_of_answer(5, load, 180) == inf


def test_without_load_nobody_waits() -> None:
    assert erlang_b(3, 0) == erlang_c(3, 0) == speed_of_answer(3, 0, 180) == 0
    assert service_level(3, 0, 180, 20) == 1
    assert erlang_b(0, 0) == 1


def test_the_next_caller_waits_for_all_before_and_for_one_more_agent_to_be_free() -> None:
    waiting = np.array([0, 5, 5, 3], np.int64)
    serving = np.array([10, 12, 0, 4], np.int64)
    handle_ms = np.array([180_000.0, 180_000.0, 180_000.0, np.nan])
    waits = expected_wait(waiting, handle_ms, serving)
    assert waits[:2].tolist() == [18_000, 90_000]
    assert np.isnan(waits[2:]).all()
