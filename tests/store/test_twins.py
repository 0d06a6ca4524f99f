"""Whatever workers do, and whatever befalls them: the memory twin and Redis answer the same."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.store import keys
from stream.store.lease import Lease, LeaseLost, OutboxEntry, Outcome
from stream.store.protocol import Commit, Snapshot, Store
from stream.store.record_fingerprint import RecordFingerprint
from stream.units import DAY_MS, HOUR_MS
from stream.windows.closing.archive import encode
from tests.store.deeds import SHARD
from tests.store.suite_of_archives import TEN_MS, hour_at, sealed
from tests.store.worlds import MemoryWorld, RedisWorld, World

WORKERS = ("A", "B")
HOURS = tuple(hour_at(TEN_MS + n * HOUR_MS, "f", seed=n) for n in range(3))
PARTS = ("a", "乙/1", "c")
IDS = ("x", "y", "😀")
VIEWS = (keys.team_view("f", "t1"), keys.team_view("f", "t2"), keys.pool_view("f", "main"))

Act = Literal[
    "acquire", "commit", "save", "load", "show", "drop", "seal", "reset", "copy", "set back"
]


@dataclass(frozen=True)
class Step:
    """One thing that one worker does."""

    act: Act
    worker: str
    lost: bool
    number: int
    """Tells contents apart; how far offset and as_of move."""
    some: frozenset[int]


WRITES: tuple[Act, ...] = (
    "commit",
    "commit",
    "commit",
    "save",
    "save",
    "show",
    "show",
    "drop",
    "seal",
    "load",
)
OTHERS: tuple[Act, ...] = ("acquire", "reset", "copy", "set back")
STEPS = st.builds(
    Step,
    act=st.sampled_from(WRITES + OTHERS),
    worker=st.sampled_from(WORKERS),
    lost=st.sampled_from((False, False, True)),
    number=st.integers(0, 3),
    some=st.frozensets(st.integers(0, 2)),
)


@dataclass
class Worker:
    """What a worker knows, which is what it was answered."""

    store: Store
    lease: Lease | None = None
    dead: bool = False
    offset: int = 0
    as_of_ms: int = 0
    parts: set[str] = field(default_factory=set)


class Play:
    """Acts out steps in one world and notes the answers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.workers: dict[str, Worker] = {}
        self.earlier: object = None
        self.answers: list[object] = []

    async def act(self, steps: list[Step]) -> list[object]:
        """The answers to all steps, and what is stored in the end."""
        self.workers = {name: Worker(await self.world.store()) for name in WORKERS}
        self.earlier = self.world.copy()
        for step in steps:
            self.answers.append((step.act, await self._step(step)))
        reader = await self.world.store()
        lease = await reader.acquire(SHARD)
        self.answers.append(seen(lease))
        self.answers.append(await reader.load(lease))
        self.answers.append(await reader.read_views(VIEWS))
        self.answers.append(await reader.teams())
        hours = await reader.read_archive(SHARD, "f", 0, TEN_MS + DAY_MS)
        self.answers.append([encode(hour) for hour in hours])
        return self.answers

    async def _step(self, step: Step) -> object:
        worker = self.workers[step.worker]
        if step.act == "copy":
            self.earlier = self.world.copy()
        elif step.act == "set back":
            self.world.set_back(self.earlier)
        elif step.act == "acquire":
            return seen(await self._acquire(worker))
        elif step.act == "reset":
            lease = await self._acquire(worker)
            worker.offset, worker.parts = 0, set()
            return await worker.store.reset(lease)
        else:
            # A dead lease is used once more now and then, but mostly a worker acquires again.
            alive = worker.lease if worker.lease and not (worker.dead and step.number) else None
            answer = await self._use(worker, alive or await self._acquire(worker), step)
            worker.dead = answer in (Outcome.FENCED, Outcome.MISMATCH)
            return answer
        return None

    async def _acquire(self, worker: Worker) -> Lease:
        lease = worker.lease = await worker.store.acquire(SHARD)
        worker.offset, worker.as_of_ms = lease.offset or 0, lease.as_of_ms or 0
        worker.parts = set(lease.manifest.parts) if lease.manifest else set()
        return lease

    async def _use(self, worker: Worker, lease: Lease, step: Step) -> object:
        store = worker.store
        if step.act == "commit":
            commit = committed(worker, step)
            with self._loss(step, store, "commit"):
                outcome = await store.commit(lease, commit)
            if outcome.stored:
                worker.offset = commit.offset
            return outcome
        if step.act == "save":
            snapshot = saved(worker, step)
            with self._loss(step, store, "flip"):
                outcome = await store.save(lease, snapshot)
            if outcome.stored:
                worker.parts = set(snapshot.names)
            return outcome
        if step.act == "show":
            worker.as_of_ms += -3 if step.lost else 1  # now and then back in time
            fields: dict[str, str | float] = {str(n): str(step.number) for n in step.some}
            fields |= {"as_of": str(worker.as_of_ms), "备注": step.number / 2}
            views = {VIEWS[n]: fields for n in {0, *step.some}}
            return await store.write_views(lease, worker.as_of_ms, views)
        if step.act == "seal":
            return await store.archive(lease, [sealed(HOURS[n]) for n in step.some], 2 * HOUR_MS)
        if step.act == "drop":
            return await store.drop_views(lease, [VIEWS[n] for n in sorted(step.some)])
        try:
            return sorted((await store.load(lease)).items())
        except LeaseLost:
            return "lost"

    @contextmanager
    def _loss(self, step: Step, store: Store, write: Any) -> Iterator[None]:
        if not step.lost:
            yield
            return
        with self.world.lost_reply(store, write):
            yield


def committed(worker: Worker, step: Step) -> Commit:
    """A commit that follows from step and worker."""
    text = f"{step.worker}{worker.offset}{step.number}".encode()
    entries = tuple(OutboxEntry(IDS[n], text) for n in sorted(step.some))
    offset = worker.offset + step.number
    record = RecordFingerprint.of(offset, step.number, text) if step.number else None
    return Commit(text, offset, offset * 10, entries, (IDS[step.number % 3],), record)


def saved(worker: Worker, step: Step) -> Snapshot:
    """A snapshot of which some parts changed, and one may be dropped."""
    changed = {PARTS[n]: f"{step.worker}{worker.offset}{step.number}".encode() for n in step.some}
    kept = worker.parts - {PARTS[step.number % 3]}
    record = RecordFingerprint.of(worker.offset, step.number, None)
    return Snapshot(changed, tuple(sorted(kept | set(changed))), worker.offset, 1, 1, 8, record)


def seen(lease: Lease) -> object:
    """All of a lease but what is random, or follows a clock."""
    manifest = lease.manifest and (
        lease.manifest.offset,
        sorted(lease.manifest.parts),
        lease.manifest.fingerprint,
    )
    state = (lease.commit_seq, lease.offset, lease.as_of_ms, lease.control)
    return (*state, lease.fingerprint, lease.outbox, manifest, sorted(lease.views))


async def played(world: World, steps: list[Step]) -> list[object]:
    """The answers of one world."""
    async with world:
        return await Play(world).act(steps)


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """How often each outcome was met; printed, since a property that meets nothing proves none."""
    counts: Counter[str] = Counter()
    yield counts
    print(f"\nstore twins: {dict(counts)}")


def test_twins_answer_the_same(redis_url: str, tally: Counter[str]) -> None:
    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(STEPS, min_size=20, max_size=50))
    def holds(steps: list[Step]) -> None:
        with redis.Redis.from_url(redis_url) as admin:
            admin.flushall()
        expected = asyncio.run(played(MemoryWorld(), steps))
        found = asyncio.run(played(RedisWorld(redis_url), steps))
        assert found == expected
        for answer in expected:
            if isinstance(answer, tuple) and isinstance(answer[1], Outcome):
                tally[f"{answer[0]} {answer[1]}"] += 1

    holds()
    for act in ("commit", "save", "show", "seal"):
        for outcome in set(Outcome) - ({Outcome.ALREADY} if act == "seal" else set()):
            assert tally[f"{act} {outcome}"], f"no {act} was answered {outcome}"
