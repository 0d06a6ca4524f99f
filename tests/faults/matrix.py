"""Runs faults, alone and in sequences, and says what an audit finds after each."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import median

from tests.faults.all_faults import FAULTS
from tests.faults.audit import Auditor
from tests.faults.rig import Rig
from tests.faults.traffic import SMALL

BEFORE_S = (0.5, 2.0)
"""Traffic before a fault."""
AFTER_S = (0.5, 1.5)
"""Traffic after a fault, before the audit."""


SHOWN_MOST = 10
WIDTH = 300
"""Of a line about a difference."""


@dataclass
class Run:
    """What came of some faults in a row."""

    seed: int
    steps: tuple[str, ...]
    workers: int
    differences: list[str] = field(default_factory=list)
    failure: str = ""
    """Why a fault did not happen as it should."""
    recovery_s: float = 0.0
    """From the last fault, or the end of its cause, until all was right."""
    caught_up_s: float = 0.0
    """From the end of the traffic until all was right."""
    took_s: float = 0.0
    seen: str = ""
    evidence: str = ""
    """The folder that explains why it is not right."""
    is_short: bool = False
    """Whether it was of the short form, with fewer agents."""

    @property
    def is_right(self) -> bool:
        """Whether all happened as it should and nothing differs."""
        return not (self.differences or self.failure)

    @property
    def again(self) -> str:
        """How to run it again."""
        form = "--short " if self.is_short else ""
        return f"{form}--seed {self.seed} --workers {self.workers} --steps {','.join(self.steps)}"


def run_steps(
    rig: Rig,
    auditor: Auditor,
    seed: int,
    steps: Sequence[str],
    workers: int = 2,
    every_s: float = 0.0,
    meanwhile: Callable[[], None] = lambda: None,
) -> Run:
    """Let the faults happen one after the other while the traffic flows, then audit.

    Args:
        every_s: from one fault to the next; as soon as its cause is over if that comes later.
        meanwhile: done each second between two faults.
    """
    rng, run = Random(seed), Run(seed, tuple(steps), workers, is_short=rig.setup.mix == SMALL)
    began_s = time.monotonic()
    rig.staff(workers)
    rig.await_ready()
    befall(rig, rng, run, every_s, meanwhile)
    finding = auditor.audit()
    run.recovery_s = time.monotonic() - rig.struck_s
    run.caught_up_s = finding.converged_s
    run.differences += finding.differences
    run.took_s, run.seen = time.monotonic() - began_s, finding.seen
    keep_if_wrong(rig, run)
    return run


def keep_if_wrong(rig: Rig, run: Run) -> None:
    """Keep what explains a run that is not right, before anything else happens to the rig."""
    if not run.is_right:
        said = [f"python -m tests.faults {run.again}", run.failure, *run.differences]
        run.evidence = str(rig.keep_evidence(f"seed-{run.seed}", said))


def befall(
    rig: Rig,
    rng: Random,
    run: Run,
    every_s: float = 0.0,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Let the faults of a run happen while the traffic flows, which then pauses."""
    try:
        for step in run.steps:
            next_s = time.monotonic() + every_s
            rig.pump.flow()
            time.sleep(rng.uniform(*BEFORE_S))
            FAULTS[step](rig, rng)
            while (left_s := next_s - time.monotonic()) > 0:
                meanwhile()
                time.sleep(min(1.0, left_s))
        time.sleep(rng.uniform(*AFTER_S))
    except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
        run.failure = f"{type(error).__name__}: {error}"
    finally:
        rig.pump.pause()


@dataclass(frozen=True)
class Order:
    """What is to be run."""

    seed: int
    steps: tuple[str, ...]
    workers: int = 2


def drawn(names: Sequence[str], sequences: int, seed: int, longest: int = 6) -> Iterator[Order]:
    """Random sequences of three faults or more, on two and on three workers."""
    for number in range(sequences):
        rng = Random(f"{seed}/{number}")
        steps = tuple(rng.choice(names) for _ in range(rng.randint(3, longest)))
        yield Order(rng.randrange(10**6), steps, 2 + number % 2)


@dataclass
class Matrix:
    """All runs so far."""

    say: Callable[[str], None]
    runs: list[Run] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Tell of a run."""
        self.runs.append(run)
        verdict = f"{len(run.differences)} differences" if run.differences else "nothing differs"
        verdict += f", but {run.failure[:WIDTH]}" if run.failure else ""
        self.say(
            f"{' + '.join(run.steps)}: {verdict}; right again after {run.recovery_s:.1f} s "
            f"({run.took_s:.0f} s in all; so far {run.seen})"
        )
        for line in run.differences[:SHOWN_MOST]:
            self.say(f"    {line[:WIDTH]}")
        if not run.is_right:
            self.say(f"    again: python -m tests.faults {run.again}")
            self.say(f"    logs, pages and scrapes: {run.evidence}")

    def table(self) -> Iterator[str]:
        """A line for each fault: count, recovery p50 and max, differences."""
        yield f"{'fault':40} {'count':>5} {'p50 s':>7} {'max s':>7} {'differences':>11}"
        alone = [run for run in self.runs if len(run.steps) == 1]
        for name in dict.fromkeys(run.steps[0] for run in alone):
            yield _row(name, [run for run in alone if run.steps[0] == name])
        many = [run for run in self.runs if len(run.steps) > 1]
        if many:
            yield _row("random sequences", many)

    def figures(self) -> dict[str, float]:
        """The last line."""
        alone = [run for run in self.runs if len(run.steps) == 1]
        recoveries = [run.recovery_s for run in self.runs] or [0.0]
        return {
            "faults": len({run.steps[0] for run in alone}),
            "sequences": len(self.runs) - len(alone),
            "differences": sum(len(run.differences) for run in self.runs),
            "recovery_p50_s": round(median(recoveries), 2),
            "recovery_max_s": round(max(recoveries), 2),
        }


def _row(name: str, runs: Sequence[Run]) -> str:
    recoveries = [run.recovery_s for run in runs]
    differences = sum(len(run.differences) for run in runs)
    return (
        f"{name:40} {len(runs):5} {median(recoveries):7.1f} {max(recoveries):7.1f} {differences:11}"
    )
