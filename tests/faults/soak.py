"""An hour or more in one go: steady traffic, a random fault now and then, audits between them."""

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from threading import Event, Thread

from tests.faults.audit import Auditor
from tests.faults.matrix import Run, run_steps
from tests.faults.rig import Rig

FAULT_EVERY_S = 30.0
FAULTS_PER_AUDIT = 8
SAMPLE_S = 5.0
FLAT_MOST = 0.05
"""The memory of a worker in the last quarter, over that in the second, less one."""


@dataclass
class Memory:
    """Resident memory of the workers, sampled while they run."""

    rig: Rig
    samples: dict[tuple[int, int], list[tuple[float, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By slot and process: seconds since the start, and bytes; also in memory.csv."""
    _over: Event = field(default_factory=Event)

    def start(self) -> None:
        """Sample from a thread."""
        Thread(target=self._run, args=(time.monotonic(),), daemon=True).start()

    def stop(self) -> None:
        """Sample no more."""
        self._over.set()

    def _run(self, began_s: float) -> None:
        with (self.rig.directory / "memory.csv").open("w", buffering=1) as file:
            file.write("seconds,worker,process,bytes,workers\n")
            while not self._over.wait(SAMPLE_S):
                at_s, running = time.monotonic() - began_s, list(self.rig.running)
                for number in running:
                    process = self.rig.workers[number].process
                    size = 0 if process is None else resident_bytes(process.pid)
                    if process is not None and size:
                        self.samples[number, process.pid].append((at_s, size))
                        row = (f"{at_s:.0f}", number, process.pid, size, len(running))
                        file.write(",".join(map(str, row)) + "\n")

    def quarters(self, took_s: float) -> Iterator[tuple[int, list[float]]]:
        """By slot, the median of each quarter in MB, of processes that lived all along."""
        for (number, _), samples in sorted(self.samples.items()):
            by_quarter = [
                [size for at_s, size in samples if int(4 * at_s / took_s) == quarter]
                for quarter in range(4)
            ]
            if all(by_quarter):
                yield number, [median(sizes) / 1e6 for sizes in by_quarter]


def resident_bytes(process: int) -> int:
    """Resident memory; 0 if the process has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(found[0].split()[1]) * 1_024 if found else 0


@dataclass
class Soak:
    """What came of it."""

    runs: list[Run]
    took_s: float
    events: int
    flowed_s: float
    memory: list[tuple[int, list[float]]]

    @property
    def is_flat(self) -> bool:
        """Whether memory did not grow."""
        return all(quarters[3] / quarters[1] - 1 <= FLAT_MOST for _, quarters in self.memory)

    def lines(self) -> Iterator[str]:
        """For people."""
        differences = sum(len(run.differences) for run in self.runs)
        caught_up = [run.caught_up_s for run in self.runs]
        faults = sum(len(run.steps) for run in self.runs)
        yield (
            f"{self.took_s:.0f} s, {faults} faults, {len(self.runs)} audits, {self.events} events "
            f"({self.events / self.took_s:.0f} a second, {self.events / self.flowed_s:.0f} "
            f"while they flowed), {differences} differences; all right "
            f"{median(caught_up):.1f} s (median), {max(caught_up):.1f} s (most) after a pause"
        )
        for number, quarters in self.memory:
            growth = quarters[3] / quarters[1] - 1
            verdict = "flat" if growth <= FLAT_MOST else "NOT FLAT"
            sizes = ", ".join(f"{size:.0f}" for size in quarters)
            yield f"worker {number}: {sizes} MB by quarter, {growth:+.1%}: {verdict}"


def soak(
    rig: Rig,
    auditor: Auditor,
    names: Sequence[str],
    duration_s: float,
    seed: int,
    told: Callable[[Run], None],
) -> Soak:
    """Let a fault happen every half minute; audit every four minutes, while the traffic pauses."""
    # The truth is gigabytes of objects that stay: looking through them again and again for garbage
    # would take the auditor more time than its work.
    gc.disable()
    rng, runs = Random(seed), []
    began_s, sent = time.monotonic(), rig.pump.sent
    rig.spared = frozenset({0})  # one worker goes through all of it, and is weighed
    memory = Memory(rig)
    memory.start()
    while time.monotonic() - began_s < duration_s:
        steps = [rng.choice(names) for _ in range(FAULTS_PER_AUDIT)]
        seed_of_run = rng.randrange(10**6)
        run = run_steps(
            rig, auditor, seed_of_run, steps, every_s=FAULT_EVERY_S, meanwhile=auditor.update
        )
        runs.append(run)
        told(run)
    memory.stop()
    took_s = time.monotonic() - began_s
    quarters = list(memory.quarters(took_s))
    return Soak(runs, took_s, rig.pump.sent - sent, rig.pump.flowed_s, quarters)
