"""What workers rest on: one Kafka and one Redis behind lines, or several of each."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stream.cli import embedded
from stream.cli.embedded import RedisProgram, free_port
from tests.components import Kafka, KafkaCluster, kafka_cluster, kafka_node, missing
from tests.redises import Cluster, Watched, copied_primary, running_cluster, watched

SLOTS = 3
"""Workers that may run at one time."""
RedisKind = Literal["one", "sentinel", "cluster"]
DOWN_MS = 1_500
"""A Redis that does not answer for so long is replaced by its replica."""


@dataclass
class Services:
    """Programs that run."""

    kafka: Kafka | KafkaCluster
    redis: RedisProgram | Watched | Cluster

    @property
    def is_behind_lines(self) -> bool:
        """Whether each worker reaches each of them by a line of its own."""
        return isinstance(self.kafka, Kafka)

    @property
    def copies(self) -> int:
        """Of each topic."""
        return 1 if isinstance(self.kafka, Kafka) else len(self.kafka.nodes)


def services(directory: Path, kind: RedisKind, kafka: Kafka | None, stack: ExitStack) -> Services:
    """One Kafka (one that runs, or a new one) and one Redis; or three brokers and more of Redis."""
    if kind != "one":
        brokers = kafka_cluster(directory / "kafka")
        stack.callback(brokers.kill)
        return Services(brokers.start(), _several_redises(directory / "redis", kind, stack))
    if kafka is None:
        kafka = kafka_behind_lines(directory / "kafka").start()
        stack.callback(kafka.stop, "KILL")
    return Services(kafka, stack.enter_context(redis_that_may_fill_up(directory / "redis")))


def _several_redises(directory: Path, kind: RedisKind, stack: ExitStack) -> Watched | Cluster:
    executable = _redis_7()
    if kind == "cluster":
        return stack.enter_context(running_cluster(executable, directory, DOWN_MS))
    directory.mkdir(parents=True)
    return stack.enter_context(watched(copied_primary(executable, directory), directory, DOWN_MS))


def kafka_behind_lines(directory: Path) -> Kafka:
    """A Kafka, not yet started, with a listener for each worker that is reached by a line."""
    node = kafka_node(directory)
    node.proxied = tuple((free_port(), free_port()) for _ in range(SLOTS))
    return node


def redis_that_may_fill_up(directory: Path) -> RedisProgram:
    """A Redis 7, with `appendfsync everysec`, that outlives a disk which takes no more."""
    directory.mkdir(parents=True, exist_ok=True)
    # A file that must not grow makes Linux send SIGXFSZ, which would end the process.
    script = directory / "redis-server"
    script.write_text(f'#!/bin/sh\ntrap "" XFSZ\nexec {_redis_7()} "$@"\n')
    script.chmod(0o755)
    return RedisProgram(script, directory, "--appendfsync", "everysec")


def _redis_7() -> Path:
    executable = embedded.redis_on_path()
    if executable is None:
        missing("Redis 7", "apt-get install redis-server")
    assert executable is not None
    return executable
