"""Tests that share programs run in one process."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import os
from pathlib import Path
import pytest

@pytest.mark.xdist_group("shared")
@pytest.mark.parametrize("number", range(8))
def test_one(number):
    Path(f"{number}-by-{os.getpid()}").touch()
"""


def test_a_group_is_not_dealt_out_to_several_processes(tmp_path: Path) -> None:
    """Else each process starts its own Kafka, and the demo runs as often as there are processes."""
    (tmp_path / "test_shared.py").write_text(TESTS)
    options = ("-p", "no:cacheprovider", "--numprocesses=2", "--dist=loadgroup")
    command = [sys.executable, "-m", "pytest", "--rootdir", str(tmp_path), *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "8 passed" in done.stdout
    assert len({path.name.split("-by-")[1] for path in tmp_path.glob("*-by-*")}) == 1
