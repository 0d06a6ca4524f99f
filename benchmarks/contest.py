"""Runs one contestant in a process of its own, and measures it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import redis
from peers.job import Job, rss_peak

from stream.store import keys
from stream.store.keys import ShardKey

PEERS = Path(__file__).resolve().parent / "peers"
LONGEST_S = 900.0
START_S_MAX = 60.0
STOP_S_MAX = 60.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class ContestantFailed(Exception):
    """A contestant ended without a result; the text has the end of its log."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one contestant, from the assignment of partitions to the last result."""

    records: int
    wall_s: float
    cpu_s: float
    """User and system, all threads of the process."""
    rss_peak_bytes: int
    """Since the process began."""
    stop_cpu_s: float = 0.0
    """What stopping took after that: a worker stores its last snapshots. Not in `cpu_s`."""


def run_peer(name: str, job: Job, log_path: Path) -> Run:
    """Run a peer until it tells its result.

    Raises:
        ContestantFailed: it did not.
    """
    command = [sys.executable, str(PEERS / f"{name}.py"), json.dumps(asdict(job))]
    with log_path.open("ab") as log:
        # Faust keeps its own arguments; it is told the job all the same by position.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        output = process.stdout.read()
        process.wait(STOP_S_MAX)
    try:
        return Run(**json.loads(output.splitlines()[-1]))
    except (IndexError, TypeError, ValueError):
        raise ContestantFailed(_complaint(name, log_path)) from None


def run_floorwatch(
    config: Path, job: Job, log_path: Path, program: tuple[str, ...] = ("-m", "stream")
) -> Run:
    """Run a worker until the offsets in Redis cover all records, then end it by SIGTERM.

    Args:
        config: of the worker.
        job: what it is to read.
        log_path: where its log goes.
        program: what Python runs: the worker, or one that differs in a single thing.

    Raises:
        ContestantFailed: it ended before that, or took too long.
    """
    command = [sys.executable, *program, "worker", "--config", str(config)]
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment()
        )
    shards = [keys.shard(ShardKey(job.topic, partition)) for partition in job.ends]
    try:
        with redis.Redis.from_url(job.redis_url) as client:
            worker = _WorkerProcess(process, log_path)
            # A shard is acquired just before its partition is first fetched.
            worker.wait(lambda: client.exists(*shards) > 0, 0.02, START_S_MAX)
            began = worker.before
            worker.wait(lambda: _covered(client, shards, job), 0.05, LONGEST_S)
            ended, rss_peak_bytes = worker.now, rss_peak(process.pid)
        all_cpu_s = _stop(process)
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise ContestantFailed(_complaint("floorwatch", log_path))
    wall_s, cpu_s = ended[0] - began[0], ended[1] - began[1]
    return Run(job.records, wall_s, cpu_s, rss_peak_bytes, all_cpu_s - ended[1])


def _stop(process: subprocess.Popen[bytes]) -> float:
    """End a worker by SIGTERM; the CPU seconds of its whole life."""
    process.send_signal(signal.SIGTERM)
    give_up_at = time.monotonic() + STOP_S_MAX
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime
        if time.monotonic() > give_up_at:
            process.kill()
        time.sleep(0.02)


def _environment() -> dict[str, str]:
    """Ours without what would change the configuration."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FLOORWATCH")}


def _covered(client: redis.Redis, shards: list[str], job: Job) -> bool:
    pipeline = client.pipeline(transaction=False)
    for shard in shards:
        pipeline.hget(shard, "offset")
    return all(
        int(offset or 0) >= end
        for offset, end in zip(pipeline.execute(), job.ends.values(), strict=True)
    )


class _WorkerProcess:
    """Looks at a process and at what it has reached, at short intervals."""

    def __init__(self, process: subprocess.Popen[bytes], log_path: Path) -> None:
        self._process = process
        self._log_path = log_path
        self.before = self.now = (0.0, 0.0)
        """Monotonic and CPU seconds at the last look but one, and at the last."""

    def wait(self, is_reached: Callable[[], object], every_s: float, deadline_s: float) -> None:
        give_up_at = time.monotonic() + deadline_s
        while True:
            self.before = self.now
            self.now = (time.monotonic(), self._cpu_s())
            if is_reached():
                return
            if self._process.poll() is not None or self.now[0] > give_up_at:
                raise ContestantFailed(_complaint("floorwatch", self._log_path))
            time.sleep(every_s)

    def _cpu_s(self) -> float:
        text = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8")
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * _TICK_S


def _complaint(name: str, log_path: Path) -> str:
    tail = log_path.read_text(errors="replace").splitlines()[-15:]
    return "\n  ".join([f"{name} ended without a result; the end of its log:", *tail])
