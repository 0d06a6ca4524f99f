"""`floorwatch simulate` as a user calls it: to stdout, to a file of agents, to Kafka."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner

from stream.cli.embedded import Program
from stream.cli.main import app
from stream.events.partition import partition_of
from stream.roster import parse_roster

STORY = (
    "--start",
    "2026-03-02T08:00:00+08:00",
    "--duration",
    "10m",
    "--agents",
    "12",
    "--floors",
    "2",
    "--seed",
    "7",
)


def simulate(*options: str, status: int = 0) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "stream", "simulate", *options], capture_output=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done


def test_the_same_seed_prints_the_same_lines_and_another_prints_others() -> None:
    first = simulate(*STORY).stdout
    assert first == simulate(*STORY).stdout
    assert first != simulate(*STORY, "--seed", "8").stdout
    events = [json.loads(line) for line in first.splitlines()]
    assert events[0]["ts"] == 1_772_409_600_000
    assert {event["floor"] for event in events} == {"floor-01", "floor-02"}


def test_the_roster_names_all_agents(tmp_path: Path) -> None:
    simulate(*STORY, "--roster", str(tmp_path / "roster.csv"))
    roster = parse_roster((tmp_path / "roster.csv").read_text(), "roster.csv")
    assert len(roster.assignments) == 12


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--walkout", "team=team-01"), "allowed: floor, team, after, heads, within, lasts"),
        (("--walkout", "team=x,after=1m,heads=2"), "no team 'x' on floor 'floor-01'"),
        (("--duration", "an hour"), "--duration: 'an hour' is no duration"),
        (("--start", "yesterday"), "--start 'yesterday'; allowed: RFC 3339"),
        (("--floors", "3"), "3 floors, 2 teams"),
        (("--late", "0.7", "--lost", "0.7"), "a sum of at most 1"),
        (("--shift", "8h-1h"), "--shift '8h-1h'; allowed"),
    ],
)
def test_wrong_options_are_named_with_what_is_allowed(options: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["simulate", *options])
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_without_a_broker_it_ends_with_3_and_a_clear_line() -> None:
    done = simulate(*STORY, "--brokers", "127.0.0.1:1", status=3)
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("floorwatch: Kafka at 127.0.0.1:1: ")


async def test_to_kafka_the_floor_decides_key_and_partition_and_ts_is_the_time_stamp(
    broker: Program,
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    await admin.create_topics([NewTopic("simulated", 4, 1)])
    await admin.close()
    lines = simulate(*STORY).stdout.splitlines()
    simulate(*STORY, "--brokers", broker.address, "--topic", "simulated")
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition("simulated", number) for number in range(4)])
    got = [await anext(consumer) for _ in lines]
    await consumer.stop()
    assert sorted(record.value for record in got) == sorted(lines)
    for record in got:
        event = json.loads(record.value)
        assert record.key.decode() == event["floor"]
        assert record.partition == partition_of(event["floor"], 4)
        assert record.timestamp == event["ts"]
