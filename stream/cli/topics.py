"""`floorwatch topics create` and `floorwatch topics check`: the topics, and their settings."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from stream.cli.kafka import run_with_kafka
from stream.cli.options import ConfigFile, read_settings
from stream.errors import ConfigurationError, FloorwatchError

if TYPE_CHECKING:
    from stream.config import Settings
    from stream.kafka.topic_settings import Topic, TopicDescription, TopicFinding

TOPICS: Final = "Create the topics, and check their settings."
PARTITIONS: Final = 8


def create(
    partitions: Annotated[
        int,
        typer.Option(min=1, max=10_000, help="Partitions of the events topic; the others have 1."),
    ] = PARTITIONS,
    replication: Annotated[int, typer.Option(min=1, max=100, help="Copies of each partition.")] = 3,
    config: ConfigFile = None,
) -> None:
    """Create the topics that do not exist yet, with the settings that `topics check` asks for.

    Take as many partitions as you may ever have workers: the number cannot be changed later. A
    topic that exists is left as it is.

    \b
    Examples:
      floorwatch topics create --partitions 12
      floorwatch topics create --replication 1     one broker, for a trial
    """  # noqa: D301 - click's mark for text that it must not wrap
    settings = read_settings(config)
    for line in run_with_kafka(settings.kafka.brokers, _create(settings, partitions, replication)):
        typer.echo(line)


def check(config: ConfigFile = None) -> None:
    """Compare the topics with what Floorwatch needs: what differs, why it matters, what to do.

    Checked are the time stamps of the events topic, cleanup policy, retention, replicas, in-sync
    replicas and partitions. Exits with 1 if anything is wrong; notes alone are fine.

    \b
    Examples:
      floorwatch topics check
      floorwatch topics check --config floorwatch.toml && echo right
    """  # noqa: D301 - click's mark for text that it must not wrap
    settings = read_settings(config)
    lines, wrong = run_with_kafka(settings.kafka.brokers, _check(settings))
    for line in lines:
        typer.echo(line)
    if wrong:
        raise FloorwatchError(f"topics: {wrong} {'thing is' if wrong == 1 else 'things are'} wrong")


def _topics(settings: "Settings") -> "list[Topic]":
    from stream.kafka.topic_settings import Role, Topic

    kafka = settings.kafka
    return [
        Topic(kafka.events_topic, Role.events),
        Topic(kafka.dead_letters_topic, Role.dead_letters),
        Topic(kafka.control_topic, Role.control),
    ]


async def _create(settings: "Settings", partitions: int, replication: int) -> list[str]:
    from aiokafka.errors import InvalidReplicationFactorError

    from stream.kafka.topic_admin import (
        admin_client,
        await_topics,
        broker_count,
        create_topic,
    )
    from stream.kafka.topic_settings import Role, settings_for

    lines = []
    async with admin_client(settings.kafka.brokers) as admin:
        for name, role in _topics(settings):
            count = partitions if role is Role.events else 1
            wanted = settings_for(role, replication)
            try:
                is_new = await create_topic(admin, name, count, replication, wanted)
            except InvalidReplicationFactorError:
                brokers = await broker_count(admin)
                msg = f"--replication {replication}; allowed: 1 to {brokers}, the number of brokers"
                raise ConfigurationError(msg) from None
            lines.append(
                f"{name}: created, {count} x {replication} (partitions x replicas)"
                if is_new
                else f"{name}: exists, left as it is (floorwatch topics check compares it)"
            )
        await await_topics(admin, [topic.name for topic in _topics(settings)])
    return lines


async def _check(settings: "Settings") -> tuple[list[str], int]:
    """Lines, and how many things are wrong."""
    from stream.kafka.topic_admin import admin_client, broker_count, describe_topics

    topics, brokers = _topics(settings), settings.kafka.brokers
    async with admin_client(brokers) as admin:
        found = await describe_topics(admin, [topic.name for topic in topics])
        count = await broker_count(admin)
    lines, wrong = [], 0
    for topic in topics:
        described = found.get(topic.name)
        is_refused = topic.name in found and described is None
        findings = _refused(topic) if is_refused else _findings(topic, described, brokers, count)
        lines.append(_headline(topic, described) + ("" if findings else ": right"))
        lines += [line for one in findings for line in _lines(one)]
        wrong += sum(one.is_wrong for one in findings)
    return lines, wrong


def _findings(
    topic: "Topic", described: "TopicDescription | None", brokers: str, broker_count: int
) -> "list[TopicFinding]":
    from stream.kafka.topic_settings import TopicFinding, findings

    if described is None:
        why = "workers wait for it, and do not create it"
        return [TopicFinding("it does not exist", why, "floorwatch topics create")]
    return findings(topic, described, brokers, broker_count)


def _refused(topic: "Topic") -> "list[TopicFinding]":
    from stream.kafka.topic_settings import TopicFinding

    what = "Kafka does not let this user describe it, nor say whether it exists"
    why = "workers cannot use it, and nothing of it can be checked"
    remedy = f"grant this user Describe and DescribeConfigs on topic {topic.name}"
    return [TopicFinding(what, why, remedy)]


def _headline(topic: "Topic", described: "TopicDescription | None") -> str:
    if described is None:
        return topic.name
    return f"{topic.name}: partitions {described.partitions}, replicas {described.replicas}"


def _lines(finding: "TopicFinding") -> list[str]:
    return [
        f"  {'wrong' if finding.is_wrong else 'note'}: {finding.what}",
        f"    why: {finding.why}",
        f"    do:  {finding.remedy}",
    ]
