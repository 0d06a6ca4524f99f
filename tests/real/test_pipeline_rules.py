"""Workers with different rosters say so; what one producer makes up fills no worker."""

import json
from dataclasses import replace
from pathlib import Path

from stream.events.partition import partition_of
from tests.components import Kafka
from tests.real.staging import (
    EVENT_CLOCK,
    PARTITIONS,
    T0,
    MakeRedis,
    MakeStage,
    ends,
    one_redis,
    send,
    state,
)
from tests.real.working import Stage, Stored, WorkerProcess, Written, wait_until

ROSTER = '[roster]\nfile = "r.csv"\n'
JSON = '[log]\nformat = "json"\n'
SAID = "workers of one group have different rules or rosters"


def with_roster(stage: Stage, folder: Path, team: str) -> Stage:
    """The same stage with a configuration in a folder of its own."""
    folder.mkdir()
    (folder / "r.csv").write_text(f"agent,team\nagent-1,{team}\n")
    return replace(stage, directory=folder, more=EVENT_CLOCK + ROSTER + JSON)


def differ(worker: WorkerProcess) -> str:
    lines = worker.get("/metrics")[1].decode().splitlines()
    return next((line[-3:] for line in lines if line.startswith("floorwatch_rules_differ ")), "")


@one_redis
async def test_two_workers_with_different_rosters_say_so_until_one_of_them_ends(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, tmp_path: Path
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    red, blue = (with_roster(stage, tmp_path / team, team) for team in ("red", "blue"))
    with red.workers("red") as (first,):
        wait_until(first.is_ready, "the first is ready")
        assert differ(first) == "0.0"
        with blue.workers("blue") as (second,):
            wait_until(lambda: differ(second) == differ(first) == "1.0", "both say so")
            assert second.end() == 0
            lines = [json.loads(line) for line in second.log.splitlines()]
        wait_until(lambda: differ(first) == "0.0", "only one is left")
    (said,) = [line for line in lines if SAID in line["message"]]
    assert said["level"] == "WARNING"
    assert said["message"].count(said["worker"]) == 1
    assert first.log.count(SAID) == 1


@one_redis
async def test_a_second_group_on_one_redis_is_refused_unless_it_has_a_prefix_of_its_own(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, tmp_path: Path
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)

    def of_staging(name: str, redis_more: str = "") -> Stage:
        (tmp_path / name).mkdir()
        folder, group = tmp_path / name, f"{stage.topic}-staging"
        return replace(stage, directory=folder, group=group, redis_more=redis_more)

    with stage.workers("production") as (production,):
        wait_until(production.is_ready, "production is ready")
        with of_staging("refused").workers("refused") as (refused,):
            assert refused.process is not None
            assert refused.process.wait(40.0) == 1
        assert f"belongs to consumer group '{stage.topic}-group'" in refused.log.splitlines()[-1]
        assert "[redis] prefix" in refused.log.splitlines()[-1]
        assert production.is_ready()
        with of_staging("apart", 'prefix = "staging"\n').workers("apart") as (apart,):
            wait_until(apart.is_ready, "both run")
            assert production.is_ready()
    assert "FENCED" not in production.log


@one_redis
async def test_a_flood_of_names_is_rejected_and_a_restarted_worker_judges_it_alike(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    stage = replace(stage, more=EVENT_CLOCK + "[limits]\nagents = 50\n")
    values: dict[int, list[bytes | None]] = {p: [] for p in range(PARTITIONS)}
    values[partition_of("north", PARTITIONS)] = [
        state("north", 0, agent=f"made-up-{number}") for number in range(500)
    ]
    flood = Written(values, {p: [T0] * len(values[p]) for p in values})
    stored = Stored(stage)
    for sent in (1, 2):
        with stage.workers(f"worker-{sent}") as (worker,):
            await send(stage, flood)
            whole = [sent * end for end in ends(flood)]
            wait_until(lambda: stored.offsets() == whole, "all is applied")  # noqa: B023
            metrics = worker.get("/metrics")[1].decode()
            assert 'floorwatch_events_rejected_total{reason="over_limit"} 450.0' in metrics
            assert 'floorwatch_events_total{result="accepted"} 50.0' in metrics
            assert worker.end() == 0
    stored.close()
