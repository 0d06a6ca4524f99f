"""The history of the benchmark: one line a run, with the commit and the ratios."""

import json
import subprocess
import sys
from pathlib import Path

from tests.components import ROOT

HISTORY = ROOT / "benchmarks" / "history" / "small.jsonl"
KEYS = {"commit", "date", "cores", "events_per_cpu_s", "ratios", "bytes_per_agent", "hash"}
FIGURES = {
    "floorwatch_events_per_s": 90,
    "floorwatch_events_per_cpu_s": 300,
    "plain_python_events_per_s": 50,
    "plain_python_events_per_cpu_s": 200,
    "bytes_per_agent": 4_000,
    "hash": "d741f67edb6cfc40",
}


def record(path: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "record.py"), str(path), *options],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_is_appended_and_printed_beside_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    assert record(path, f"a table\n{json.dumps(FIGURES)}\n").returncode == 0
    faster = FIGURES | {"floorwatch_events_per_cpu_s": 400}
    done = record(path, f"a table\n{json.dumps(faster)}\n")
    first, second = [json.loads(line) for line in path.read_text().splitlines()]
    assert set(first) == KEYS
    assert (first["ratios"], second["ratios"]) == ({"plain_python": 1.5}, {"plain_python": 2.0})
    lines = done.stdout.splitlines()
    assert lines[:2] == ["a table", json.dumps(faster)]
    assert ["x", "plain_python", "1.5", "2.0"] in [line.split() for line in lines]


def test_a_run_of_live_work_is_kept_with_all_its_figures(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    figures = {"view_p99_s": 1.1, "page_p99_s": 0.9, "live_core": 0.2, "idle_core": 0.03}
    assert record(path, json.dumps(figures)).returncode == 0
    [kept] = [json.loads(line) for line in path.read_text().splitlines()]
    assert kept.keys() == {"commit", "date", "cores", *figures}


def test_a_check_appends_nothing_and_fails_only_far_below_plain_python(tmp_path: Path) -> None:
    path = tmp_path / "ratio.jsonl"
    record(path, json.dumps(FIGURES))
    kept = path.read_text()
    for ours, status in ((142, 0), (138, 1)):  # of 200
        figures = FIGURES | {"floorwatch_events_per_cpu_s": ours}
        done = record(path, json.dumps(figures), "--check")
        assert (done.returncode, path.read_text()) == (status, kept)
        assert ["x", "plain_python", "1.5", str(ours / 200)] in [
            line.split() for line in done.stdout.splitlines()
        ]
    assert "0.69 x plain_python by CPU is below 0.7" in done.stderr


def test_a_run_that_failed_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    for text in ("", "no figures\n", "[]\n", '{"hash": "0"}\n'):
        done = record(path, text)
        assert (done.returncode, path.exists()) == (1, False)
        assert "does not end with the figures" in done.stderr


def test_every_line_of_the_history_has_all_figures() -> None:
    for line in HISTORY.read_text(encoding="utf-8").splitlines():
        assert set(json.loads(line)) == KEYS
