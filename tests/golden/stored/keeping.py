"""A worker's lane on a real Redis, and all that this Redis holds, as bytes."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import redis
from faust.types import TP

from stream.agents.acquisition import PartitionRef, TaskConfig, acquire_task
from stream.agents.log_guard import LogGuard
from stream.agents.partition_task import NoticeFormat
from stream.agents.task_runner import TaskRunner
from stream.agents.transport.fetched_batch import FetchedBatch, RecordColumns
from stream.agents.worker_services import WorkerServices
from stream.config import load_roster, load_settings
from stream.control.alerts.messages import messages
from stream.dlq.dead_letters import DeadLetter
from stream.notify.alertmanager import ActiveAlerts
from stream.notify.dispatcher import Dispatcher
from stream.render.exposition import Exporter
from stream.render.views import field_formats
from stream.render.worker_metrics import Health
from stream.shard import Shard
from stream.store.keys import ShardKey
from stream.store.lease import OutboxEntry
from stream.store.options import StoreOptions
from stream.store.redis import RedisStore
from tests.agents.known_log import KnownLog
from tests.golden.floor import blanked
from tests.golden.stored.floors import Record

FOLDER = Path(__file__).parent
KEY = ShardKey("floor-events", 0)
FAR = 1_000_000
"""The partition's end: it is never reached, so that time is that of the events."""
AT_ONCE = 200
GUARDS = b"_"
"""Fields of views with which a store guards them begin so."""

Dump = dict[str, list[Any]]
"""By key: its type, and what it holds, in base64."""


class Topics:
    """Takes dead letters, and what goes to the audit topic while it answers."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.letters: list[DeadLetter] = []
        self.audits: list[tuple[str, str]] = []

    async def dead_letters(self, letters: list[DeadLetter]) -> bool:
        self.letters += letters
        return True

    async def transitions(self, entries: list[OutboxEntry]) -> bool:
        if self.answers:
            self.audits += [(entry.id, as_before(entry.body)) for entry in entries]
        return self.answers

    def refusals(self) -> list[str]:
        return []

    def refused_topics(self) -> set[str]:
        return set()

    async def close(self) -> None:
        """Nothing to drop."""


def as_before(body: bytes | str) -> str:
    """A document without words, nor what evidence says since 0.1.0: what ended an alert."""
    document = orjson.loads(blanked(body))
    document["evidence"].pop("ended", None)
    return orjson.dumps(document).decode()


class Kept:
    """A lane that was taken over."""

    def __init__(self, store: RedisStore, runner: TaskRunner, topics: Topics) -> None:
        self.store = store
        self.runner = runner
        self.topics = topics

    async def feed(self, records: Sequence[Record], first_offset: int) -> None:
        """Take records in, with a commit after each batch."""
        for start in range(0, len(records), AT_ONCE):
            some = records[start : start + AT_ONCE]
            first = first_offset + start
            columns = RecordColumns(
                [value.encode() for _, value in some],
                [time_ms for time_ms, _ in some],
                bytes(len(some)),
                range(first, first + len(some)),
                first,
                first + len(some),
            )
            await self.runner.process(FetchedBatch(TP(KEY.topic, KEY.partition), 1, columns, FAR))
            if not self.runner.task.replaying:
                assert await self.runner.flush()


@cache
def rules() -> TaskConfig:
    settings = load_settings(FOLDER / "floorwatch.toml", {})
    return TaskConfig(
        settings.spec, load_roster(settings), NoticeFormat(messages, "en"), track_active=True
    )


@asynccontextmanager
async def taken_over(url: str, *, answers: bool = False) -> AsyncIterator[Kept]:
    """A lane of the present version on the state that stands there.

    Args:
        url: of a Redis.
        answers: whether the audit topic takes anything from the beginning.
    """
    health, topics = Health(), Topics(answers=answers)
    options = StoreOptions(view_fields=field_formats(Shard(rules().spec).figures()))
    async with RedisStore(url, options) as store:
        log = KnownLog()
        task = await acquire_task(store, log, PartitionRef(KEY, 1), None, rules(), 0)
        outlets = WorkerServices(
            store,
            topics,
            Dispatcher([], health),
            ActiveAlerts((), health),
            Exporter(health),
            health,
        )
        runner = TaskRunner(
            task,
            outlets,
            LogGuard(task, log, lambda _: None, _mistrusted, in_flight=lambda: 0),
            lambda *_: None,
            _lost,
            is_kafka_answering=lambda: True,
            end_offset=lambda: None,
        )
        yield Kept(store, runner, topics)


def _lost(_keeper: TaskRunner, how: object) -> None:
    raise AssertionError(f"the lane was lost: {how}")


def _mistrusted(why: str) -> None:
    raise AssertionError(f"the lane was to be acquired again: {why}")


# ------------------------------------------------------------------------------ as bytes


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def dumped(url: str) -> Dump:
    """All that a Redis holds."""
    found: Dump = {}
    with redis.Redis.from_url(url) as client:
        any_client: Any = client
        for key in sorted(any_client.scan_iter()):
            kind = any_client.type(key).decode()
            match kind:
                case "string":
                    held: Any = _text(any_client.get(key))
                case "hash":
                    held = sorted([_text(f), _text(v)] for f, v in any_client.hgetall(key).items())
                case "set":
                    held = sorted(_text(member) for member in any_client.smembers(key))
                case "zset":
                    held = [
                        [_text(m), score]
                        for m, score in any_client.zrange(key, 0, -1, withscores=True)
                    ]
                case _:
                    raise AssertionError(f"{key} is of type {kind}")
            found[key.decode()] = [kind, held]
    return found


def load(url: str, dump: Dump) -> None:
    """Let an emptied Redis hold it."""
    raw = base64.b64decode
    with redis.Redis.from_url(url) as client:
        client.flushall()
        pipe: Any = client.pipeline(transaction=False)
        for key, (kind, held) in dump.items():
            match kind:
                case "string":
                    pipe.set(key, raw(held))
                case "hash":
                    pipe.hset(key, mapping={raw(field): raw(value) for field, value in held})
                case "set":
                    pipe.sadd(key, *map(raw, held))
                case "zset":
                    pipe.zadd(key, {raw(member): score for member, score in held})
        pipe.execute()


def shown(url: str) -> dict[str, dict[str, str]]:
    """All views as people read them, by key."""
    with redis.Redis.from_url(url) as client:
        any_client: Any = client
        keys = [key for key in any_client.scan_iter("floorwatch:*") if b"{" not in key]
        return {
            key.decode(): {
                field.decode(): value.decode()
                for field, value in sorted(any_client.hgetall(key).items())
                if not field.startswith(GUARDS)
            }
            for key in sorted(keys)
            if any_client.type(key) == b"hash"
        }


def waiting(url: str) -> list[str]:
    """Ids of what the outbox keeps."""
    with redis.Redis.from_url(url) as client:
        any_client: Any = client
        [key] = list(any_client.scan_iter("floorwatch:{*:outbox"))
        return sorted(field.decode() for field in any_client.hkeys(key))
