"""Signals end a process cleanly, and what was freed goes back to the system."""

import ctypes
import os
import signal
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


WAITING = """
import asyncio
import signal
from stream.agents.process import install_signal_handlers

async def main():
    stop = asyncio.Event()
    install_signal_handlers(stop.set)
    print("waiting", flush=True)
    await stop.wait()
    print("stored", signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)

asyncio.run(main())
"""


def stopped_by(*signals: signal.Signals, ignored: tuple[signal.Signals, ...] = ()) -> str:
    """What a process prints that gets these signals, one after the other."""
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", WAITING], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_DFL)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        for number in signals:
            process.send_signal(number)
        printed = process.stdout.read()
    assert process.returncode == 0
    return printed


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"])
def test_a_terminal_that_closes_ends_a_worker_as_its_process_manager_does(name: str) -> None:
    assert stopped_by(signal.Signals[name]) == "stored False\n"


def test_under_nohup_a_terminal_may_close() -> None:
    printed = stopped_by(signal.SIGHUP, signal.SIGTERM, ignored=(signal.SIGHUP,))
    assert printed == "stored True\n"
