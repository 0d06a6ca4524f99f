"""Floorwatch and its peers on the same topic, the same records and the same work.

Each contestant runs in a process of its own, in interleaved rounds; figures are medians. Those that
keep state store time in state by team and minute in Redis, and must agree. The last line of stdout
is one JSON object; progress goes to stderr. Exit status 1 if results differ.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import programs
import redis
from cells import hash_of, read_floorwatch, read_peer
from contest import PEERS, Run, run_floorwatch, run_peer
from figures import FLOORWATCH, UNCOMMITTED, closing, figures_of, table, verdicts
from memory import bytes_per_agent
from peers.job import Job
from workload import Extent, Record, Size, make

from stream.cli.embedded import free_port, redis_program

CONTESTANTS = ("aiokafka_decode", FLOORWATCH, UNCOMMITTED, "plain_python", "stock_faust")
OURS = {FLOORWATCH: ("-m", "stream"), UNCOMMITTED: (str(PEERS / f"{UNCOMMITTED}.py"),)}
"""What Python runs."""
STORES_NOTHING = "aiokafka_decode"
SOME = "stock_faust"
"""Reads only the first so many records: it would take too long."""
TOPIC, DEAD_LETTERS, CONTROL = "bench-events", "bench-events-dlq", "bench-control-events"
CONFIG = """\
[kafka]
brokers = "{brokers}"
group = "{group}"
events_topic = "{topic}"
dead_letters_topic = "bench-events-dlq"
control_topic = "bench-control-events"

[redis]
url = "{redis_url}"

[web]
port = {port}

[control]
clock = "event"

[[pool]]
name = "*"
open = "08:00-22:00"

[[peak]]
time = "10:00-11:30"

# The peers know no limits of credibility.
[[source]]
name = "*"
silence = "off"
"""


@dataclass(frozen=True, slots=True)
class Form:
    """How large the benchmark is."""

    size: Size
    faust_records: int
    rounds: int
    memory_agents: tuple[int, int] | None


LARGE = Form(Size(1_000_000, 10_000, 500, 40), 200_000, 3, (10_000, 100_000))
SMALL = Form(Size(60_000, 1_000, 50, 8), 15_000, 1, (2_000, 20_000))


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the contestants run."""

    brokers: str
    redis_url: str
    directory: Path


def say(text: str) -> None:
    """Progress, to stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the benchmark; its exit status."""
    options = _options()
    form: Form = options.form
    records: list[Record] = []
    say(f"making {form.size.events} records of {form.size.agents} agents")
    whole, some = make(form.size, form.faust_records, records)
    size = sum(len(one.value) for one in records) / len(records)
    runs, differences = _rounds(options, records, whole, some)
    memory = None
    if form.memory_agents:
        say("memory of {:,} and {:,} agents".format(*form.memory_agents))
        memory = bytes_per_agent(*form.memory_agents)
    all_figures = {name: figures_of(runs[name]) for name in CONTESTANTS if name in runs}
    print(
        f"{whole.records:,} records of {size:.0f} bytes, {form.size.agents:,} agents,"
        f" {form.size.teams} teams, {form.size.floors} floors; {options.broker};"
        f" {form.rounds} rounds, medians"
    )
    print(table(all_figures))
    if FLOORWATCH in runs:
        stop_s = median(run.stop_cpu_s for run in runs[FLOORWATCH])
        print(f"not counted: {stop_s:.2f} CPU s of the worker's stop, with its last snapshots")
    if form.size == LARGE.size:  # on a small scale start-up costs weigh too much
        print("\n".join(verdicts(all_figures, memory)))
    print("\n".join(differences), end="\n" if differences else "")
    print(closing(all_figures, memory, hash_of(whole.cells)))
    return 1 if differences else 0


def _rounds(
    options: argparse.Namespace, records: list[Record], whole: Extent, some: Extent
) -> tuple[dict[str, list[Run]], list[str]]:
    """Produce the records, free them, and run all contestants; their runs, and what differs."""
    runs: dict[str, list[Run]] = {name: [] for name in options.only}
    differences = []
    with _stage(options.broker) as stage:
        programs.make_topics(stage.brokers, TOPIC, (DEAD_LETTERS, CONTROL))
        say("producing them")
        programs.produce(stage.brokers, TOPIC, records)
        records.clear()
        for number in range(options.form.rounds):
            for name in _in_turn(options.only, number):
                extent = some if name == SOME else whole
                run = _run(stage, name, number, extent)
                runs[name].append(run)
                say(
                    f"round {number + 1}  {name:<16} {run.records} records, {run.wall_s:.2f} s,"
                    f" CPU {run.cpu_s:.2f} s = {run.cpu_s / run.records * 1e6:.2f} us an event"
                )
                differences += _compare(stage, name, number, extent)
    return runs, differences


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="a minute or two, for CI")
    parser.add_argument("--rounds", type=int, help="of each contestant")
    parser.add_argument("--events", type=int, help="how many records, of as many agents")
    parser.add_argument("--agents", type=int, help="as many, in teams and floors of the usual size")
    parser.add_argument("--only", help="names of contestants, with commas between")
    parser.add_argument("--broker", choices=("apache", "embedded"), help="else what is here")
    parser.add_argument("--memory", metavar="FEW,MANY", help="agents of the memory test, or off")
    options = parser.parse_args()
    form = SMALL if options.small else LARGE
    if options.events:
        form = replace(form, size=replace(form.size, events=options.events))
    if options.rounds:
        form = replace(form, rounds=options.rounds)
    if options.agents:
        form = replace(form, size=_with_agents(form.size, options.agents))
    if options.memory:
        few, _, many = options.memory.partition(",")
        form = replace(form, memory_agents=(int(few), int(many)) if many else None)
    options.form = form
    options.only = options.only.split(",") if options.only else list(CONTESTANTS)
    kinds = {"apache": programs.APACHE, "embedded": programs.TANSU}
    options.broker = kinds.get(options.broker) or programs.broker_here()
    return options


def _with_agents(size: Size, agents: int) -> Size:
    """As many events of so many agents, in teams and floors of the same size."""
    teams, floors = (max(1, many * agents // size.agents) for many in (size.teams, size.floors))
    return replace(size, agents=agents, teams=teams, floors=floors)


@contextmanager
def _stage(kind: str) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="floorwatch-bench-") as name:
        directory = Path(name)
        say(f"starting {kind} and Redis")
        with (
            programs.broker(kind, directory / "broker") as address,
            redis_program(directory / "redis") as server,
        ):
            yield Stage(address, server.url, directory)


def _in_turn(names: list[str], number: int) -> list[str]:
    """Each round begins with another, so that none always follows the same one."""
    first = number % len(names)
    return names[first:] + names[:first]


def _run(stage: Stage, name: str, number: int, extent: Extent) -> Run:
    with redis.Redis.from_url(stage.redis_url) as client:
        client.flushall()
    group = f"{name}-{number}"
    job = Job(stage.brokers, TOPIC, group, stage.redis_url, extent.records, extent.ends)
    log_path = stage.directory / f"{name}.log"
    if name not in OURS:
        return run_peer(name, job, log_path)
    config = _config_path(stage)
    text = CONFIG.format(
        brokers=job.brokers, group=group, topic=TOPIC, redis_url=job.redis_url, port=free_port()
    )
    config.write_text(text, encoding="utf-8")
    return run_floorwatch(config, job, log_path, OURS[name])


def _config_path(stage: Stage) -> Path:
    return stage.directory / "floorwatch.toml"


def _compare(stage: Stage, name: str, number: int, extent: Extent) -> list[str]:
    """What is wrong with what a contestant has stored: nothing, or a line of text."""
    if name == STORES_NOTHING:
        return []
    if name in OURS:
        stored = read_floorwatch(_config_path(stage), TOPIC, extent.ends)
    else:
        stored = read_peer(stage.redis_url)
    if hash_of(stored) == hash_of(extent.cells):
        return []
    keys = stored.keys() | extent.cells.keys()
    wrong = sorted(key for key in keys if stored.get(key) != extent.cells.get(key))
    first = wrong[0]
    text = (
        f"DIFFERS {name}, round {number + 1}: {len(wrong)} of {len(keys)} cells, first {first}:"
        f" {stored.get(first)} instead of {extent.cells.get(first)}"
    )
    say(text)
    return [text]


if __name__ == "__main__":
    sys.exit(main())
