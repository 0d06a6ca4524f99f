"""A worker whose topic loses its newest records, as by an unclean election: read anew, not on.

Method: the broker is killed, and the last bytes of each log are cut off, so that it drops the last
batch when it starts. Other events are written in place of what is lost.
"""

from collections.abc import Callable

import pytest

from tests.components import Kafka
from tests.real.staging import (
    PARTITIONS,
    MakeRedis,
    MakeStage,
    assert_all_same,
    ends,
    joined,
    one_redis,
    ordinary,
    send,
)
from tests.real.working import Stored, wait_until


def cut_tails(kafka: Kafka, topic: str) -> None:
    """Damage the last batch of each partition's log."""
    for partition in range(PARTITIONS):
        [segment] = kafka.directory.rglob(f"{topic}-{partition}/*.log")
        with segment.open("r+b") as file:
            file.truncate(segment.stat().st_size - 10)


@one_redis
@pytest.mark.slow
async def test_a_log_that_loses_its_tail_under_a_running_worker_is_read_anew(
    make_kafka: Callable[[], Kafka], make_redis: MakeRedis, make_stage: MakeStage
) -> None:
    kafka = make_kafka()
    stage = await make_stage(kafka.address, make_redis().url)
    stage.redis_more = 'on_loss = "rebuild"\n'
    stored, kept, lost = Stored(stage), ordinary(1_000), ordinary(200, 1_000)
    instead = ordinary(900, 5_000)
    with stage.workers("worker") as (worker,):
        await send(stage, kept)
        await send(stage, lost)
        wait_until(lambda: stored.offsets() == ends(joined(kept, lost)), "all is applied")
        kafka.stop("KILL")
        cut_tails(kafka, stage.topic)
        kafka.start()
        await send(stage, instead)
        written = joined(kept, instead)
        wait_until(lambda: stored.offsets() == ends(written), "the log is applied anew")
        assert_all_same(stage, stored, written)
        assert worker.end() == 0
    stored.close()
