import json

import pytest

from tests.benchmarks.small import run_small

STAGES = ("push", "step", "figures")


@pytest.mark.slow
@pytest.mark.service
def test_the_small_budgets_are_all_measured_and_bytes_keep_to_theirs() -> None:
    """Times are only told: on a small scale, and beside other tests, they prove nothing."""
    printed = run_small("budgets.py")
    told = json.loads(printed.splitlines()[-1])
    of_time = {"restore_s", "restore_cpu_s", "pause_ms", *(f"floors_{s}_ratio" for s in STAGES)}
    of_time |= {"scrape_ms", "render_share", "series"}
    of_bytes = {"state_bytes_per_agent_s", "views_bytes_per_agent_s"}
    assert set(told) == of_time | of_bytes
    assert all(told[name] > 0 for name in told)
    assert told["state_bytes_per_agent_s"] < 30
    assert told["views_bytes_per_agent_s"] < 100
    assert "MISSED" not in printed
