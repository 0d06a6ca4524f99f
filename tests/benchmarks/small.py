"""Runs benchmarks on a small scale."""

import subprocess
import sys

from tests.components import ROOT


def run_small(program: str, *options: str) -> str:
    """What a benchmark prints, a JSON object as its last line; it must succeed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / program), "--small", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout
