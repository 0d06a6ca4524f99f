"""The real programs that tests run against: where they are, and what to do where they are not."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from stream.cli.embedded import free_port

ROOT = Path(__file__).resolve().parent.parent
KAFKA_SCRIPT = ROOT / "tests" / "real" / "kafka.sh"
KAFKA_JARS = Path(os.environ.get("FLOORWATCH_KAFKA_JARS") or ROOT / "tests" / "real" / "jars")
DATA = Path(os.environ.get("FLOORWATCH_DATA") or ROOT.parent / "shared" / "data")
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

    @property
    def address(self) -> str:
        """Host and port for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start the broker and return when it answers."""
        self._script("start", str(self.port), str(self.directory))
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


def kafka_node(directory: Path) -> Kafka:
    """A Kafka, not yet started."""
    if not any(KAFKA_JARS.glob("kafka_2.13-*.jar")):
        missing("Apache Kafka", "tests/real/kafka.sh fetch")
    required_program("java", "apt-get install openjdk-17-jre-headless")
    return Kafka(directory, free_port(2))
