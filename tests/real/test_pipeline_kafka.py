"""Whole workers on a Kafka as others set it up: topics and groups."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
)
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from typer.testing import CliRunner, Result

from stream.cli.main import app
from tests.components import Kafka, kafka_node
from tests.real.reading import fresh_name, make_topic
from tests.real.staging import PARTITIONS, MakeRedis, MakeStage, one_redis
from tests.real.working import Stage, WorkerProcess, wait_until

NOTICED_S_MAX = 10.0
DEFAULTS = (
    "auto.create.topics.enable=true\nnum.partitions=1\ngroup.min.session.timeout.ms=6000\n"
    "log.retention.ms=604800000\nallow.everyone.if.no.acl.found=true\n"
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
)
"""What Kafka has where nobody has set it, other than the broker of the other tests; and ACLs."""


@pytest.fixture(scope="module")
def kafka_with_defaults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    node = kafka_node(tmp_path_factory.mktemp("kafka"))
    node.options = {**node.options, "KAFKA_SETTINGS": DEFAULTS}
    yield node.start()
    node.stop("KILL")


@pytest.fixture
def new_stage(tmp_path: Path) -> Any:
    """A configuration whose topics nobody has created."""

    def make(brokers: str, redis_url: str, more: str = "") -> Stage:
        return Stage(tmp_path, brokers, redis_url, fresh_name("unmade"), PARTITIONS, more)

    return make


def topics_of(stage: Stage) -> dict[str, int]:
    """The topics of a stage that exist, and their partitions. Does not create any."""
    found = AdminClient({"bootstrap.servers": stage.brokers}).list_topics(timeout=20).topics
    return {n: len(t.partitions) for n, t in found.items() if n.startswith(stage.topic)}


def run(stage: Stage, *command: str) -> Result:
    return CliRunner().invoke(app, [*command, "--config", str(stage.config)])


@contextmanager
def foreign_member(address: str, group: str, topic: str, **options: Any) -> Iterator[None]:
    """Another application in the group."""
    settings = {"bootstrap.servers": address, "group.id": group, "session.timeout.ms": 6_000}
    consumer = Consumer({**settings, **options})
    assigned: list[Any] = []
    consumer.subscribe([topic], on_assign=lambda _, found: assigned.append(found))
    try:
        wait_until(lambda: (consumer.poll(0.2), assigned)[1], "the other application has joined")
        yield
    finally:
        consumer.close()


# ---------------------------------------------------------------------- topics


@one_redis
async def test_a_worker_that_starts_first_creates_no_topic_and_reads_those_made_later(
    kafka_with_defaults: Kafka, make_redis: MakeRedis, new_stage: Any
) -> None:
    stage = new_stage(kafka_with_defaults.address, make_redis().url)
    missing = f"topic {stage.topic} does not exist"
    with stage.workers("worker") as (worker,):
        wait_until(lambda: missing in worker.why_not_ready(), "it says what is missing")
        await asyncio.sleep(7.0)  # longer than its knowledge of topics lasts
        assert topics_of(stage) == {}

        await asyncio.to_thread(
            run, stage, "topics", "create", "--partitions", "4", "--replication", "1"
        )
        wait_until(worker.is_ready, "it reads the topic", NOTICED_S_MAX)
        assert topics_of(stage) == {stage.topic: 4, f"{stage.topic}-dlq": 1} | {
            f"{stage.topic}-control": 1
        }
        assert orjson.loads(worker.get("/readyz")[1])["details"] == []


@one_redis
def test_no_command_and_no_producer_of_ours_creates_a_topic(
    kafka_with_defaults: Kafka, make_redis: MakeRedis, new_stage: Any
) -> None:
    stage = new_stage(kafka_with_defaults.address, make_redis().url)
    simulated = ("--brokers", stage.brokers, "--topic", f"{stage.topic}-simulated")

    for command in (("dlq", "show"), ("dlq", "retry", "--all"), ("topics", "check")):
        assert run(stage, *command).exit_code != 0, command
    done = CliRunner().invoke(app, ["simulate", *simulated, "--duration", "1s"])
    assert (done.exit_code, done.output) == (3, f"floorwatch: Kafka has no topic {simulated[-1]}\n")

    assert topics_of(stage) == {}
    asyncio.run(_produce_in_vain(stage))
    assert topics_of(stage) == {}


async def _produce_in_vain(stage: Stage) -> None:
    from stream.agents.publisher import KafkaPublisher, Topics
    from stream.store.lease import OutboxEntry

    publisher = KafkaPublisher(
        stage.brokers, Topics(f"{stage.topic}-dlq", f"{stage.topic}-control")
    )
    assert not await publisher.transitions([OutboxEntry("id", b"body")])
    await publisher.close()


@one_redis
async def test_a_worker_warns_of_time_stamps_that_producers_make(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    with stage.workers("worker") as (worker,):
        wait_until(worker.is_ready, "it is ready")
        (detail,) = wait_until(lambda: orjson.loads(worker.get("/readyz")[1])["details"], "details")
        assert "message.timestamp.type = CreateTime" in detail
        assert "message.timestamp.type = CreateTime" in worker.log


# ---------------------------------------------------------------------- groups


@one_redis
@pytest.mark.parametrize("same_topic", [True, False])
async def test_a_group_that_another_application_uses_is_named_and_joined_when_it_is_free(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, same_topic: bool
) -> None:
    stage = await make_stage(kafka.address, make_redis().url)
    topic = stage.topic if same_topic else f"{stage.topic}-dlq"
    problem = f"cannot join consumer group {stage.topic}-group: another application is in it"
    with foreign_member(kafka.address, f"{stage.topic}-group", topic):
        with_problem = stage.worker("late").start()
        wait_until(lambda: problem in str(with_problem.why_not_ready()), "it says why")
        assert with_problem.get("/livez")[0] == 200
        assert problem in with_problem.log
    try:
        wait_until(with_problem.is_ready, "it joins", 30)
        assert "joined consumer group" in with_problem.log
    finally:
        with_problem.end()


@one_redis
async def test_a_session_timeout_that_the_brokers_refuse_is_named(
    kafka_with_defaults: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka_with_defaults.address, make_redis().url)
    stage.session = "3s"
    with stage.workers("worker") as (worker,):
        wait_until(lambda: "session_timeout" in str(worker.why_not_ready()), "it says why")
        assert "group.min.session.timeout.ms" in worker.log


@one_redis
async def test_a_worker_that_loses_its_right_to_the_group_says_so_and_goes_on_when_it_has_it_again(
    kafka_with_defaults: Kafka, make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka_with_defaults.address, make_redis().url)
    admin = AdminClient({"bootstrap.servers": stage.brokers})
    others_only: Any = (
        *(ResourceType.GROUP, f"{stage.topic}-group", ResourcePatternType.LITERAL),
        *("User:somebody-else", "*", AclOperation.ALL, AclPermissionType.ALLOW),
    )
    with stage.workers("worker") as (worker,):
        wait_until(worker.is_ready, "it is ready")
        (created,) = admin.create_acls([AclBinding(*others_only)]).values()
        created.result(20)
        wait_until(lambda: "no Read permission" in str(worker.why_not_ready()), "it says why")
        assert worker.get("/livez")[0] == 200

        (deleted,) = admin.delete_acls([AclBindingFilter(*others_only)]).values()
        deleted.result(20)
        wait_until(worker.is_ready, "it goes on", 30)
        assert worker.end() == 0


@one_redis
async def test_a_worker_to_which_no_partition_is_left_is_a_standby_and_ready(
    kafka: Kafka, make_redis: MakeRedis, new_stage: Any
) -> None:
    stage = new_stage(kafka.address, make_redis().url)
    for name in (stage.topic, f"{stage.topic}-dlq", f"{stage.topic}-control"):
        await make_topic(kafka.address, name, 1, {"message.timestamp.type": "LogAppendTime"})
    standby = "standby: other workers have all partitions"

    def is_standby(worker: WorkerProcess) -> bool:
        return standby in orjson.loads(worker.get("/readyz")[1] or b"{}").get("details", [])

    with stage.workers("first", "second") as workers:
        wait_until(lambda: all(w.is_ready() for w in workers), "both are ready")
        wait_until(lambda: sum(map(is_standby, workers)) == 1, "one has nothing to do")
