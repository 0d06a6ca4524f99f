"""`floorwatch dlq` as a user calls it, over letters as a worker writes them."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from stream.cli.main import app
from tests.cli.desk import (
    HOME,
    MADRID,
    PARTITIONS,
    Desk,
    all_retried_but_interrupted,
    event,
    without_progress,
)
from tests.components import Kafka
from tests.real.reading import fresh_name, make_topic


@pytest.fixture
async def desk(kafka: Kafka, tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, kafka.address, fresh_name("desk"))
    desk.configure()
    await make_topic(desk.brokers, desk.topic, PARTITIONS)
    await make_topic(desk.brokers, f"{desk.topic}-dlq", 2)
    return desk


async def test_letters_are_counted_once_by_reason_and_partition(desk: Desk) -> None:
    await desk.write(times=3)
    said = json.loads(desk.run("show", "--json"))

    assert (said["letters"], said["events"], said["retried"]) == (6, 6, 0)
    assert {row["source_partition"] for row in said["counts"]} == {HOME}
    assert {row["reason"]: row["letters"] for row in said["counts"]} == {
        "misrouted": 2,
        "unknown_enum": 2,
        "empty": 1,
        "late_grace": 1,
    }
    assert len(said["newest"]) == 6


async def test_the_newest_dead_letters_are_shown_with_reason_detail_origin_and_value(
    desk: Desk,
) -> None:
    await desk.write()
    said = desk.run("show", "--reason", "unknown_enum", "--since", "1h")

    assert "2 dead letters of 2 events" in said
    assert f"unknown_enum  {desk.topic} {HOME}:0" in said
    assert "allowed: available, ringing" in said
    assert "misrouted" not in said
    assert "\x1b" not in said  # what a record holds must not steer the terminal
    assert "\\x1b" in said or "\\u001b" in said
    assert desk.run("show", "--limit", "0").count("berlin") == 0


async def test_valid_events_go_to_their_partition_once(desk: Desk) -> None:
    await desk.write(times=2)
    said = desk.run("retry", "--all")

    assert "sent 2 dead letters again: 2 events in 2 records" in said
    assert "1 empty: rejected again, as" in said
    assert "1 unknown_enum: cut, as" in said
    assert "1 unknown_enum: rejected again, as" in said
    assert "1 late_grace: would be late again; --reason late_grace sends them" in said
    assert "events more than 300 s behind their source will be late" in said
    sent = await desk.events()
    assert [(partition, key) for partition, key, _ in sent] == [(MADRID, b"madrid")] * 2
    assert sorted(
        held[0]["agent"] if type(held) is list else held["agent"] for *_, held in sent
    ) == [
        "a-1",
        "a-2",
    ]

    again = desk.run("retry", "--all")
    assert "sent 0 dead letters again" in again
    assert "2 were sent by an earlier run" in again
    assert len(await desk.events()) == 2
    assert json.loads(desk.run("show", "--json"))["retried"] == 2


async def test_a_letter_that_was_written_again_after_its_retry_is_not_sent_twice(
    desk: Desk,
) -> None:
    await desk.write([event("madrid")])
    desk.run("retry", "--all")
    await desk.write([event("madrid")])

    assert "1 were sent by an earlier run" in desk.run("retry", "--all")
    assert len(await desk.events()) == 1


async def test_a_dry_run_sends_nothing_and_says_what_would_go(desk: Desk) -> None:
    await desk.write()

    assert "would send 2 dead letters again" in desk.run("retry", "--all", "--dry-run")
    assert await desk.events() == []
    assert "sent 2 dead letters again" in desk.run("retry", "--all")


async def test_letters_are_chosen_by_origin_reason_and_number(desk: Desk) -> None:
    await desk.write()
    assert "nothing was sent" in desk.run("retry", "--origin", f"{HOME}:5", status=1)
    assert "sent 1 dead letters" in desk.run("retry", "--origin", f"{HOME}:2")
    assert "sent 1 dead letters" in desk.run("retry", "--reason", "late_grace")
    assert "sent 1 dead letters" in desk.run("retry", "--reason", "misrouted", "--limit", "1")
    assert len(await desk.events()) == 3


async def test_thousands_of_letters_are_all_sent(desk: Desk) -> None:
    await desk.write([event("madrid", agent=f"a-{number}") for number in range(3_000)])

    assert "sent 3000 dead letters again: 3000 events in 3000 records" in desk.run("retry", "--all")
    sent = await desk.events()
    assert {held["agent"] for *_, held in sent} == {f"a-{number}" for number in range(3_000)}


async def test_ctrl_c_says_what_was_sent_and_the_next_call_sends_the_rest(desk: Desk) -> None:
    count = 5_000
    status, sent, said = await all_retried_but_interrupted(
        desk, count, lambda process: process.send_signal(signal.SIGINT)
    )
    assert (status, without_progress(said)) == (130, [])
    assert 0 <= sent < count

    await desk.sends_the_rest(count, sent)


@pytest.mark.slow
async def test_a_kafka_that_fails_in_the_midst_is_reported_in_a_line_and_loses_nothing(
    make_kafka: Callable[[], Kafka], tmp_path: Path
) -> None:
    kafka, count = make_kafka(), 5_000
    desk = Desk(tmp_path, kafka.address, fresh_name("desk"))
    desk.configure()
    for name in (desk.topic, f"{desk.topic}-dlq"):
        await make_topic(desk.brokers, name, PARTITIONS)
    status, sent, said = await all_retried_but_interrupted(
        desk, count, lambda _: kafka.stop("KILL")
    )
    assert status == 3, said
    (line,) = without_progress(said)
    assert line.startswith(f"floorwatch: Kafka at {kafka.address}: ")
    assert 0 <= sent < count

    kafka.start()
    await desk.sends_the_rest(count, sent)


async def test_records_that_others_wrote_are_counted_and_left_alone(desk: Desk) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=desk.brokers)
    await producer.start()
    await producer.send(f"{desk.topic}-dlq", b"hello", headers=[("reason", b"\xff")])
    await producer.stop()

    assert "1 records in it were not written by Floorwatch" in desk.run("show")
    assert "sent 0 dead letters" in desk.run("retry", "--all")


def test_a_topic_that_is_not_there_is_named(kafka: Kafka, tmp_path: Path) -> None:
    desk = Desk(tmp_path, kafka.address, "nowhere")
    desk.configure()
    said = f"floorwatch: Kafka at {kafka.address} has no topic nowhere-dlq\n"

    assert desk.run("show", status=3) == said
    assert desk.run("retry", "--all", status=3) == said


def test_without_kafka_it_ends_with_3_and_one_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "127.0.0.1:1", "nowhere")
    desk.configure()
    (line,) = desk.run("show", status=3).splitlines()

    assert line.startswith("floorwatch: Kafka at 127.0.0.1:1: ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("retry",), "select what to send again with --reason, --origin or --all"),
        (("retry", "--all", "--reason", "empty"), "--all; allowed: without --reason"),
        (("retry", "--origin", "3"), "--origin '3'; allowed: PARTITION:OFFSET, as 3:1771"),
        (("show", "--reason", "mispouted"), "(did you mean misrouted?); allowed: broken_json"),
        (("show", "--since", "yesterday"), "--since 'yesterday'; allowed: "),
        (("show", "--limit", "-1"), "Invalid value for '--limit'"),
    ],
)
def test_wrong_options_are_named_with_what_is_allowed(options: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["dlq", *options])
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("command", ["show", "retry"])
def test_help_has_examples(command: str) -> None:
    said = CliRunner().invoke(app, ["dlq", command, "--help"]).stdout
    assert f"Examples:\n    floorwatch dlq {command}" in said
