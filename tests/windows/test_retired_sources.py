"""Sources that are more than a day behind hold nothing up, and come back as new ones."""

import pytest

from tests.reference.retired import check_retired


@pytest.mark.parametrize("seed", [*range(60), 78])
def test_what_is_late_and_sealed_is_what_the_reference_says_in_any_batches(seed: int) -> None:
    check_retired(seed)
