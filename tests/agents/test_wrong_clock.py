"""One producer whose clock is a day ahead hurts nobody: held, refused once, and never for time."""

import orjson
import pytest

from stream.agents.transport.fetched_batch import FetchedBatch, RecordColumns
from stream.units import DAY_MS, SECOND_MS
from tests.agents.bench import START_MS, TOPIC, Bench
from tests.reference.records import Event


def fetched(start: int, *events: Event, appended: bool = False) -> FetchedBatch:
    """Records with an event each, stamped with its time."""
    values: list[bytes | None] = [orjson.dumps(event) for event in events]
    times = [int(event["ts"]) for event in events]
    end = start + len(events)
    flags = bytes([appended]) * len(events)
    return FetchedBatch(
        TOPIC, 1, RecordColumns(values, times, flags, range(start, end), start, end), end
    )


def row(second: float, source: str, name: str, state: str = "talking") -> Event:
    ts = START_MS + round(second * SECOND_MS)
    return {"type": "state", "ts": ts, "agent": name, "state": state, "source": source}


def beat(second: float, source: str) -> Event:
    ts = START_MS + round(second * SECOND_MS)
    return {"type": "heartbeat", "ts": ts, "source": source}


DAY_S = DAY_MS / SECOND_MS


async def test_a_day_ahead_is_held_over_a_restart_and_then_one_dead_letter() -> None:
    bench = Bench()
    runner = await bench.acquire_task()
    await runner.process(fetched(0, row(0, "pbx", "ann"), row(DAY_S, "bad-pbx", "zed")))
    assert await runner.flush()
    await runner.save()
    assert bench.diary.letters == []
    assert runner.task.shard.held == 1
    assert runner.task.shard.watermark_ms == START_MS

    again = await bench.acquire_task()
    assert again.task.shard.held == 1
    await again.process(fetched(2, row(10, "pbx", "ann", "acw"), beat(12, "bad-pbx")))
    assert await again.flush()
    (letter,) = bench.diary.letters
    assert letter.key == b"floor-events:0:1:ahead"
    detail = dict(letter.headers)["detail"].decode()
    assert detail.startswith("ts ")
    assert "its floor, which has come to" in detail
    assert again.task.shard.held == 0
    assert list(again.task.shard.names.agents.keys) == [("main", "ann")]
    text = bench.services.health.text()
    assert b'floorwatch_events_rejected_total{reason="ahead"} 1.0' in text
    assert b'floorwatch_events_total{result="accepted"} 3.0' in text


async def test_records_that_are_read_again_up_to_the_commit_give_no_second_dead_letter() -> None:
    bench = Bench()
    runner = await bench.acquire_task()
    await runner.save()
    wrong = (row(0, "pbx", "ann"), row(2 * DAY_S, "pbx", "zed"), row(10, "pbx", "ann", "acw"))
    await runner.process(fetched(0, *wrong))
    assert await runner.flush()
    assert len(bench.diary.letters) == 1

    again = await bench.acquire_task()
    await again.process(fetched(0, *wrong, beat(20, "pbx")))
    assert await again.flush()
    assert len(bench.diary.letters) == 1
    assert again.task.shard.held == 0


async def test_what_a_heartbeat_releases_is_evaluated_at_once() -> None:
    bench = Bench()
    runner = await bench.acquire_task()
    await runner.process(fetched(0, row(0, "pbx", "ann"), row(2 * DAY_S, "pbx", "bob")))
    before = runner.task.changes
    await runner.process(fetched(2, beat(2 * DAY_S + 6, "pbx")))
    assert runner.task.shard.held == 0
    assert runner.task.changes > before
    assert await runner.flush()
    assert bench.diary.letters == []


@pytest.mark.parametrize("appended", [False, True])
async def test_the_broker_is_believed(appended: bool) -> None:
    bench = Bench()
    runner = await bench.acquire_task()
    jump = row(2 * DAY_S, "pbx", "bob")
    await runner.process(fetched(0, row(0, "pbx", "ann"), jump, appended=appended))
    assert runner.task.shard.held == (not appended)
