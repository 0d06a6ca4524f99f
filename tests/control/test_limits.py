"""Limits by heads are those of statistics.md, section 2, looked up."""

import numpy as np
import pytest

from stream.control.limits import NO_LIMIT, Limits, grid
from stream.spec import ControlSpec

LIMITS = Limits(ControlSpec())


@pytest.mark.parametrize(
    ("n", "nudge", "page"),
    [(5, 4, 5), (8, 4, 6), (10, 5, 7), (12, 5, 8), (15, 6, 8), (30, 9, 12), (50, 12, 16),
     (100, 19, 24), (200, 32, 38)],
)  # fmt: skip
def test_nudge_and_page_limits_are_the_published_ones(n: int, nudge: int, page: int) -> None:
    LIMITS.ensure(n)
    assert (LIMITS.nudge[n], LIMITS.page[n]) == (nudge, page)


def test_the_span_table_of_ten_is_the_published_one() -> None:
    spans = LIMITS.spans(10, 1)
    assert {j + 1: int(span) // 1000 for j, span in enumerate(spans) if span > 0} == {
        4: 29, 5: 79, 6: 155, 7: 253, 8: 300,
    }  # fmt: skip
    assert LIMITS.busiest(10) == 8


def test_below_five_heads_there_is_no_limit() -> None:
    assert (LIMITS.page[:5] == NO_LIMIT).all()
    assert (LIMITS.amber[:5] == NO_LIMIT).all()
    assert len(LIMITS.spans(4, 1)) == 0
    assert LIMITS.busiest(4) == 0


def test_an_alert_can_always_clear_below_the_limit_that_raises_it() -> None:
    for share in (0.02, 0.085, 0.3, 0.6):
        limits = Limits(ControlSpec(aux_rate=share))
        assert (limits.clear[5:] < limits.nudge[5:]).all()
    assert LIMITS.clear[10] == 2
    assert LIMITS.clear[15] == 3
    assert LIMITS.clear[0] == 1


def test_limits_never_fall_as_heads_grow_and_spans_never_get_longer() -> None:
    LIMITS.ensure(1_500)
    for column in (LIMITS.nudge[5:], LIMITS.page[5:], LIMITS.amber[5:]):
        assert (np.diff(column) >= 0).all()
    for n in range(5, 400, 7):
        one, more = LIMITS.spans(n, 1), LIMITS.spans(n + 7, 1)
        assert (one >= more[: len(one)]).all()


def test_big_pools_share_tables_of_a_number_less_than_one_percent_above() -> None:
    assert [grid(n) for n in (5, 256, 257, 258, 259, 1_000)] == [5, 256, 258, 258, 260, 1_000]
    assert all(n <= grid(n) < 1.01 * n for n in range(1, 20_000))
    assert LIMITS.spans(10_001, 1) is LIMITS.spans(10_002, 1)


def test_chance_is_told_in_words_ready_numbers() -> None:
    assert LIMITS.share_chance(8, 15).unit == "month"
    assert LIMITS.share_chance(0, 0).more
    assert LIMITS.run_chance(4, 29_000, 10).unit == "month"
    assert LIMITS.run_chance(4, 29_000, 0).more


def test_a_baseline_without_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="aux"):
        Limits(ControlSpec(aux_rate=0.0))
