"""Events over a limit of names: dead letters with their reason, counted as rejected."""

from collections import Counter
from dataclasses import replace

import orjson

from stream.agents.transport.fetched_batch import FetchedBatch, RecordColumns
from stream.spec import NameLimits
from tests.agents.bench import SPEC, START_MS, TOPIC, Bench


def records(end: int, start: int = 0) -> FetchedBatch:
    """Events of as many agents as there are records from start to end, one in each."""
    values: list[bytes | None] = [
        orjson.dumps({"type": "state", "ts": START_MS, "agent": f"a{at}", "state": "aux"})
        for at in range(start, end)
    ]
    columns = RecordColumns(
        values, [START_MS] * len(values), bytes(len(values)), range(start, end), start, end
    )
    return FetchedBatch(TOPIC, 1, columns, end)


async def test_an_event_over_a_limit_is_a_dead_letter_also_after_a_restart() -> None:
    bench = Bench(spec=replace(SPEC, limits=NameLimits(agents=3)))
    runner = await bench.acquire_task()
    await runner.process(records(5))
    assert await runner.flush()
    await runner.save()
    letters = bench.diary.letters
    assert [letter.key for letter in letters] == [
        b"floor-events:0:3:over_limit", b"floor-events:0:4:over_limit",
    ]  # fmt: skip
    assert b"agents: the partition has 3 already" in dict(letters[0].headers)["detail"]
    text = bench.services.health.text()
    assert b'floorwatch_events_rejected_total{reason="over_limit"} 2.0' in text
    assert b'floorwatch_events_total{result="accepted"} 3.0' in text
    assert b'floorwatch_events_total{result="rejected"} 2.0' in text

    again = await bench.acquire_task()
    await again.process(records(7, start=5))
    assert await again.flush()
    assert Counter(letter.key for letter in bench.diary.letters) == {
        f"floor-events:0:{offset}:over_limit".encode(): 1 for offset in range(3, 7)
    }
    assert len(again.task.shard.names.agents) == 3
