"""Whole workers on real Kafka and a Redis of several servers, of which a primary dies."""

import signal
from collections import Counter
from collections.abc import Callable

import redis

from stream.cli.embedded import RedisProgram
from stream.store import keys
from stream.store.keys import ShardKey
from tests.components import Kafka
from tests.real.staging import (
    PARTITIONS,
    MakeStage,
    assert_all_same,
    ends,
    joined,
    one_redis,
    ordinary,
    send,
)
from tests.real.working import Stage, Stored, wait_until
from tests.redises import Cluster, Watched, stop_copying


async def outlives(stage: Stage, dying: RedisProgram) -> None:
    """Two workers write on through a primary's death, which loses the last part of what it had."""
    first, second, third = ordinary(2_000), ordinary(2_000, 2_000), ordinary(1_000, 4_000)
    stored = Stored(stage)
    with stage.workers("one", "two") as workers:
        for worker in workers:
            wait_until(worker.is_ready, "both are ready")
        await send(stage, first)
        wait_until(lambda: stored.offsets() == ends(first), "all is applied")
        stop_copying(dying)
        await send(stage, second)
        both = joined(first, second)
        wait_until(lambda: stored.offsets() == ends(both), "all is applied, and not copied")
        dying.stop(signal.SIGKILL)
        await send(stage, third)
        written = joined(both, third)
        wait_until(patiently(lambda: stored.offsets() == ends(written)), "all is applied again")
        for worker in workers:
            wait_until(worker.is_ready, "both are ready again")
        assert any("MISMATCH" in worker.log for worker in workers)
        assert not any("Traceback" in worker.log for worker in workers)
        assert_all_same(stage, stored, written)
    stored.close()


def patiently(condition: Callable[[], bool]) -> Callable[[], bool]:
    """The same, but false while Redis is not there."""

    def holds() -> bool:
        try:
            return condition()
        except (redis.RedisError, redis.RedisClusterException):
            return False

    return holds


@one_redis
async def test_a_cluster_that_lost_a_primary_and_its_tail_ends_with_the_same_figures(
    kafka: Kafka, own_cluster: Cluster, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, own_cluster.url)
    shards = [keys.shard(ShardKey(stage.topic, partition)) for partition in range(PARTITIONS)]
    ports = Counter(own_cluster.primary_of(shard).port for shard in shards)
    [(port, _)] = ports.most_common(1)
    await outlives(stage, next(each for each in own_cluster.servers if each.port == port))


@one_redis
async def test_a_primary_that_sentinels_replace_by_one_without_its_tail_ends_with_the_same_figures(
    kafka: Kafka, own_watched: Watched, make_stage: MakeStage
) -> None:
    stage = await make_stage(kafka.address, own_watched.url)
    await outlives(stage, own_watched.primary())
