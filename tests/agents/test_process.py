"""What was freed goes back to the system."""

import ctypes
import os
import subprocess
import sys

import pytest

from tests.components import ROOT

PROGRAM = """
import os
from pathlib import Path
from stream.agents.process import release_memory

def resident_bytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

before = resident_bytes()
kept = []
for _ in range(200_000):
    kept.append(bytes(600))
    kept.append(bytes(700))
full = resident_bytes()
# One of many thousand stays: the C library cannot give the top of its heap back by itself.
kept = kept[-1:]
freed = resident_bytes()
release_memory()
print(before, full, freed, resident_bytes())
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="a C library that has no malloc_trim"
)
def test_a_worker_is_no_larger_than_what_it_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    before, full, freed, given_back = map(int, done.stdout.split())
    assert full - before > 200 * 10**6
    assert freed - before > 100 * 10**6, "else there would be nothing to give back"
    assert given_back - before < 30 * 10**6
