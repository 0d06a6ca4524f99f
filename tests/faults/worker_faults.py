"""What befalls workers: death at any point, sleep, ends and starts, a clock that jumps."""

import signal
from random import Random

from stream import failpoints
from stream.units import HOUR_MS
from tests.faults.fault import FAULTS, Fault, named, one_of, pass_time
from tests.faults.rig import SESSION_S, Rig
from tests.real.working import wait_until

REACHED_S_MAX = 90.0
"""An hour of events at once may have to be applied before."""
STEPPED = "the wall clock now"
"""A step of the clock in a worker's log, which several of its lives share."""


def killed_at(point: str) -> Fault:
    """kill -9 at a named point, at one of its first passes; the worker is started again."""

    def fault(rig: Rig, rng: Random) -> None:
        number = one_of(rig, rng)
        rig.workers[number].end(signal.SIGTERM)
        worker = rig.start(number, f"kill@{point}#{rng.randint(1, passes_most(point))}")
        process = worker.process
        assert process is not None
        try:
            if point.startswith((*AT_END, *HOURLY)):
                wait_until(lambda: worker.is_ready() or process.poll() is not None, point)
            if point.startswith(AT_END):  # a worker that gives up its partitions saves them
                pass_time(rng, 1, 2)  # what has come since it acquired them
                worker.send(signal.SIGTERM)
            if point.startswith(HOURLY):
                rig.pump.jump(HOUR_MS)
            status = process.wait(REACHED_S_MAX)
        finally:
            rig.struck()
        assert status == -signal.SIGKILL, f"{point} was not reached: exit status {status}"
        rig.start(number)

    return fault


def passes_most(point: str) -> int:
    """A worker is killed at one of so many passes, all of which come soon."""
    return PASSES_MOST.get(point.partition(".")[0], 20)


PASSES_MOST = {
    "upload": 1,
    "flip": 1,
    "archive": 2,
    "audit": 2,
    "acquire": 3,
    "restore": 3,
    "kafka_commit": 5,
}
AT_END = ("upload", "flip")
HOURLY = ("archive",)
NOT_TAKEN = ("page",)
"""Steps that an audit does not take: by the events' clock nobody is paged."""
for _step in failpoints.STEPS:
    for _side in ("before", "after"):
        if _step not in NOT_TAKEN:
            FAULTS[f"kill@{_step}.{_side}"] = killed_at(f"{_step}.{_side}")


@named("kill")
def kill(rig: Rig, rng: Random) -> None:
    """kill -9 at any moment, and a start at once."""
    number = one_of(rig, rng)
    rig.struck()
    rig.kill(number)
    rig.start(number)


@named("kill-others-take-over")
def kill_for_good(rig: Rig, rng: Random) -> None:
    """kill -9; the others have its floors until somebody staffs the slot again."""
    number = one_of(rig, rng)
    rig.struck()
    rig.kill(number)
    if not rig.running:
        rig.start(number)


@named("sigterm")
def sigterm(rig: Rig, rng: Random) -> None:
    """A clean end under load, and a start."""
    number = one_of(rig, rng)
    rig.struck()
    rig.end(number)
    rig.start(number)


@named("zombie")
def zombie(rig: Rig, rng: Random) -> None:
    """SIGSTOP beyond the session, SIGCONT: what it still wants to write is FENCED."""
    number = one_of(rig, rng)
    worker = rig.workers[number]
    worker.send(signal.SIGSTOP)
    rig.struck()
    pass_time(rng, SESSION_S + 3, SESSION_S + 6)
    worker.send(signal.SIGCONT)


@named("worker-added")
def worker_added(rig: Rig, _rng: Random) -> None:
    """One more worker shares the floors."""
    free = [n for n in range(len(rig.workers)) if n not in rig.running]
    rig.struck()
    if free:
        rig.start(free[0])
        rig.await_ready()


@named("worker-removed")
def worker_removed(rig: Rig, rng: Random) -> None:
    """One worker ends; the others share its floors."""
    if len(rig.running) > 1:
        number = one_of(rig, rng)
        rig.struck()
        rig.end(number)


@named("rolling-restart")
def rolling_restart(rig: Rig, _rng: Random) -> None:
    """Each worker in turn ends, is started, and is ready before the next one ends."""
    for number in rig.running:
        rig.end(number)
        rig.struck()
        rig.start(number)
        rig.await_ready()


@named("clock-stepped")
def clock_stepped(rig: Rig, rng: Random) -> None:
    """A worker's wall clock jumps an hour ahead, then two back."""
    number = one_of(rig, rng)
    rig.end(number)
    rig.struck()
    before = rig.workers[number].log.count(STEPPED)
    worker = rig.start(number, module="tests.faults.clockless")
    wait_until(worker.is_ready, "the worker is ready")
    for _ in range(2):  # each signal is a step: one hour ahead, one hour back
        worker.send(signal.SIGURG)
        pass_time(rng, 2, 3)
    assert worker.log.count(STEPPED) == before + 2
    rig.end(number)
    rig.start(number)
