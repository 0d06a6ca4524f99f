"""The engine says what the reference says. FLOORWATCH_HISTORIES says how often (20 here)."""

import os

import pytest

from tests.reference.truth.against import PARTS, check_all

HISTORIES = int(os.environ.get("FLOORWATCH_HISTORIES") or 20)


@pytest.mark.parametrize("part", PARTS)
def test_the_engine_says_what_the_reference_says(part: str) -> None:
    assert 2 * check_all(part, HISTORIES) >= HISTORIES
