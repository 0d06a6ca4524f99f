"""Of each reported case, and of its twins, the engine says what the reference says.

FLOORWATCH_TWINS says of how many (1 here).
"""

import os

import pytest

from tests.reference.twins import CASES, check_twin

TWINS = int(os.environ.get("FLOORWATCH_TWINS") or 1)


@pytest.mark.parametrize("name", CASES)
def test_the_engine_says_of_a_case_and_its_twins_what_the_reference_says(name: str) -> None:
    for number in range(1 + TWINS):
        check_twin(name, number)
