"""The engine says what the reference says. FLOORWATCH_HISTORIES says how often (20 here)."""

import os

import pytest

from tests.reference.truth.against import NOT_YET, PARTS, check
from tests.reference.truth.histories import history_of

SEEDS = [f"engine {number}" for number in range(int(os.environ.get("FLOORWATCH_HISTORIES") or 20))]


@pytest.mark.parametrize("part", PARTS)
def test_the_engine_says_what_the_reference_says(part: str) -> None:
    compared = sum(check(part, history_of(seed, NOT_YET[part])) for seed in SEEDS)
    assert 2 * compared >= len(SEEDS)
