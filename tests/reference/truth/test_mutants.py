"""Mistakes that only a restart, or the rules of time, can show are found by the reference."""

import pytest

from tests.reference.mutants import Mutant, mutated

RESTARTS = "tests.reference.truth.restarts"
RETIRED = "tests.reference.truth.retired"


def test_a_limit_that_is_computed_anew_when_a_row_is_taken_away_leaves_a_residue() -> None:
    mutant = Mutant(
        "the limit as rendered is forgotten",
        "stream.windows.engine",
        "pieces(intervals, source, rows.limit_ms, self.rendered)",
        """pieces(
            intervals,
            source,
            self.limit_of(source, rows.state, intervals.seat, rows.ts_ms),
            self.rendered,
        )""",
    )
    with mutated(mutant, RESTARTS) as checks, pytest.raises(AssertionError, match="seat"):
        checks.check_restarts(40)


def test_a_retired_source_that_holds_its_floor_up_is_noticed() -> None:
    mutant = Mutant(
        "a retired source holds its floor up",
        "stream.windows.sources",
        "return self.known[: len(floor)] & (behind_ms <= DAY_MS)",
        "return self.known[: len(floor)]",
    )
    with mutated(mutant, RETIRED) as checks, pytest.raises(AssertionError):
        checks.check_retired_sources(40)
