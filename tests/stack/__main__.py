"""All of deploy/ as plain processes: Kafka, Redis, Prometheus, Alertmanager, workers, a floor.

The configuration files are those of deploy/, with addresses of this machine. A team walks out at a
peak and comes back; meanwhile a worker is killed. What is seen of it, and when, is printed. Ctrl-C
ends everything; with STACK_SECONDS=n it ends by itself when all was seen, or after n seconds: with
0 if the walk-out was seen in Prometheus and, once, in Alertmanager.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

from _pytest.outcomes import OutcomeException
from aiohttp import web

from stream.cli.embedded import Program, RedisProgram, free_port
from stream.units import rfc3339
from tests.components import ROOT, kafka_node, required_program
from tests.real.reading import make_topic
from tests.stack.configuration import Ports, write
from tests.stack.people import People
from tests.stack.story import Story

TOPICS = {"floor-events": 8, "floor-events-dlq": 1, "control-events": 1}
PAST_MIN = 40
"""So much of the floor's day has passed when it begins."""
WALK_OUT_S = 60
LASTS_S = 90
HEADS = 9
TEAM = "team-01"
APT = "apt-get install prometheus-alertmanager prometheus redis-server"


@contextmanager
def worker(folder: Path, number: int, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """One `floorwatch worker`."""
    command = (
        sys.executable,
        "-m",
        "stream",
        "worker",
        "--config",
        str(folder / "floorwatch.toml"),
    )
    environment = {**os.environ, "FLOORWATCH_WEB_PORT": str(port)}
    with (folder / f"worker-{number}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(40)


@contextmanager
def floor(folder: Path, brokers: str, began_ms: int) -> Iterator[subprocess.Popen[bytes]]:
    """A simulated floor that sends to Kafka."""
    after_s = PAST_MIN * 60 + WALK_OUT_S
    command = (
        *(sys.executable, "-m", "stream", "simulate", "--paced", "--duration", "8h"),
        *("--start", rfc3339(began_ms - PAST_MIN * 60_000), "--agents", "60", "--teams", "4"),
        *("--load", "1.2", "--brokers", brokers),
        *("--walkout", f"team={TEAM},after={after_s}s,heads={HEADS},lasts={LASTS_S}s"),
    )
    with (folder / "floor.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def prometheus(folder: Path, port: int) -> Program:
    """Prometheus with deploy/prometheus."""
    command = (
        str(required_program("prometheus", APT)),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )
    return Program("prometheus", command, port, folder)


def alertmanager(folder: Path, port: int) -> Program:
    """Alertmanager with deploy/alertmanager."""
    command = (
        str(required_program("prometheus-alertmanager", APT)),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    )
    return Program("alertmanager", command, port, folder)


async def run(folder: Path, seconds: float | None) -> int:
    """Start everything, play the story, end everything."""
    began_s = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    people = People(lambda: time.monotonic() - began_s)
    ports = Ports(0, free_port(), (free_port(), free_port()), free_port(), free_port(), free_port())
    with ExitStack() as stack:
        kafka = kafka_node(folder / "kafka")
        stack.callback(kafka.stop)
        await asyncio.to_thread(kafka.start)
        store = stack.enter_context(RedisProgram(required_program("redis-server", APT), folder))
        ports = Ports(kafka.port, store.port, *list(vars(ports).values())[2:])
        write(folder, ports)
        for name, partitions in TOPICS.items():
            await make_topic(kafka.address, name, partitions)
        async with AsyncExitStack() as serving:
            await _receive(serving, people, ports.receiver)
            stack.enter_context(alertmanager(folder, ports.alertmanager))
            stack.enter_context(prometheus(folder, ports.prometheus))
            workers = [
                stack.enter_context(worker(folder, number, port))
                for number, port in enumerate(ports.workers, 1)
            ]
            _print_plan(ports, folder)
            began_ms = time.time_ns() // 1_000_000
            stack.enter_context(floor(folder, kafka.address, began_ms))
            story = Story(people, ports, workers, TEAM, began_ms + WALK_OUT_S * 1_000, LASTS_S)
            left_s = None if seconds is None else seconds - (time.monotonic() - began_s)
            await story.play(stop, left_s)
    print(f"ended after {time.monotonic() - began_s:.0f} s", flush=True)
    return story.verdict()


async def _receive(stack: AsyncExitStack, people: People, port: int) -> None:
    app = web.Application()
    app.add_routes([web.post("/{reader}", people.receive)])
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()


def _print_plan(ports: Ports, folder: Path) -> None:
    print(f"Prometheus    http://127.0.0.1:{ports.prometheus}/")
    print(f"Alertmanager  http://127.0.0.1:{ports.alertmanager}/")
    for number, port in enumerate(ports.workers, 1):
        print(f"worker {number}      http://127.0.0.1:{port}/")
    print(f"files         {folder}")
    print(
        f"In {WALK_OUT_S} s {HEADS} people of {TEAM} go on a break, for {LASTS_S} s. Their leader\n"
        "is to be notified once, though the worker that saw it is killed; the SRE too; the end.",
        flush=True,
    )


def main() -> int:
    """Run until Ctrl-C, or for STACK_SECONDS."""
    given = os.environ.get("STACK_SECONDS", "")
    if given and not given.isdecimal():
        print(f"STACK_SECONDS = '{given}'; allowed: whole seconds", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="floorwatch-stack-") as folder:
        try:
            return asyncio.run(run(Path(folder), float(given) if given else None))
        except OutcomeException as error:  # of the tests, that a component is missing
            print(f"make stack: {error}", file=sys.stderr)
            return 3


if __name__ == "__main__":
    sys.exit(main())
