"""Letters as a worker writes them, and `floorwatch dlq` over them."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from stream.dlq.dead_letters import WHOLE_BYTES_MAX, Origin, make_dead_letters
from stream.events.decode import decode
from stream.events.language import Reason
from stream.events.names import Names
from stream.events.partition import Route, partition_of
from stream.windows.lateness import Late

PARTITIONS = 4
NOW_MS = 1_772_445_600_000
HOME = partition_of("berlin", PARTITIONS)
MADRID = partition_of("madrid", PARTITIONS)
assert HOME != MADRID


def event(floor: str = "berlin", **more: Any) -> bytes:
    fields = {"type": "state", "ts": NOW_MS, "floor": floor, "agent": "a-1", "state": "aux"}
    return orjson.dumps({**fields, **more})


RECORDS: tuple[bytes | None, ...] = (
    event(state="dancing\x1b[2J"),
    event("madrid"),
    b"[" + event("madrid", agent="a-2") + b"," + event() + b"]",
    None,
    event(note="x" * WHOLE_BYTES_MAX, state="dancing"),
    event(agent="slow"),
)
LATE = [Late(5, Reason.late_grace)]


@dataclass
class Desk:
    """Topics of one test, and the command over them."""

    directory: Path
    brokers: str
    topic: str

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "stream", "dlq"]

    def configure(self) -> None:
        (self.directory / "floorwatch.toml").write_text(
            f'[kafka]\nbrokers = "{self.brokers}"\nevents_topic = "{self.topic}"\n'
            f'dead_letters_topic = "{self.topic}-dlq"\n',
            encoding="utf-8",
        )

    def run(self, *options: str, status: int = 0) -> str:
        """What the command says."""
        bare = {k: v for k, v in os.environ.items() if not k.startswith("FLOORWATCH_")}
        config = str(self.directory / "floorwatch.toml")
        done = subprocess.run(
            [*self.command, *options, "--config", config],
            env=bare,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    async def write(self, records: Sequence[bytes | None] = RECORDS, *, times: int = 1) -> None:
        """Letters of records that stood in berlin's partition, each so many times."""
        decoded = decode(records, [NOW_MS] * len(records), Names(), Route(HOME, PARTITIONS))
        late = LATE if records is RECORDS else []
        origin = Origin(self.topic, HOME)
        letters = make_dead_letters(origin, records, range(len(records)), decoded.rejected, late)
        producer = AIOKafkaProducer(bootstrap_servers=self.brokers)
        await producer.start()
        for one in letters * times:
            headers = list(one.headers)
            await producer.send(f"{self.topic}-dlq", one.value, one.key, headers=headers)
        await producer.stop()

    async def sends_the_rest(self, count: int, sent: int) -> None:
        """A run after an interrupted one, which reported so many as sent, sends the rest."""
        said = self.run("retry", "--all")
        now, before = (
            int(found[1]) if (found := re.search(pattern, said)) else 0
            for pattern in (r"sent (\d+) dead letters again", r"(\d+) were sent by an earlier run")
        )
        assert now + before == count
        assert before >= sent  # a mark may stand there that was not acknowledged in time
        agents = {held["agent"] for *_, held in await self.events()}
        assert agents == {f"a-{number}" for number in range(count)}

    async def events(self) -> list[tuple[int, bytes, Any]]:
        """What was sent to the events' topic: partition, key and value."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.brokers, auto_offset_reset="earliest")
        await consumer.start()
        tps = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        found = [await consumer.getone() for _ in range(sum(ends.values()))]
        await consumer.stop()
        found.sort(key=lambda one: (one.partition, one.value))
        return [(one.partition, one.key, orjson.loads(one.value)) for one in found]


async def all_retried_but_interrupted(
    desk: Desk, count: int, interrupt: Callable[[asyncio.subprocess.Process], Any]
) -> tuple[int | None, int, str]:
    """Retry so many letters, and interrupt once the first event has come.

    Returns the exit status, how many were sent and marked, and what was said on stderr.
    """
    await desk.write([event("madrid", agent=f"a-{number}") for number in range(count)])
    consumer = AIOKafkaConsumer(
        desk.topic, bootstrap_servers=desk.brokers, auto_offset_reset="earliest"
    )
    await consumer.start()
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from stream.cli.main import main; main()"
    )
    config = str(desk.directory / "floorwatch.toml")
    command = [sys.executable, "-c", code, "dlq", "retry", "--all", "--config", config]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    await consumer.getone()
    await consumer.stop()
    await asyncio.to_thread(interrupt, process)
    out, said = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, int(out.split()[1]), said.decode()


def without_progress(said: str) -> list[str]:
    return [line for line in said.splitlines() if not line.endswith("%")]
