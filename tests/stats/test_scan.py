from math import floor, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from stream.stats.budget import WorkingTime
from stream.stats.scan import SpanTable, scan_rate, span_table
from tests.stats.vectors import DEFAULT_BUDGET, P0, SPELL_MS, THRESHOLDS

MONTH = WorkingTime()
PEAKS = WorkingTime(shift_hours=3)


def entries_per_min(n: int) -> float:
    return n * P0 / 5


def test_the_scan_rate_is_as_published() -> None:
    assert scan_rate(6, 1, entries_per_min(30)) == pytest.approx(8.056950933856635e-5, rel=1e-12)
    assert scan_rate(5, 1, entries_per_min(10)) == pytest.approx(4.821480666879822e-6, rel=1e-12)


@given(st.integers(2, 200), st.floats(0.02, 5), st.floats(0.01, 10))
def test_the_scan_rate_is_the_formula_where_it_holds_and_infinite_elsewhere(
    entries: int, span_min: float, rate: float
) -> None:
    x = rate * span_min
    expected = (1 - x / entries) * rate * poisson.pmf(entries - 1, x) if x < entries else inf
    assert scan_rate(entries, span_min, rate) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def least_entries(n: int, span_min: float, rate: float) -> int:
    entries = floor(entries_per_min(n) * span_min) + 1
    while scan_rate(entries, span_min, entries_per_min(n)) > rate:
        entries += 1
    return entries


@pytest.mark.parametrize("n", sorted(THRESHOLDS))
def test_entries_are_as_published_for_one_false_alarm_a_day_a_week_and_a_month(n: int) -> None:
    rates = (MONTH.per_day(1), MONTH.per_week(1), MONTH.per_month(1), PEAKS.per_month(1))
    for cell, rate in zip(THRESHOLDS[n][:4], rates, strict=True):
        derived = "/".join(str(least_entries(n, minutes, rate)) for minutes in (1, 2, 5))
        assert str(cell).split("; ")[1] == derived


@pytest.mark.parametrize("n", sorted(DEFAULT_BUDGET))
def test_spans_are_as_published_for_the_default_budget(n: int) -> None:
    spans = span_table(n, P0, SPELL_MS, MONTH.per_month(0.15))
    assert dict(spans) == {j: span_s * 1_000 for j, span_s in DEFAULT_BUDGET[n][1].items()}


@given(st.integers(0, 300), st.floats(0.02, 0.3), st.floats(1e-7, 1e-2))
def test_each_span_is_the_longest_that_is_rare_and_the_last_one_is_five_minutes(
    n: int, p0: float, rate: float
) -> None:
    spans = span_table(n, p0, SPELL_MS, rate)
    flow = n * p0 / 5
    for j, span_ms in spans:
        assert 5_000 <= span_ms <= 300_000
        assert span_ms % 1_000 == 0
        assert scan_rate(j, span_ms / 60_000, flow) <= rate
        if span_ms < 300_000:
            assert scan_rate(j, (span_ms + 1_000) / 60_000, flow) > rate
    entries = [j for j, _ in spans]
    assert entries == list(range(entries[0], entries[0] + len(entries))) if entries else True
    assert [span for _, span in spans] == sorted({span for _, span in spans})
    assert not spans or spans[-1][1] == 300_000 or entries[-1] == n


def test_more_entries_than_agents_are_not_asked_for() -> None:
    table = SpanTable(P0, SPELL_MS, MONTH.per_month(0.15))
    assert [j for j, _ in table.spans(5)] == [3, 4, 5]
    assert table.spans(2) == table.spans(0) == ()


def test_a_table_answers_the_same_again_and_for_a_floor_of_thousands() -> None:
    table = SpanTable(P0, SPELL_MS, MONTH.per_month(0.15))
    assert table.spans(2_000) is table.spans(2_000)
    assert table.spans(2_000) == span_table(2_000, P0, SPELL_MS, MONTH.per_month(0.15))
    assert table.spans(2_000)[-1][1] == 300_000


def test_a_budget_without_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="budget"):
        SpanTable(P0, SPELL_MS, 0)
