"""`floorwatch topics` on a real Apache Kafka."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from typer.testing import CliRunner

from stream.agents.topic_monitor import TopicMonitor
from stream.cli.main import app
from stream.kafka.topic_admin import admin_client, topic_settings
from tests.components import Kafka, kafka_node
from tests.real.reading import fresh_name
from tests.real.working import wait_until

WEEK_MS = str(7 * 86_400_000)


class Desk:
    """A configuration with topics of its own, and the commands on it."""

    def __init__(self, directory: Path, brokers: str) -> None:
        self.topic, self._brokers = fresh_name("topics"), brokers
        self._config = directory / "floorwatch.toml"
        self._config.write_text(
            f'[kafka]\nbrokers = "{brokers}"\nevents_topic = "{self.topic}"\n'
            f'dead_letters_topic = "{self.topic}-dlq"\ncontrol_topic = "{self.topic}-control"\n'
        )

    def run(self, *command: str) -> tuple[int, str]:
        """Exit status, and what was printed to stdout and stderr."""
        done = CliRunner().invoke(app, ["topics", *command, "--config", str(self._config)])
        assert "Traceback" not in done.output
        return done.exit_code, done.output

    def alter(self, topic: str, **settings: str) -> None:
        """Set a topic's settings, and wait until they hold; all others get the broker's values."""
        named = {name.replace("_", "."): value for name, value in settings.items()}

        async def alter() -> None:
            async with admin_client(self._brokers) as admin:
                await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, named)])

        asyncio.run(alter())
        wait_until(lambda: named.items() <= self.settings(topic).items(), "the settings hold")

    def settings(self, topic: str) -> dict[str, str]:
        async def read() -> dict[str, str]:
            async with admin_client(self._brokers) as admin:
                return (await topic_settings(admin, [topic]))[topic]

        return asyncio.run(read())


@pytest.fixture
def desk(kafka: Kafka, tmp_path: Path) -> Desk:
    return Desk(tmp_path, kafka.address)


def test_topics_that_were_created_are_right_and_a_second_call_leaves_them(desk: Desk) -> None:
    status, text = desk.run("check")
    assert (status, text.count("wrong: it does not exist")) == (1, 3)
    assert "topics: 3 things are wrong" in text

    status, text = desk.run("create", "--partitions", "3", "--replication", "1")
    assert status == 0
    assert text.splitlines() == [
        f"{desk.topic}: created, 3 x 1 (partitions x replicas)",
        f"{desk.topic}-dlq: created, 1 x 1 (partitions x replicas)",
        f"{desk.topic}-control: created, 1 x 1 (partitions x replicas)",
    ]
    settings = desk.settings(desk.topic)
    assert settings["message.timestamp.type"] == "LogAppendTime"
    assert (settings["cleanup.policy"], settings["retention.ms"]) == ("delete", WEEK_MS)

    status, text = desk.run("create", "--partitions", "9", "--replication", "1")
    assert (status, text.count("exists, left as it is")) == (0, 3)
    status, text = desk.run("check")
    assert (status, text.count("wrong:"), text.count("note: 1 replica")) == (0, 0, 3)
    assert f"{desk.topic}: partitions 3, replicas 1" in text


def test_settings_that_are_wrong_are_listed_with_reason_and_command(desk: Desk) -> None:
    desk.run("create", "--replication", "1")
    desk.alter(desk.topic, cleanup_policy="compact", retention_ms="3600000")
    desk.alter(f"{desk.topic}-dlq", retention_bytes="1000000", min_insync_replicas="2")

    status, text = desk.run("check")

    lines = text.splitlines()
    assert [line.split("wrong: ")[1] for line in lines if "wrong: " in line] == [
        "message.timestamp.type is CreateTime, not LogAppendTime",
        "cleanup.policy is compact, not delete",
        "retention.ms is 3600000 (0.0417 days), less than 3 days",
        "retention.bytes is 1000000: Kafka deletes by size too, however young records are",
        "min.insync.replicas is 2, with 1 replica",
    ]
    assert status == 1
    assert text.count("kafka-configs.sh --bootstrap-server 127.0.0.1:") == 5
    assert lines[-1] == "floorwatch: topics: 5 things are wrong"


def test_more_copies_than_brokers_are_refused_with_what_is_allowed(desk: Desk) -> None:
    status, text = desk.run("create")
    assert (status, text) == (
        2,
        "floorwatch: --replication 3; allowed: 1 to 1, the number of brokers\n",
    )


@pytest.mark.parametrize("command", ["create", "check"])
def test_without_kafka_it_says_so_in_one_line(tmp_path: Path, command: str) -> None:
    status, text = Desk(tmp_path, "127.0.0.1:1").run(command)
    assert status == 3
    assert text.startswith("floorwatch: Kafka at 127.0.0.1:1: ")
    assert text.count("\n") == 1


def test_help_shows_examples() -> None:
    for command in ("create", "check"):
        done = CliRunner().invoke(app, ["topics", command, "--help"])
        assert f"floorwatch topics {command}" in done.output.split("Examples:")[1]


AUTHORIZED = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
"""


async def test_a_topic_that_kafka_does_not_describe_to_this_user_is_not_called_missing(
    tmp_path: Path,
) -> None:
    """Kafka says the same of one that exists and of one that does not."""
    node = kafka_node(tmp_path / "kafka")
    node.options = {"KAFKA_SETTINGS": AUTHORIZED}
    node.start()
    try:
        desk = Desk(tmp_path, node.address)
        await asyncio.to_thread(desk.run, "create", "--replication", "1")
        of_others = f"{desk.topic}-dlq"
        await asyncio.to_thread(reserve, node.address, of_others)
        status, text = await asyncio.to_thread(desk.run, "check")
        monitor = TopicMonitor(node.address, {of_others: "x", "none": "y"}, "group", lambda: False)
        async with admin_client(node.address) as admin:
            await monitor._poll(admin)
    finally:
        node.stop()
    assert status == 1
    assert "does not exist" not in text
    assert "wrong: Kafka does not let this user describe it, nor say whether it exists" in text
    assert f"grant this user Describe and DescribeConfigs on topic {of_others}" in text
    assert (monitor.missing, monitor.refused) == (["none"], [of_others])
    missing, reason = monitor.reasons()
    assert missing == "topic none does not exist"
    assert reason.endswith(f"describe topic {of_others}: grant it Describe on the topic")


def reserve(brokers: str, topic: str) -> None:
    """Let nobody but another user do anything with a topic, and wait until that holds."""
    admin = AdminClient({"bootstrap.servers": brokers})
    rule = AclBinding(
        *(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:another", "*"),
        *(AclOperation.ALL, AclPermissionType.ALLOW),
    )
    for done in admin.create_acls([rule]).values():
        done.result(10)
    wait_until(lambda: admin.list_topics(timeout=10).topics.get(topic) is None, "it is reserved")
