"""What a real Prometheus scrapes from a worker is what Redis holds, field by field."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import redis

from stream.events.partition import partition_of
from stream.simulate.plan import Plan, even_floors
from stream.simulate.run import simulate
from stream.units import MINUTE_MS
from tests.components import Kafka
from tests.real.prometheus_server import PrometheusServer
from tests.real.staging import (
    EVENT_CLOCK,
    PARTITIONS,
    T0,
    MakeRedis,
    MakeStage,
    ends,
    one_redis,
    send,
)
from tests.real.working import Stage, Stored, Written, wait_until
from tests.render.audit import View, differences, unclaimed

PEAK = '[[peak]]\ntime = "00:00-00:00"\n'


def simulated() -> Written:
    """Half an hour of three floors with calls, breaks and a queue."""
    plan = Plan(even_floors(3, 9, 120), T0, T0 + 30 * MINUTE_MS)
    values: dict[int, list[bytes | None]] = {p: [] for p in range(PARTITIONS)}
    times_ms: dict[int, list[int]] = {p: [] for p in range(PARTITIONS)}
    for sent in simulate(plan):
        home = partition_of(sent.floor, PARTITIONS)
        values[home].append(orjson.dumps(sent.event))
        times_ms[home].append(sent.sent_ms)
    return Written(values, times_ms)


def views_of(stage: Stage) -> list[View]:
    """All team and pool views as `redis-cli HGETALL` shows them, but for their guards."""
    client: Any = redis.Redis.from_url(stage.redis_url, decode_responses=True)
    views = []
    for kind in ("team", "pool"):
        for key in client.scan_iter(f"floorwatch:{kind}:*"):
            floor, _, name = key.removeprefix(f"floorwatch:{kind}:").partition("/")
            fields = {n: v for n, v in client.hgetall(key).items() if not n.startswith("_")}
            views.append(View(kind, floor, name, fields))
    client.close()
    return views


@one_redis
async def test_with_the_input_paused_every_field_in_redis_equals_its_series(
    kafka: Kafka,
    make_redis: MakeRedis,
    make_stage: MakeStage,
    prometheus: Path,
    tmp_path: Path,
) -> None:
    stage = await make_stage(kafka.address, make_redis().url, EVENT_CLOCK + PEAK)
    written = simulated()
    with stage.workers("worker") as (worker,):
        await send(stage, written)
        stored = Stored(stage)
        wait_until(lambda: stored.offsets() == ends(written), "all records are applied")
        server = PrometheusServer(prometheus, tmp_path / "prometheus", worker.port)
        await asyncio.to_thread(server.start)
        samples = await server.until(lambda found: len(found) > 1_000)

        def settled() -> bool:
            return not [line for view in views_of(stage) for line in differences(view, samples)]

        async with asyncio.timeout(30):  # views and pages are shown within seconds of the last
            while not settled():
                await asyncio.sleep(0.25)
                samples = await server.samples()
        views = views_of(stage)
        assert {view.kind for view in views} == {"team", "pool"}
        assert len(views) == 9 + 3
        assert unclaimed(views, samples) == set()
        await asyncio.to_thread(server.stop)
        stored.close()
