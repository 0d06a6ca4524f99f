"""A Redis Cluster, and a Redis that Sentinels watch, as processes on this machine."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import redis
from redis.cluster import ClusterNode
from redis.crc import key_slot
from redis.sentinel import Sentinel

from stream.cli.embedded import PORTS, Program, RedisProgram, free_port, take_ports
from stream.store.address import site_of

SERVICE = "floor"
_P = TypeVar("_P", bound=Program)
_READY_S_MAX = 30.0
_BUS = 10_000
"""A node's port for its peers is so much above its own."""
_QUICK = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
_REPLICATOR = (
    *("--user", "replicator", "on", ">copy", "+psync", "+replconf", "+ping"),
    *("--masteruser", "replicator", "--masterauth", "copy"),
)


def client_of(url: str) -> Any:
    """A plain client for whatever Redis is at this URL."""
    site = site_of(url)
    if site.kind == "server":
        return redis.Redis.from_url(url)
    if site.kind == "cluster":
        nodes = [ClusterNode(*address) for address in site.addresses]  # type: ignore[no-untyped-call]
        return redis.RedisCluster(startup_nodes=nodes)
    return Sentinel(site.addresses).master_for(site.service)  # type: ignore[no-untyped-call]


def until(condition: Callable[[], Any], what: str) -> None:
    """Poll until a condition holds."""
    give_up_at = time.monotonic() + _READY_S_MAX
    while not condition():
        assert time.monotonic() < give_up_at, f"not within {_READY_S_MAX:g} s: {what}"
        time.sleep(0.02)


def info(program: RedisProgram) -> dict[str, Any]:
    """What a server says of itself; nothing if it is not there."""
    try:
        with redis.Redis.from_url(program.url) as client:
            found: dict[str, Any] = client.info()
            return found
    except redis.ConnectionError:
        return {}


def wait_until_copied(primary: RedisProgram) -> None:
    """Return when the replica has said that it has all."""

    def is_copied() -> bool:
        found = info(primary)
        return bool(found["slave0"]["offset"] == found["master_repl_offset"])

    until(is_copied, "the replica has all")


def stop_copying(primary: RedisProgram) -> None:
    """Cut this primary's replica off; what it takes from now on is lost if it dies."""
    wait_until_copied(primary)
    with redis.Redis.from_url(primary.url) as client:
        client.execute_command("ACL", "SETUSER", "replicator", "off")
        client.execute_command("CLIENT", "KILL", "TYPE", "replica")
    until(lambda: info(primary)["connected_slaves"] == 0, "its replicas are gone")


@dataclass
class Cluster:
    """Three primaries, each with a replica."""

    servers: list[RedisProgram]

    @property
    def url(self) -> str:
        """As in the configuration; one node of it suffices."""
        return f"redis+cluster://{self.servers[0].address},{self.servers[1].address}"

    def ask(self, program: RedisProgram, *command: object) -> Any:
        """One command to one node."""
        with redis.Redis.from_url(program.url) as client:
            return client.execute_command(*command)

    def id_of(self, program: RedisProgram) -> str:
        """What a node calls itself."""
        return str(self.ask(program, "CLUSTER", "MYID").decode())

    def primary_of(self, key: str) -> RedisProgram:
        """The node that has this key, by the word of one that runs."""
        slot = key_slot(key.encode())
        for program in self.servers:
            if info(program).get("role") == "master":
                rows = self.ask(program, "CLUSTER", "SLOTS")
                port = next(row[2][1] for row in rows if row[0] <= slot <= row[1])
                return next(each for each in self.servers if each.port == port)
        raise AssertionError("no primary runs")

    def begin_move(self, slot: int, source: RedisProgram, target: RedisProgram) -> None:
        """Declare that a slot goes from one primary to another; its keys stay where they are."""
        self.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        self.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(target))

    def move_keys(self, slot: int, source: RedisProgram, target: RedisProgram) -> None:
        """Move the keys of a slot that is on its way."""
        while keys := self.ask(source, "CLUSTER", "GETKEYSINSLOT", slot, 100):
            to = ("127.0.0.1", target.port, "", 0, 5_000)
            self.ask(source, "MIGRATE", *to, "KEYS", *keys)

    def end_move(self, slot: int, target: RedisProgram) -> None:
        """Give the slot to its new primary."""
        for program in (target, *(each for each in self.primaries() if each is not target)):
            self.ask(program, "CLUSTER", "SETSLOT", slot, "NODE", self.id_of(target))

    def primaries(self) -> list[RedisProgram]:
        """All nodes that take writes."""
        return [each for each in self.servers if info(each).get("role") == "master"]


def _running(program: _P, stack: ExitStack) -> _P:
    """Start it unless it runs; it is killed at the end, or it would wait for its replica."""
    stack.callback(program.stop, signal.SIGKILL)
    return program if program.running else program.start()


def _node(executable: Path, directory: Path, timeout_ms: int) -> RedisProgram:
    options = (
        *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
        *("--cluster-node-timeout", str(timeout_ms), "--cluster-replica-validity-factor", "0"),
    )
    while True:
        program = RedisProgram(executable, directory, *options, *_QUICK, *_REPLICATOR)
        bus = program.port + _BUS
        if bus in PORTS and take_ports(bus):
            return program


@contextmanager
def running_cluster(executable: Path, directory: Path, timeout_ms: int) -> Iterator[Cluster]:
    """A fresh cluster for the length of the block.

    Args:
        executable: redis-server.
        directory: of all its files.
        timeout_ms: after which a node that does not answer is replaced.
    """
    with ExitStack() as stack:
        nodes = [_node(executable, directory / f"node-{n}", timeout_ms) for n in range(6)]
        cluster = Cluster([_running(node, stack) for node in nodes])
        _join(cluster)
        yield cluster


def _join(cluster: Cluster) -> None:
    servers, primaries, replicas = cluster.servers, cluster.servers[:3], cluster.servers[3:]
    for number, program in enumerate(servers):
        cluster.ask(program, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        cluster.ask(program, "CLUSTER", "MEET", "127.0.0.1", servers[0].port)
    for number, program in enumerate(primaries):
        slots = range(16384 * number // 3, 16384 * (number + 1) // 3)
        cluster.ask(program, "CLUSTER", "ADDSLOTS", *slots)

    def all_say(words: str) -> bool:
        return all(words.encode() in cluster.ask(p, "CLUSTER", "INFO") for p in servers)

    until(lambda: all_say("cluster_known_nodes:6"), "all have met")
    for primary, replica in zip(primaries, replicas, strict=True):
        cluster.ask(replica, "CLUSTER", "REPLICATE", cluster.id_of(primary))
    until(lambda: all_say("cluster_state:ok"), "all is served")
    until(lambda: all(info(p)["master_link_status"] == "up" for p in replicas), "all is copied")


@dataclass
class Watched:
    """A primary with replicas, and three Sentinels."""

    servers: list[RedisProgram]
    sentinels: list[Program]

    @property
    def url(self) -> str:
        """As in the configuration."""
        return f"redis+sentinel://{','.join(each.address for each in self.sentinels)}/{SERVICE}/0"

    def primary(self) -> RedisProgram:
        """The server that takes writes; the last one, if for a moment there are two."""
        return [each for each in self.servers if info(each).get("role") == "master"][-1]


def copied_primary(executable: Path, directory: Path, *options: str) -> RedisProgram:
    """A primary, not yet started, that replicas may copy."""
    return RedisProgram(executable, directory / "primary", *_QUICK, *_REPLICATOR, *options)


@contextmanager
def watched(
    primary: RedisProgram, directory: Path, down_ms: int, port: int | None = None
) -> Iterator[Watched]:
    """A primary, a replica of it, and three Sentinels, for the length of the block.

    Args:
        primary: a fresh one.
        directory: of all files.
        down_ms: after which a primary that does not answer is replaced.
        port: by which the others reach the primary, if not by its own.
    """
    executable, port = Path(primary.command[0]), port or primary.port
    options = (*_QUICK, *_REPLICATOR, "--replicaof", "127.0.0.1", str(port))
    replica = RedisProgram(executable, directory / "replica", *options)
    with ExitStack() as stack:
        servers = [_running(each, stack) for each in (primary, replica)]
        until(lambda: info(replica)["master_link_status"] == "up", "all is copied")
        sentinels = [_sentinel(executable, directory / f"s-{n}", port, down_ms) for n in range(3)]
        found = Watched(servers, [_running(each, stack) for each in sentinels])
        until(lambda: all(map(_knows_all, sentinels)), "the Sentinels know all others")
        yield found


def _knows_all(sentinel: Program) -> bool:
    with redis.Redis(port=sentinel.port) as client:
        said = client.sentinel_master(SERVICE)
    return (said["num-other-sentinels"], said["num-slaves"]) == (2, 1)


def _sentinel(executable: Path, directory: Path, port: int, down_ms: int) -> Program:
    own = free_port()
    file = directory / "sentinel.conf"
    directory.mkdir(parents=True)
    file.write_text(
        f"port {own}\nbind 127.0.0.1\ndir {directory}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {port} 2\n"
        f"sentinel down-after-milliseconds {SERVICE} {down_ms}\n"
        f"sentinel failover-timeout {SERVICE} 4000\n"
    )
    return Program("sentinel", (str(executable), str(file), "--sentinel"), own, directory)
