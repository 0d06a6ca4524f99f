import os
import signal
import subprocess
import sys

import pytest

from stream import failpoints
from stream.errors import ConfigurationError

PASSES = """
from stream import failpoints
import sys
failpoints.arm(sys.argv[1])
for _ in range(3):
    with failpoints.failpoint("commit"):
        print("committed", flush=True)
"""


@pytest.mark.parametrize(
    ("fault", "committed"),
    [
        ("kill@commit.before", 0),
        ("kill@commit.after", 1),
        ("kill@commit.before#3", 2),
        ("kill@commit.after#3", 3),
    ],
)
def test_a_process_dies_at_the_point_and_the_pass_that_were_named(
    fault: str, committed: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PASSES, fault], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.count("committed") == committed


def test_a_process_can_be_stopped_there() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PASSES, "stop@commit.after#2"], stdout=subprocess.PIPE
    )
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.kill()
    out, _ = process.communicate()
    assert out.count(b"committed") == 2


def test_a_step_that_fails_has_no_point_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[str] = []
    monkeypatch.setattr(failpoints._Plan, "passed", lambda _plan, point: passed.append(point))
    monkeypatch.setattr(failpoints, "_plan", failpoints._Plan("", 0, signal.SIGKILL))
    with pytest.raises(ValueError, match="no"), failpoints.failpoint("flip"):
        raise ValueError("no")
    assert passed == ["flip.before"]


@pytest.mark.parametrize(
    "text",
    ["", "kill", "kill@commit", "burn@commit.after", "kill@lunch.after", "kill@push.after#x"],
)
def test_what_is_no_fault_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ConfigurationError, match="allowed: kill or stop"):
        failpoints.arm(text)
