"""What a live worker costs, and how fast it is: real Kafka, Redis, webhook, and scrapes.

One worker owns 8 partitions. First simulated floors send events as they happen, then heartbeats
alone. The last line of stdout is one JSON object; progress goes to stderr.

view_p99_s   from handing an agent's change of state to the producer until the view of the team in
             Redis counts it (read every 25 ms)
page_p99_s   from the last person of a walk-out in peak until the webhook has received the page
live_core    CPU seconds of the worker's process, all its threads, per second, after a warm-up
idle_core    the same while everybody stays in some state and sources send heartbeats alone
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import programs
from live_figures import figures_of
from live_load import LoadJob, floors_of, marked_teams
from live_observer import ObserverJob

from stream.cli.embedded import free_port, redis_program

HERE = Path(__file__).resolve().parent
TOPIC, OTHERS = "live-events", ("live-events-dlq", "live-control-events")
START_S_MAX = 60.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
CONFIG = """\
[kafka]
brokers = "{brokers}"
events_topic = "live-events"
dead_letters_topic = "live-events-dlq"
control_topic = "live-control-events"

[redis]
url = "{redis_url}"

[web]
port = {port}

[control]
gate = false

[[pool]]
name = "*"
open = "00:00-00:00"

[[peak]]
time = "00:00-00:00"

[[sink]]
kind = "webhook"
url = "http://127.0.0.1:{sink_port}/alerts"
severity = ["page"]
"""


@dataclass(frozen=True, slots=True)
class Form:
    """How large the benchmark is."""

    agents: int
    teams: int
    events_per_s: float
    warm_s: float
    live_s: float
    settle_s: float
    """From the last event to the start of the idle measurement."""
    idle_s: float


LARGE = Form(10_000, 600, 2_000, 20, 80, 12, 30)
SMALL = Form(1_000, 60, 200, 6, 15, 3, 6)


@dataclass(slots=True)
class Worker:
    """A worker's process."""

    process: subprocess.Popen[bytes]

    def cpu_s(self) -> float:
        """CPU seconds so far: user and system, all threads."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8")
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * _TICK_S

    def core(self, seconds: float) -> float:
        """Of one core, over so many seconds from now on.

        Raises:
            RuntimeError: the worker has ended.
        """
        began_s, began_cpu_s = time.monotonic(), self.cpu_s()
        time.sleep(max(0.1, seconds))
        if self.process.poll() is not None:
            msg = f"the worker ended with {self.process.returncode}"
            raise RuntimeError(msg)
        return (self.cpu_s() - began_cpu_s) / (time.monotonic() - began_s)


def say(text: str) -> None:
    """Progress, to stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the benchmark; its exit status."""
    options = _options()
    form = SMALL if options.small else LARGE
    live_s = options.seconds or form.live_s
    with tempfile.TemporaryDirectory(prefix="floorwatch-live-") as name, ExitStack() as stack:
        directory = Path(name)
        say(f"starting {options.broker} and Redis")
        brokers = stack.enter_context(programs.broker(options.broker, directory / "broker"))
        redis = stack.enter_context(redis_program(directory / "redis"))
        programs.make_topics(brokers, TOPIC, OTHERS)
        size = (form.agents, form.teams, form.events_per_s)
        idle_s = form.settle_s + form.idle_s + 3
        job = LoadJob(brokers, TOPIC, *size, form.warm_s, live_s, idle_s)
        measured = _measure(stack, job, form, redis.url, directory, options)
    settings = {"agents": form.agents, "teams": form.teams, "events_per_s": form.events_per_s}
    print(json.dumps({**measured, **settings, "live_s": live_s, "broker": options.broker}))
    return 0


def _measure(
    stack: ExitStack,
    job: LoadJob,
    form: Form,
    redis_url: str,
    directory: Path,
    options: argparse.Namespace,
) -> dict[str, Any]:
    port, sink_port = free_port(), free_port()
    config = directory / "floorwatch.toml"
    text = CONFIG.format(brokers=job.brokers, redis_url=redis_url, port=port, sink_port=sink_port)
    config.write_text(text, encoding="utf-8")
    teams = [(floor.name, team) for floor, team in marked_teams(job, floors_of(job))]
    observed = ObserverJob(redis_url, f"http://127.0.0.1:{port}/metrics", sink_port, teams)
    views, marks = directory / "views.jsonl", directory / "marks.jsonl"
    stack.enter_context(_running(_own("live_observer.py", asdict(observed)), views))
    command = [options.worker_python, "-m", "stream", "worker", "--config", str(config)]
    log = options.worker_log or directory / "worker.log"
    worker = stack.enter_context(_running(command, log, options.worker_directory))
    measured = Worker(worker)
    say(f"a worker, {job.agents:,} agents, {job.teams} teams, {job.events_per_s:g} events/s")
    stack.enter_context(_running(_own("live_load.py", asdict(job)), marks))
    start_s = _await(marks, "start", START_S_MAX)
    time.sleep(max(0.0, start_s + job.warm_s - time.time()))
    say(f"warm; measuring for {job.live_s:g} s")
    live_core = measured.core(job.live_s - 1)
    say(f"live: {live_core:.3f} of a core; then heartbeats alone")
    idle_from_s = _await(marks, "idle", 30) + form.settle_s
    time.sleep(max(0.0, idle_from_s - time.time()))
    idle_core = measured.core(form.idle_s)
    say(f"idle: {idle_core:.3f} of a core")
    figures = figures_of(_lines(marks), _lines(views), start_s + job.warm_s)
    return {**figures, "live_core": round(live_core, 3), "idle_core": round(idle_core, 3)}


def _own(script: str, job: dict[str, Any]) -> list[str]:
    return [sys.executable, str(HERE / script), json.dumps(job)]


@contextmanager
def _running(
    command: list[str], output: Path, directory: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the length of the block; its messages go to a file beside its output."""
    names = {name: value for name, value in os.environ.items() if not name.startswith("FLOORWATCH")}
    with output.open("ab") as out, output.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, cwd=directory, env=names
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _lines(path: Path) -> list[dict[str, Any]]:
    lines = path.read_bytes().split(b"\n")[:-1]  # the last may not be whole yet
    return [json.loads(line) for line in lines]


def _await(path: Path, kind: str, seconds: float) -> float:
    """The instant of the first line of a kind, when it is there.

    Raises:
        RuntimeError: it does not come in time.
    """
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        for line in _lines(path):
            if line["kind"] == kind:
                return float(line["at_s"])
        time.sleep(0.2)
    msg = f"no {kind} within {seconds:g} s: {path.with_suffix('.log').read_text()[-2_000:]}"
    raise RuntimeError(msg)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="the short form, for CI")
    parser.add_argument("--seconds", type=float, help="length of the live measurement")
    parser.add_argument(
        "--broker",
        choices=(programs.APACHE, programs.TANSU),
        default=programs.broker_here(),
        help="which broker (default: Apache Kafka if it is there)",
    )
    parser.add_argument(
        "--worker-python", default=sys.executable, help="the Python that runs the worker"
    )
    parser.add_argument(
        "--worker-directory", type=Path, help="where it runs: a tree of another version"
    )
    parser.add_argument("--worker-log", type=Path, help="where the worker's log goes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
