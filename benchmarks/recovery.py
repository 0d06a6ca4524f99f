"""How long until the first correct views of all floors, after a kill and after a clean end.

Runs the programs of the fault harness: Apache Kafka, Redis, workers on 40 floors and 8 partitions.
While nothing flows a worker is struck, then ten seconds of events come, and the time runs until
every view of every floor is right. The session timeout is 6 s. Says MISSED where a target of the
design is missed; the last line is one JSON object.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.faults.audit import Auditor
from tests.faults.rig import SESSION_S, Rig, Setup, rig
from tests.faults.traffic import Mix

HEADS_LARGE = 84
"""40 floors of 3 teams: 10 000 agents."""
NEW_MS = 10_000
MOST_S = {
    "kill -9, another takes over": SESSION_S + 3,
    "SIGTERM, another takes over": 5.0,
    "SIGTERM, the only worker starts again": 5.0,
}


def killed(made: Rig) -> None:
    """The other worker has all floors when the session is over."""
    made.workers[0].send(signal.SIGKILL)


def ended(made: Rig) -> None:
    """The other worker has all floors at once."""
    made.workers[0].send(signal.SIGTERM)


def started_again(made: Rig) -> None:
    """A lone worker, from its clean end on."""
    assert made.workers[0].end(signal.SIGTERM) == 0
    made.struck()
    made.start(0)


STRIKES: dict[str, tuple[Callable[[Rig], None], int]] = dict(
    zip(MOST_S, ((killed, 2), (ended, 2), (started_again, 1)), strict=True)
)
"""What is done, with how many workers."""


def recovery_s(made: Rig, auditor: Auditor, strike: Callable[[Rig], None], workers: int) -> float:
    """From the strike until all views are right."""
    made.staff(workers)
    made.await_ready()
    assert not auditor.audit().differences
    made.struck()
    strike(made)
    made.pump.jump(NEW_MS)
    made.pump.settle()
    began_s = time.monotonic()
    finding = auditor.audit()
    assert not finding.differences, finding.differences[:5]
    struck = made.workers[0].process
    if strike is not started_again and struck is not None:
        struck.wait()
    return began_s + finding.converged_s - made.struck_s


def main() -> int:
    """Strike and measure, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", type=int, default=HEADS_LARGE, help="agents in each team")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    mix = Mix(heads=arguments.heads)
    taken: dict[str, list[float]] = {name: [] for name in STRIKES}
    with (
        tempfile.TemporaryDirectory(prefix="floorwatch-recovery-") as directory,
        rig(Path(directory), Setup(mix=mix)) as made,
    ):
        auditor = Auditor(made)
        for number in range(arguments.rounds):
            for name, (strike, workers) in STRIKES.items():
                taken[name].append(recovery_s(made, auditor, strike, workers))
                print(f"{number + 1}: {name}: {taken[name][-1]:.2f} s", file=sys.stderr)
    for name, times in taken.items():
        verdict = "met" if median(times) <= MOST_S[name] else "MISSED"
        print(f"{name}: {median(times):.2f} s, at most {MOST_S[name]:g}: {verdict}")
    agents = mix.floors * mix.teams * mix.heads
    print(json.dumps({"agents": agents, **{n: round(median(t), 2) for n, t in taken.items()}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
