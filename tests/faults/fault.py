"""What a fault is, and the list of all.

A fault is a function of (rig, rng) that ends when its cause is over; `rig.struck()` marks the
instant from which recovery is measured. The traffic flows meanwhile.
"""

import time
from collections.abc import Callable
from random import Random

from tests.faults.rig import Rig
from tests.faults.services import SLOTS

Fault = Callable[[Rig, Random], None]
FAULTS: dict[str, Fault] = {}
"""All faults by name, in the order of the matrix."""


def named(name: str) -> Callable[[Fault], Fault]:
    """Enter a fault under a name."""

    def enter(fault: Fault) -> Fault:
        FAULTS[name] = fault
        return fault

    return enter


def one_of(rig: Rig, rng: Random) -> int:
    """A slot in which a worker runs that may be harmed."""
    found = [number for number in rig.running if number not in rig.spared]
    if not found:
        found = [number for number in range(SLOTS) if number not in rig.spared]
        rig.start(found[0])
        rig.await_ready()
    return rng.choice([number for number in found if number in rig.running])


def pass_time(rng: Random, least_s: float, most_s: float) -> None:
    """Let the fault last."""
    time.sleep(rng.uniform(least_s, most_s))


CALM = "calm"


@named(CALM)
def calm(rig: Rig, rng: Random) -> None:
    """No fault: all workers work for a while, and commit, save and deliver."""
    rig.await_ready()
    pass_time(rng, 4, 5)
    rig.struck()
