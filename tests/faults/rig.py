"""Everything that a run of faults needs, as real programs on this machine."""

import asyncio
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stream.cli.embedded import RedisProgram, free_port
from stream.config import load_settings
from stream.fingerprint import fingerprint
from stream.render.views import field_formats
from stream.shard import Shard
from stream.spec import Spec
from stream.units import MINUTE_MS
from tests.components import Kafka, required_program
from tests.faults.evidence import keep_evidence
from tests.faults.held import PARTITIONS, Held
from tests.faults.lines import Lines
from tests.faults.log import Log
from tests.faults.pump import Pump
from tests.faults.rules import RULES
from tests.faults.services import SLOTS, RedisKind, Services, services
from tests.faults.traffic import START_MS, Mix, Traffic
from tests.faults.undisturbed import Undisturbed
from tests.real.prometheus_server import PrometheusServer
from tests.real.reading import fresh_name, make_topic
from tests.real.working import KEEP_FOR_EVER, Stage, WorkerProcess, wait_until
from tests.redises import client_of

SESSION_S = 6.0
READY_S_MAX = 90.0
SETTLED_S_MAX = 150.0
"""A log that was replaced may be noticed after a minute only."""


@dataclass(frozen=True)
class Setup:
    """What a run is made of."""

    seed: int = 1
    mix: Mix = field(default_factory=Mix)
    speed: float = 8.0
    rate: int | None = None
    start_ms: int = START_MS
    past_ms: int = 10 * MINUTE_MS
    """So much of the traffic is there when the workers start."""
    rules: str = RULES
    module: str = "stream"
    """What the workers run: the product, or a mutant of it."""
    redis: RedisKind = "one"
    """Several Redis servers run beside three brokers."""
    evidence: Path | None = None
    """Where runs that fail leave what explains them; None: in the folder of all files."""


class Rig:
    """Kafka, Redis, Prometheus, workers, the lines between them, traffic and its truth."""

    def __init__(self, directory: Path, setup: Setup, stack: ExitStack, its: Services) -> None:
        self.setup = setup
        self.directory = directory
        self.lines = stack.enter_context(Lines())
        self.services = its
        self._stack = stack
        self.topic = fresh_name("floor-events")
        stage = self._stage()
        self.spec: Spec = load_settings(stage.config, {}).spec
        asyncio.run(self._make_topics())
        self.workers = [stage.worker(f"worker-{number}") for number in range(SLOTS)]
        if its.is_behind_lines:
            self._lay_lines()
        self.prometheus = self._start_prometheus()
        self.pump = self._pump()
        self._open_logs()
        self.client = client_of(stage.redis_url)
        self.held = Held(self.client, self.topic)
        self.struck_s = 0.0
        self.spared: frozenset[int] = frozenset()
        """Slots whose workers are not ended or stopped by faults."""
        self.other_rules: set[str] = set()
        """Fingerprints of rules that some worker had instead."""
        stack.callback(self._end_workers)

    @property
    def kafka(self) -> Kafka:
        """The broker, where there is one."""
        assert isinstance(self.services.kafka, Kafka)
        return self.services.kafka

    @property
    def redis(self) -> RedisProgram:
        """The Redis, where there is one."""
        assert isinstance(self.services.redis, RedisProgram)
        return self.services.redis

    def struck(self) -> None:
        """Recovery is measured from now on."""
        self.struck_s = time.monotonic()

    def _stage(self) -> Stage:
        address, url = self.services.kafka.address, self.services.redis.url
        stage = Stage(self.directory, address, url, self.topic, PARTITIONS)
        stage.session = f"{SESSION_S:g}s"
        stage.redis_more = 'on_loss = "rebuild"\n'
        stage.more = self.setup.rules
        return stage

    @property
    def topic_options(self) -> dict[str, str]:
        """Settings of all topics."""
        least = max(1, self.services.copies - 1)
        return {**KEEP_FOR_EVER, "min.insync.replicas": str(least)}

    async def _make_topics(self) -> None:
        topics = {self.topic: PARTITIONS, f"{self.topic}-dlq": 1, f"{self.topic}-control": 1}
        address, copies = self.services.kafka.address, self.services.copies
        for name, partitions in topics.items():
            await make_topic(address, name, partitions, self.topic_options, copies)

    def _lay_lines(self) -> None:
        """From each worker to Kafka and to Redis."""
        view_fields = field_formats(Shard(self.spec).figures())
        for number, (port, advertised) in enumerate(self.kafka.proxied):
            own = free_port()
            self.lines.open(f"kafka-{number}", advertised, port)
            self.lines.open(f"redis-{number}", own, self.redis.port, view_fields)
            self.workers[number].environment = {
                "FLOORWATCH_KAFKA_BROKERS": f"127.0.0.1:{advertised}",
                "FLOORWATCH_REDIS_URL": f"redis://127.0.0.1:{own}/0",
            }

    def _start_prometheus(self) -> PrometheusServer:
        program = required_program("prometheus", "apt-get install prometheus")
        ports = [worker.port for worker in self.workers]
        server = PrometheusServer(program, self.directory / "prometheus", *ports, interval="1s")
        return self._stack.enter_context(server)

    def _pump(self) -> Pump:
        traffic = Traffic(self.setup.mix, PARTITIONS, self.setup.seed, self.setup.start_ms)
        return Pump(
            self.services.kafka.address, self.topic, traffic, self.setup.speed, self.setup.rate
        )

    def _open_logs(self) -> None:
        self.undisturbed = Undisturbed(self.spec, self.topic, PARTITIONS)
        address = self.services.kafka.address
        self.events = Log(address, self.topic, PARTITIONS)
        self.dead_letters = Log(address, f"{self.topic}-dlq", 1)
        self.control = Log(address, f"{self.topic}-control", 1)
        for log in (self.events, self.dead_letters, self.control):
            self._stack.callback(log.close)

    def _end_workers(self) -> None:
        for worker in self.workers:
            if worker.process is not None:
                worker.end(signal.SIGKILL)

    # ------------------------------------------------------------------------------ workers

    @property
    def running(self) -> list[int]:
        """Slots in which a worker runs."""
        return [
            number
            for number, worker in enumerate(self.workers)
            if worker.process is not None and worker.process.poll() is None
        ]

    def start(self, number: int, fault: str = "", module: str = "") -> WorkerProcess:
        """Start the worker of a slot, with a fault at one of its named points."""
        worker = self.workers[number]
        worker.environment["FLOORWATCH_FAULT"] = fault
        worker.module = module or self.setup.module
        return worker.start()

    def kill(self, number: int) -> None:
        """kill -9."""
        self.workers[number].end(signal.SIGKILL)

    def end(self, number: int) -> None:
        """SIGTERM, which ends it cleanly; one that had only begun to start it ends at once."""
        worker = self.workers[number]
        serves = worker.get("/livez")[0] != 0
        status = worker.end(signal.SIGTERM)
        unborn = not serves and status == -signal.SIGTERM
        assert status == 0 or unborn, f"worker {number} ended with {status}"

    def await_ready(self) -> None:
        """Wait until all workers that run do their work."""
        for number in self.running:
            worker = self.workers[number]
            wait_until(worker.is_ready, f"worker {number} is ready", READY_S_MAX)

    def settle(self) -> None:
        """Pause the traffic and wait until workers have committed all of it."""
        self.pump.pause()
        self.undisturbed.take(self.events.read())
        ends = self.events.next
        wait_until(lambda: self.held.offsets() == ends, "all is committed", SETTLED_S_MAX, 0.1)

    def read_anew(self, partitions: Iterable[int], *, abandons: bool) -> None:
        """Expect what the logs of partitions hold now, from their starts.

        See `Undisturbed.restart`. Only after `settle`: what workers decided before is known then.
        """
        chosen = list(partitions)
        self.undisturbed.restart(chosen, abandons=abandons)
        self.events.read_from(dict.fromkeys(chosen, 0))
        starts = self.events.starts()
        self.events.read_from({p: starts[p] for p in chosen})

    def by_own_rules(self, document: bytes) -> bytes:
        """A step of an alert as workers with the rig's own rules write it."""
        own = fingerprint(self.spec).encode()
        for other in self.other_rules:
            document = document.replace(other.encode(), own)
        return document

    @property
    def fenced(self) -> int:
        """How often workers were fenced."""
        logs = [worker for worker in self.workers if worker.process is not None]
        return sum(worker.log.count("FENCED") for worker in logs)

    def staff(self, workers: int) -> None:
        """Run so many workers."""
        wanted = range(workers)
        for number in self.running:
            if number not in wanted:
                self.end(number)
        for number in wanted:
            if number not in self.running:
                self.start(number)

    def keep_evidence(self, name: str, differences: Sequence[str]) -> Path:
        """Keep what explains a run that failed, as it is now; in which folder."""
        kept = self.setup.evidence or self.directory / "evidence"
        folder = kept / f"{time.strftime('%Y%m%dT%H%M%S')}-{name}"
        keep_evidence(folder, differences, self.workers, self.prometheus)
        return folder

    # ------------------------------------------------------------------------------ Redis

    def aof(self) -> Path:
        """The append-only file that grows."""
        [found] = self.redis.directory.glob("appendonlydir/*.incr.aof")
        return found


@contextmanager
def rig(directory: Path, setup: Setup, kafka: Kafka | None = None) -> Iterator[Rig]:
    """All programs, running, with workers that are ready; a Kafka may be one that runs."""
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        made = Rig(directory, setup, stack, services(directory, setup.redis, kafka, stack))
        made.pump.jump(setup.past_ms)
        made.staff(2)
        made.await_ready()
        yield made
