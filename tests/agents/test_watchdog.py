"""A process that cannot end itself is ended from outside its loop; a standstill is noticed."""

import subprocess
import sys
import time

import pytest

from stream.agents.readiness import not_alive
from stream.agents.watchdog import STALL_EXIT_S, Progress


def test_a_backlog_in_which_nothing_moves_is_a_standstill() -> None:
    progress = Progress(stall_exit_s=10)

    assert not progress.is_stalled(1, 0.0, waiting=False)
    assert not progress.is_stalled(1, 10.0, waiting=False)
    assert progress.is_stalled(1, 10.1, waiting=False)


def test_work_that_is_done_or_a_known_reason_to_wait_is_no_standstill() -> None:
    progress = Progress(stall_exit_s=10)
    progress.is_stalled(1, 0.0, waiting=False)

    assert not progress.is_stalled(2, 11.0, waiting=False)
    assert not progress.is_stalled(2, 40.0, waiting=True)
    assert not progress.is_stalled(2, 45.0, waiting=False)


def test_a_standstill_shows_as_not_alive_before_it_ends_the_process() -> None:
    progress = Progress()
    reasons = {}
    for second in range(int(STALL_EXIT_S) + 1):
        assert not progress.is_stalled(1, float(second), waiting=False)
        reasons[second] = not_alive(progress.stalled_s)

    assert reasons[60] == []
    assert reasons[61] == ["no progress for 61 s in spite of a backlog"]
    progress.is_stalled(2, STALL_EXIT_S, waiting=False)
    assert not_alive(progress.stalled_s) == []


@pytest.mark.parametrize(
    "story",
    [
        "watchdog = Watchdog(); watchdog.start(); watchdog.end_within(0.5)",
        "watchdog = Watchdog(stall_exit_s=0.5); watchdog.start()",
    ],
    ids=["a deadline that passes", "a loop that does not turn"],
)
def test_a_hanging_process_ends_non_zero_in_time(story: str) -> None:
    program = f"from stream.agents.watchdog import Watchdog\nimport threading\n{story}\n"
    program += "threading.Event().wait()"

    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False
    )

    assert done.returncode == 1
    assert "ending now" in done.stderr
    assert time.monotonic() - began < 10
