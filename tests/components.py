"""The real programs that tests run against: where they are, and what to do where they are not."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from stream.cli.embedded import free_port

ROOT = Path(__file__).resolve().parent.parent
KAFKA_SCRIPT = ROOT / "tests" / "real" / "kafka.sh"
KAFKA_JARS = Path(os.environ.get("FLOORWATCH_KAFKA_JARS") or ROOT / "tests" / "real" / "jars")
DATA = Path(os.environ.get("FLOORWATCH_DATA") or ROOT.parent / "shared" / "data")
OF_ONE = {"KAFKA_HEAP": "-Xms256m -Xmx512m -XX:TieredStopAtLevel=1"}
"""A broker of a test lives for seconds: compiling it well takes more time than it saves."""
OF_SEVERAL = {"KAFKA_HEAP": "-Xms128m -Xmx384m -XX:TieredStopAtLevel=1"}
"""Three nodes share a small machine: less memory."""
REQUIRE_REAL = os.environ.get("FLOORWATCH_REQUIRE_REAL") == "1"


def missing(component: str, remedy: str) -> None:
    """Fail where real components are required, else skip, visibly."""
    text = f"{component} is not there: {remedy}"
    if REQUIRE_REAL:
        pytest.fail(f"{text} (FLOORWATCH_REQUIRE_REAL=1)", pytrace=False)
    pytest.skip(text)


def required_program(name: str, remedy: str) -> Path:
    """The path of a program on the PATH."""
    found = shutil.which(name)
    if found is None:
        missing(name, remedy)
    return Path(str(found))


def redis_version(executable: Path) -> tuple[int, int]:
    """Major and minor version of a redis-server."""
    answer = subprocess.run([executable, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    assert found, answer.stdout
    return int(found[1]), int(found[2])


@dataclass
class Kafka:
    """One node of Apache Kafka, which may be stopped or killed and started again."""

    directory: Path
    port: int
    proxied: tuple[tuple[int, int], ...] = ()
    """More listeners: the port, and the one that is told to clients, who come by a proxy."""
    ports: tuple[int, ...] = ()
    """Of all nodes of its cluster; empty: it is alone."""
    options: Mapping[str, str] = field(default_factory=dict)
    """More of the script's environment."""

    @property
    def address(self) -> str:
        """Host and port for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start the broker and return when it answers."""
        cluster = [",".join(map(str, self.ports))] if self.ports else []
        self._script("start", str(self.port), str(self.directory), *cluster)
        return self

    def stop(self, how: str = "TERM") -> None:
        """Send the broker a signal and wait for its end."""
        if not (self.directory / "pid").exists():
            return
        self._script("stop", str(self.directory), how)

    def _script(self, *arguments: str) -> None:
        proxied = " ".join(f"{port}:{advertised}" for port, advertised in self.proxied)
        environment = {
            **os.environ,
            **self.options,
            "FLOORWATCH_KAFKA_JARS": str(KAFKA_JARS),
            "KAFKA_PROXIED": proxied,
        }
        # No pipe: the broker would inherit it and hold it open.
        done = subprocess.run(
            [KAFKA_SCRIPT, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"kafka.sh {' '.join(arguments)}; see {self.directory}"


@dataclass
class KafkaCluster:
    """Nodes of Apache Kafka, each of which may be stopped or killed and started again by itself."""

    nodes: dict[int, Kafka]
    """By the ids that they have as brokers."""

    @property
    def address(self) -> str:
        """Hosts and ports for clients."""
        return ",".join(node.address for node in self.nodes.values())

    def start(self) -> Self:
        """Start all nodes at once, since one alone answers nobody."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Kafka.start, self.nodes.values()))
        return self

    def kill(self) -> None:
        """End all nodes."""
        for node in self.nodes.values():
            node.stop("KILL")


def kafka_node(directory: Path) -> Kafka:
    """A Kafka, not yet started."""
    _require_kafka()
    return Kafka(directory, free_port(2), options=OF_ONE)


def kafka_cluster(directory: Path, nodes: int = 3) -> KafkaCluster:
    """A Kafka of several nodes, not yet started."""
    _require_kafka()
    first = free_port(2 * nodes)
    ports = tuple(range(first, first + 2 * nodes, 2))
    return KafkaCluster(
        {
            node: Kafka(directory / str(node), port, ports=ports, options=OF_SEVERAL)
            for node, port in enumerate(ports, 1)
        }
    )


def _require_kafka() -> None:
    if not any(KAFKA_JARS.glob("kafka_2.13-*.jar")):
        missing("Apache Kafka", "tests/real/kafka.sh fetch")
    required_program("java", "apt-get install openjdk-17-jre-headless")
