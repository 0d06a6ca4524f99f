"""Who is paged, and what readers see, while workers, Kafka or Redis are in trouble."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from stream.units import MINUTE_MS
from tests.components import Kafka
from tests.notify.receiver import Receiver
from tests.real.live import AGE_S_MAX, LiveFloor, passes, rules, until
from tests.real.staging import MakeRedis, MakeStage, one_redis
from tests.real.working import WorkerProcess

PAGED_S_MAX = 15.0
QUIET_S = 4.0
"""So long nobody is paged who need not be."""


@pytest.fixture
async def sink() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


def team_as_shown(worker: WorkerProcess, floor: LiveFloor) -> dict[str, Any]:
    status, body = worker.get(f"/api/v1/floors/{floor.name}/teams/team")
    return orjson.loads(body) if status == 200 else {}


async def test_while_redis_is_unavailable_it_pages_from_memory_and_once_only(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, sink: Receiver
) -> None:
    redis = make_redis("--appendfsync", "always")
    stage = await make_stage(kafka.address, redis.url, rules(sink))
    floor = LiveFloor(stage, "north")
    with stage.workers("worker", "standby") as workers:
        for worker in workers:
            await until(worker.is_ready, "they are ready")
        await floor.log_in()
        await until(lambda: team_as_shown(workers[0], floor).get("staffed") == 10, "it is seen")
        redis.stop(signal.SIGKILL)
        await floor.walk_out()
        await until(lambda: floor.pages(sink), "the page", PAGED_S_MAX)
        await until(
            lambda: any("has been unavailable" in str(w.why_not_ready()) for w in workers),
            "it says so",
        )
        assert any("floorwatch_redis_up 0.0" in w.get("/metrics")[1].decode() for w in workers)
        redis.start()
        for worker in workers:
            await until(worker.is_ready, "they are ready again")
        await passes(QUIET_S, [floor])
        shown = team_as_shown(workers[0], floor)
        assert (shown["verdict"], shown["agents"]["aux"]) == ("out_of_control", 8)
        # What was sent from memory is sent by nobody else: the store has it as delivered.
        for worker in workers:
            worker.end(signal.SIGKILL)
            await passes(QUIET_S, [floor])
            workers[workers.index(worker)] = stage.worker(worker.name).start()
            await until(workers[0].is_ready, "somebody goes on")
    assert len(set(floor.pages(sink))) == len(floor.pages(sink)) == 1


@one_redis
async def test_a_fail_over_pages_nothing_again_and_the_end_is_sent_once(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, sink: Receiver
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, rules(sink))
    floor = LiveFloor(stage, "north")
    with stage.workers("first", "second") as workers:
        for worker in workers:
            await until(worker.is_ready, "they are ready")
        await floor.log_in()
        await floor.walk_out()
        await until(lambda: floor.pages(sink), "the page", PAGED_S_MAX)
        await passes(2.0, [floor])
        for number, worker in enumerate(list(workers)):
            worker.end(signal.SIGKILL)
            workers.append(stage.worker(f"next-{number}").start())
            await passes(9.0, [floor])  # a session, and what comes after it
        await floor.come_back()
        await until(
            lambda: [one for one in sink.seen if one.document["status"] == "resolved"],
            "the end of it",
            3 * 60,
        )
    assert len(floor.pages(sink)) == 1
    assert len(sink.seen) == 2


@one_redis
@pytest.mark.parametrize(("point", "pages"), [("page.before", 1), ("page.after", 2)])
async def test_who_dies_while_it_pages_leaves_it_to_the_next_owner_under_the_same_key(
    kafka: Kafka,
    make_redis: MakeRedis,
    make_stage: MakeStage,
    sink: Receiver,
    point: str,
    pages: int,
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, rules(sink))
    floor = LiveFloor(stage, "north")
    dying = stage.worker("dying")
    dying.environment["FLOORWATCH_FAULT"] = f"kill@{point}"
    process = dying.start().process
    assert process is not None
    await until(dying.is_ready, "it is ready")
    await floor.log_in()
    await floor.walk_out()
    await until(lambda: process.poll() is not None, "it dies")
    assert process.returncode == -signal.SIGKILL
    with stage.workers("next"):
        await until(lambda: len(floor.pages(sink)) == pages, "the page", 2 * PAGED_S_MAX)
        await passes(QUIET_S, [floor])
    assert len(floor.pages(sink)) == pages
    assert len(set(floor.pages(sink))) == 1


@one_redis
async def test_a_backlog_pages_no_past_walk_out_but_one_that_is_still_true(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, sink: Receiver
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, rules(sink))
    over, lasting = LiveFloor(stage, "over"), LiveFloor(stage, "lasting")
    for floor in (over, lasting):
        await floor.log_in(60 * MINUTE_MS)
    await over.walk_out(40 * MINUTE_MS)
    await over.come_back(30 * MINUTE_MS)
    await lasting.walk_out(5 * MINUTE_MS)
    for floor in (over, lasting):
        await floor.beat()
    with stage.workers("worker") as (worker,):
        await until(worker.is_ready, "it is ready")
        await until(lambda: lasting.pages(sink), "the page", PAGED_S_MAX)
        await passes(QUIET_S, [over, lasting])
        shown = team_as_shown(worker, over)
        # Nor was an old state stretched: since half an hour nobody is on a break.
        assert shown["agents"]["aux"] == 0
        assert shown["windows"]["15m"]["seconds"]["aux"] == 0
        assert shown["verdict"] == "in_control"
        assert worker.end() == 0
    assert over.pages(sink) == []
    assert len(lasting.pages(sink)) == 1


@one_redis
async def test_a_zombie_pages_nobody_and_is_fenced(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, sink: Receiver
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, rules(sink))
    floors = [LiveFloor(stage, f"floor-{number}") for number in range(8)]
    with stage.workers("zombie", "other") as (zombie, other):
        for worker in (zombie, other):
            await until(worker.is_ready, "both are ready")
        for floor in floors:
            await floor.log_in()
        await until(lambda: all(team_as_shown(other, f) for f in floors), "all are seen")
        zombie.send(signal.SIGSTOP)
        for floor in floors:
            await floor.walk_out()
        await until(lambda: all(floor.pages(sink) for floor in floors), "all are paged", 30)
        zombie.send(signal.SIGCONT)
        await until(lambda: "FENCED" in zombie.log, "it is fenced")
        await passes(10.0, floors)
        await until(zombie.is_ready, "it is back")
    assert [len(floor.pages(sink)) for floor in floors] == [1] * len(floors)


@one_redis
async def test_readers_see_within_five_seconds_that_the_figures_of_a_dead_worker_are_stale(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, sink: Receiver
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, rules(sink))
    stage.session = "15s"  # no other worker acquires it meanwhile
    floors = [LiveFloor(stage, f"floor-{number}") for number in range(8)]
    with stage.workers("owner") as (owner,):
        await until(owner.is_ready, "it is ready", 60)  # a long session: joining takes long
        for floor in floors:
            await floor.log_in()
        await until(lambda: all(team_as_shown(owner, f) for f in floors), "all are seen")
        with stage.workers("other") as (other,):
            await until(other.is_ready, "it is ready, too")
            fresh = [floor for floor in floors if not team_as_shown(other, floor)["stale"]]
            assert len(fresh) == len(floors)
            owner.end(signal.SIGKILL)
            began_s = time.monotonic()
            gone: set[str] = set()
            while time.monotonic() - began_s < AGE_S_MAX:
                for floor in floors:
                    shown = team_as_shown(other, floor)
                    if shown["stale"]:
                        assert (shown["verdict"], shown["signal"]) == ("stale", "none")
                        gone.add(floor.name)
                    # What is shown is what was: no figure is made up for a time nobody saw.
                    assert shown["agents"]["available"] == 10
                await asyncio.sleep(0.1)
            assert 0 < len(gone) < len(floors)
            beating = asyncio.create_task(passes(60, floors))
            await until(
                lambda: not any(team_as_shown(other, floor)["stale"] for floor in floors),
                "the other has them all",
                50,
            )
            beating.cancel()
