"""What was rendered by other rules, or by another roster, is taken away without a residue."""

import pytest

from tests.reference.restarts import check_restart


@pytest.mark.parametrize("seed", range(40))
def test_other_rules_and_another_roster_at_a_restart_leave_no_residue(seed: int) -> None:
    check_restart(seed)
