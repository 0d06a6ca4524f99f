"""Workers as processes of their own, and what they leave in Redis, read without taking it over."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import orjson

from stream.cli.embedded import free_port
from stream.config import load_settings
from stream.events.decode import decode
from stream.events.partition import Route
from stream.figures.model import Member
from stream.render.views import ViewWriter
from stream.roster import NO_ROSTER
from stream.shard import Shard
from stream.spec import Spec
from stream.store import keys
from stream.store.keys import ShardKey
from stream.store.manifest import from_text, piece_keys, unpack
from tests.redises import client_of

KEEP_FOR_EVER = {"retention.ms": "-1"}
"""Records with time stamps of 1999 would be deleted at once."""


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = 60.0) -> Any:
    """Poll until a condition holds; its value."""
    give_up_at = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < give_up_at, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.02)  # looking at a worker costs both it and the test time


@dataclass
class WorkerProcess:
    """One `floorwatch worker`."""

    name: str
    config: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    module: str = "stream"
    """What runs: the product, or something that changes it first."""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> str:
        return self.config.with_name(f"{self.name}.log").read_text(errors="replace")

    def start(self) -> "WorkerProcess":
        command = [sys.executable, "-m", self.module, "worker", "--config", str(self.config)]
        environment = {**os.environ, "FLOORWATCH_WEB_PORT": str(self.port), **self.environment}
        with self.config.with_name(f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = 40.0) -> int:
        """Send a signal and wait for the end; the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a page; (0, b"") while nobody listens."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()
        except (URLError, OSError):
            return 0, b""

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def why_not_ready(self) -> list[str]:
        status, body = self.get("/readyz")
        return orjson.loads(body)["reasons"] if status else ["no answer"]


@dataclass
class Stage:
    """Topics, a Redis, and a configuration that workers share."""

    directory: Path
    brokers: str
    redis_url: str
    topic: str
    partitions: int
    more: str = ""
    """More of floorwatch.toml."""
    session: str = "6s"
    redis_more: str = ""
    """More of [redis]."""

    @property
    def config(self) -> Path:
        path = self.directory / "floorwatch.toml"
        path.write_text(
            f'[kafka]\nbrokers = "{self.brokers}"\ngroup = "{self.topic}-group"\n'
            f'events_topic = "{self.topic}"\ndead_letters_topic = "{self.topic}-dlq"\n'
            f'control_topic = "{self.topic}-control"\nsession_timeout = "{self.session}"\n'
            f'[redis]\nurl = "{self.redis_url}"\n{self.redis_more}{self.more}',
            encoding="utf-8",
        )
        return path

    @property
    def spec(self) -> Spec:
        return load_settings(self.config, {}).spec

    def worker(self, name: str) -> WorkerProcess:
        return WorkerProcess(name, self.config)

    @contextmanager
    def workers(self, *names: str) -> Iterator[list[WorkerProcess]]:
        """Workers that run, and end with the block, whatever happens."""
        found = [self.worker(name).start() for name in names]
        try:
            yield found
        finally:
            for worker in found:
                worker.end(signal.SIGKILL)


@dataclass
class Written:
    """The records of a topic, by partition, as they were produced."""

    values: Mapping[int, Sequence[bytes | None]]
    times_ms: Mapping[int, Sequence[int]]


class Stored:
    """What Redis holds, read by the test."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._redis: Any = client_of(stage.redis_url)

    def close(self) -> None:
        self._redis.close()

    def flush(self) -> None:
        """Lose everything."""
        self._redis.flushall()

    def offset(self, partition: int) -> int:
        """The first record that the last commit does not contain; 0 before any."""
        found: bytes | None = self._redis.hget(self._shard(partition), "offset")
        return int(found or 0)

    def offsets(self) -> list[int]:
        return [self.offset(partition) for partition in range(self._stage.partitions)]

    def saved_offset(self, partition: int) -> int:
        manifest = self._redis.hget(self._shard(partition), "manifest")
        return from_text(manifest).offset if manifest else 0

    def formats(self) -> set[int]:
        """Of all snapshots."""
        shards = map(self._shard, range(self._stage.partitions))
        manifests = [self._redis.hget(shard, "manifest") for shard in shards]
        return {from_text(manifest).format for manifest in manifests if manifest}

    def restored(self, partition: int, written: Written) -> Shard:
        """A shard as the next owner would restore it: parts, control, and the records between."""
        fields = self._redis.hgetall(self._shard(partition))
        manifest, offset = from_text(fields[b"manifest"]), int(fields[b"offset"])
        parts = {}
        for name, part in manifest.parts.items():
            chunks = self._redis.mget(piece_keys(self._key(partition), name, part))
            parts[name] = unpack(name, b"".join(chunks))
        shard = Shard.restore(self._stage.spec, NO_ROSTER, parts, fields[b"control"])
        push(shard, written, self._stage, partition, manifest.offset, offset)
        shard.resume()
        return shard

    def view(self, key: str) -> dict[str, str]:
        """A view, without the fields that guard it."""
        found = self._redis.hgetall(key)
        return {n.decode(): v.decode() for n, v in found.items() if not n.startswith(b"_")}

    def _key(self, partition: int) -> ShardKey:
        return ShardKey(self._stage.topic, partition)

    def _shard(self, partition: int) -> str:
        return keys.shard(self._key(partition))


def push(
    shard: Shard, written: Written, stage: Stage, partition: int, start: int, end: int
) -> None:
    """Push records [start, end) of a partition, in one go."""
    if start < end:
        values = written.values[partition][start:end]
        times_ms = written.times_ms[partition][start:end]
        route = Route(partition, stage.partitions)
        shard.push(decode(values, times_ms, shard.names, route).batch)


class Reference:
    """The same records in process: one shard a partition, fed as far as the store says."""

    def __init__(self, stage: Stage, written: Written) -> None:
        self._stage, self._written = stage, written
        self._shards = {p: Shard(stage.spec) for p in range(stage.partitions)}
        self._fed = dict.fromkeys(self._shards, 0)

    def at(self, partition: int, offset: int) -> Shard:
        """The shard after this many records, at its own watermark."""
        shard, fed = self._shards[partition], self._fed[partition]
        push(shard, self._written, self._stage, partition, fed, offset)
        self._fed[partition] = offset
        shard.step(shard.watermark_ms)
        return shard


def members_of(shard: Shard) -> dict[tuple[str, str], list[Member]]:
    """The member table of every team."""
    return {(key.floor, key.team): shard.members(key.floor, key.team) for key in shard.team_keys()}


def assert_same(stored: Stored, reference: Reference, partition: int, written: Written) -> int:
    """The store equals the reference, to the millisecond; return how many seats it has."""
    offset = stored.offset(partition)
    expected, found = reference.at(partition, offset), stored.restored(partition, written)
    found.step(expected.as_of_ms)
    assert found.as_of_ms == expected.as_of_ms
    assert found.watermark_ms == expected.watermark_ms
    ours, theirs = members_of(found), members_of(expected)
    assert ours.keys() == theirs.keys()
    for team, table in theirs.items():
        mine = {member.agent: member for member in ours[team]}
        assert mine.keys() == {member.agent for member in table}
        for member in table:
            same = mine[member.agent]
            assert (same.state, same.since_ms) == (member.state, member.since_ms), member.agent
            assert same.state_ms.tolist() == member.state_ms.tolist(), (team, member.agent)
    for view, fields in ViewWriter().views(expected.figures()).items():
        key = keys.view(view)
        wait_until(lambda key=key, fields=fields: stored.view(key) == fields, f"view {key}", 20)  # type: ignore[misc]
    return sum(map(len, theirs.values()))
