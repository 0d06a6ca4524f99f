import json

import pytest

from tests.benchmarks.small import run_small
from tests.components import ROOT

HISTORY = ROOT / "benchmarks" / "history" / "live.jsonl"
TIMES = {f"{what}_{quantile}_s" for what in ("view", "page") for quantile in ("p50", "p99")}
CORES = {"live_core", "idle_core"}
SETTINGS = {"agents", "teams", "events_per_s", "live_s", "broker", "views", "pages"}


@pytest.mark.slow
@pytest.mark.service
def test_the_small_form_measures_views_pages_and_cpu() -> None:
    """Figures are only told: on a small scale, and beside other tests, they prove nothing."""
    printed = run_small("live.py")
    told = json.loads(printed.splitlines()[-1])
    assert set(told) == TIMES | CORES | SETTINGS
    assert all(told[name] > 0 for name in CORES | {"views", "pages"})
    assert 0 < told["view_p50_s"] <= told["view_p99_s"]


def test_every_line_of_the_history_has_all_figures() -> None:
    for line in HISTORY.read_text(encoding="utf-8").splitlines():
        assert set(json.loads(line)) == TIMES | CORES | SETTINGS | {"commit", "date", "cores"}
