import json
import subprocess
import sys

import pytest

from tests.components import ROOT

NAMES = ("floorwatch", "uncommitted", "aiokafka_decode", "stock_faust", "plain_python")


@pytest.mark.slow
@pytest.mark.service
def test_the_small_benchmark_runs_and_all_contestants_agree() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--small"]
    # Less memory than by hand: what is tested is that it is told.
    done = subprocess.run(
        [*command, "--memory", "200,400"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    told = json.loads(done.stdout.splitlines()[-1])
    rates = {f"{name}_events_per_{per}" for name in NAMES for per in ("s", "cpu_s")}
    assert set(told) == rates | {"bytes_per_agent", "hash"}
    assert all(told[key] > 0 for key in rates)
    assert len(told["hash"]) == 16
