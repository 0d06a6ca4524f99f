import json

import pytest

from tests.benchmarks.small import run_small

NAMES = ("floorwatch", "uncommitted", "aiokafka_decode", "stock_faust", "plain_python")


@pytest.mark.slow
@pytest.mark.service
def test_the_small_benchmark_runs_and_all_contestants_agree() -> None:
    # Less memory than by hand: what is tested is that it is told.
    printed = run_small("run.py", "--memory", "200,400")
    told = json.loads(printed.splitlines()[-1])
    rates = {f"{name}_events_per_{per}" for name in NAMES for per in ("s", "cpu_s")}
    assert set(told) == rates | {"bytes_per_agent", "hash"}
    assert all(told[key] > 0 for key in rates)
    assert len(told["hash"]) == 16
