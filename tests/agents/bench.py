"""One partition task over the memory store, with a diary of what is written where, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from typing import Any

import orjson
from faust.types import TP

from stream.agents.acquisition import PartitionRef, TaskConfig, acquire_task
from stream.agents.log_guard import LogGuard
from stream.agents.partition_task import NoticeFormat, TaskLimits
from stream.agents.task_runner import TaskRunner
from stream.agents.transport.fetched_batch import FetchedBatch, RecordColumns
from stream.agents.worker_services import WorkerServices
from stream.control.alerts.messages import messages
from stream.dlq.dead_letters import DeadLetter
from stream.errors import FloorwatchError, ServiceError
from stream.events.decode import decode
from stream.notify.alertmanager import ActiveAlerts
from stream.notify.dispatcher import Dispatcher
from stream.notify.notice import Notice, key_of
from stream.render.exposition import Exporter
from stream.render.views import field_formats
from stream.render.worker_metrics import Health
from stream.roster import NO_ROSTER
from stream.shard import Shard
from stream.simulate.plan import Disturbance, Plan, WalkOut, even_floors
from stream.simulate.run import simulate
from stream.spec import ControlSpec, LocalSpan, PeakSpec, Spec
from stream.store.keys import ShardKey
from stream.store.lease import Lease, OutboxEntry, Outcome
from stream.store.memory import MemoryStore
from stream.store.memory_server import MemoryServer
from stream.store.protocol import Commit, Fields
from stream.units import HOUR_MS, MINUTE_MS
from tests.agents.known_log import KnownLog

START_MS = 1_772_445_600_000
SPEC = Spec(
    peaks=(PeakSpec(LocalSpan(0, 24 * 60)),), control=ControlSpec(gate=False), event_clock=True
)
KEY = ShardKey("floor-events", 0)
TOPIC = TP("floor-events", 0)


@cache
def recording(seed: int) -> list[tuple[bytes, int]]:
    """An hour of a floor with a walk-out, late and repeated events: (record, its time stamp)."""
    plan = Plan(
        even_floors(1, 2, 20),
        START_MS,
        START_MS + HOUR_MS,
        seed=seed,
        disturbance=Disturbance(late=0.02, repeated=0.02, lost=0.01, late_ms_most=8 * MINUTE_MS),
        walk_outs=(WalkOut("floor-01", "team-01", START_MS + 30 * MINUTE_MS, 7),),
    )
    return [(orjson.dumps(sent.event), sent.sent_ms) for sent in islice(simulate(plan), 2_500)]


def until_the_walk_out(seed: int) -> list[tuple[bytes, int]]:
    """The same, up to when it has just happened."""
    return [one for one in recording(seed) if one[1] < START_MS + 31 * MINUTE_MS]


@dataclass
class Diary:
    """What was written where, in order."""

    lines: list[str] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    audits: list[OutboxEntry] = field(default_factory=list)
    topics_answer: bool = True

    async def dead_letters(self, letters: list[DeadLetter]) -> bool:
        if self.topics_answer:
            self.lines.append("letters")
            self.letters += letters
        return self.topics_answer

    async def transitions(self, entries: list[OutboxEntry]) -> bool:
        if self.topics_answer:
            self.lines.append("audits")
            self.audits += entries
        return self.topics_answer

    def refusals(self) -> list[str]:
        return [] if self.topics_answer else ["the topics accept nothing"]

    def refused_topics(self) -> set[str]:
        return set() if self.topics_answer else {"floor-events-dlq", "control-events"}

    async def close(self) -> None:
        """Nothing to drop."""


class RecordingStore(MemoryStore):
    """The memory store, with a diary, which may be unavailable."""

    def __init__(self, server: MemoryServer, diary: Diary) -> None:
        super().__init__(server, field_formats(Shard(SPEC).figures()))
        self.diary = diary
        self.unavailable = False
        self.error: FloorwatchError = ServiceError("the store is unavailable")

    async def commit(self, lease: Lease, commit: Commit) -> Outcome:
        if self.unavailable:
            raise self.error
        self.diary.lines.append("commit")
        return await super().commit(lease, commit)

    async def write_views(
        self, lease: Lease, as_of_ms: int, views: Mapping[str, Fields]
    ) -> Outcome:
        if self.unavailable:
            raise self.error
        return await super().write_views(lease, as_of_ms, views)


class Pager(Dispatcher):
    """Accepts every notice but those that it is to refuse, by their keys."""

    def __init__(self, diary: Diary) -> None:
        super().__init__([], Health())
        self.diary = diary
        self.notices: list[Notice] = []
        self.refused: set[str] = set()

    def offer(self, notice: Notice) -> bool:
        if notice.key in self.refused:
            return False
        self.diary.lines.append("page")
        self.notices.append(notice)
        return True


@dataclass
class Bench:
    """One task at a time, over one store."""

    spec: Spec = SPEC
    limits: TaskLimits = field(default_factory=TaskLimits)
    server: MemoryServer = field(default_factory=MemoryServer)
    diary: Diary = field(default_factory=Diary)
    lost: list[Outcome] = field(default_factory=list)
    seen_end: int | None = None
    """What a fetch without records says of the end of the partition."""
    rebuild: bool = False
    committed: int | None = None
    is_kafka_answering: bool = True
    log: KnownLog = field(default_factory=KnownLog)
    removed: list[int] = field(default_factory=list)
    """Records that retention removed unread."""
    mistrusted: list[str] = field(default_factory=list)
    """Why the partition was to be acquired again."""
    in_flight: int = 0
    """Records that were fetched and are not applied."""

    def __post_init__(self) -> None:
        self.store = RecordingStore(self.server, self.diary)
        self.pager = Pager(self.diary)
        health = Health()
        active_notices = ActiveAlerts((), health)
        self.services = WorkerServices(
            self.store, self.diary, self.pager, active_notices, Exporter(health), health
        )

    async def acquire_task(self) -> TaskRunner:
        notice_format = NoticeFormat(messages, "en")
        rules = TaskConfig(self.spec, NO_ROSTER, notice_format, self.limits, rebuild=self.rebuild)
        task = await acquire_task(
            self.store, self.log, PartitionRef(KEY, 1), self.committed, rules, 0
        )
        self.diary.lines.clear()
        return TaskRunner(
            task,
            self.services,
            LogGuard(
                *(task, self.log, self.removed.append, self.mistrusted.append),
                in_flight=lambda: self.in_flight,
            ),
            lambda *_: None,
            self._on_lease_lost,
            is_kafka_answering=lambda: self.is_kafka_answering,
            end_offset=lambda: self.seen_end,
        )

    def _on_lease_lost(self, runner: TaskRunner, how: Outcome) -> None:
        self.lost.append(how)
        self.services.exporter.withdraw(runner.partition)


def batch(records: Sequence[tuple[bytes, int]], start: int, end: int) -> FetchedBatch:
    values: list[bytes | None] = [value for value, _ in records[start:end]]
    times = [time_ms for _, time_ms in records[start:end]]
    columns = RecordColumns(values, times, bytes(len(values)), range(start, end), start, end)
    return FetchedBatch(TOPIC, 1, columns, len(records))


def live() -> Bench:
    return Bench(spec=replace(SPEC, event_clock=False))


def reference(records: Sequence[tuple[bytes, int]], end: int) -> tuple[Shard, list[str]]:
    """One shard that never stopped, and the keys of its transitions."""
    shard = Shard(SPEC)
    keys: list[str] = []
    for at in range(0, end, 250):
        values, times_ms = zip(*records[at : min(at + 250, end)], strict=True)
        shard.push(decode(values, times_ms, shard.names).batch)
        keys += [key_of(one) for one in shard.step(shard.watermark_ms)]
    return shard, keys


def seats(shard: Shard) -> dict[Any, Any]:
    return {
        (key.floor, key.team, member.agent): (
            member.state,
            member.since_ms,
            member.state_ms.tolist(),
        )
        for key in shard.team_keys()
        for member in shard.members(key.floor, key.team)
    }
