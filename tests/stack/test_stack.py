"""`make stack`: all of deploy/ as plain processes, from its own files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components import ROOT, kafka_node, required_program
from tests.stack.configuration import Ports, write
from tests.stack.story import ALERT, LEADER, MONITOR, OVER, SERIES

SEEN = r"([\d.]+) s after the walk-out: (.+)"
SECONDS = 480
"""At most; it ends when all has been seen."""


@pytest.mark.slow
@pytest.mark.service
@pytest.mark.xdist_group("screens")
def test_a_walk_out_is_seen_in_prometheus_and_once_in_alertmanager(
    tmp_path: Path,
) -> None:
    kafka_node(tmp_path)
    for program in ("prometheus", "prometheus-alertmanager", "redis-server"):
        required_program(program, f"apt-get install {program}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.stack"],
        cwd=ROOT,
        env={**os.environ, "STACK_SECONDS": str(SECONDS)},
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    seen = {name: float(at_s) for at_s, name in re.findall(SEEN, done.stdout)}
    assert seen.keys() >= {SERIES, ALERT, LEADER, MONITOR, OVER}, done.stdout


def test_a_host_that_deploy_no_longer_names_would_be_noticed(
    tmp_path: Path,
) -> None:
    write(tmp_path, Ports(1, 2, (3, 4), 5, 6, 7))
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.*"))
    for host in ("kafka:", "redis:6379", "worker-1:", "alertmanager:9093", ":9099"):
        assert host not in text, host


def test_stack_seconds_that_are_no_number_are_reported() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.stack"],
        cwd=ROOT,
        env={**os.environ, "STACK_SECONDS": "soon"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "allowed: whole seconds" in done.stderr
