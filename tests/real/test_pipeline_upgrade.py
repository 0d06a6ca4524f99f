"""Workers of two versions side by side, of which the newer one stores state in another format."""

import pytest

from stream.windows import snapshot
from tests.components import Kafka
from tests.real.next_version import NEXT
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
from tests.real.working import Stage, Stored, WorkerProcess, wait_until

NEXT_VERSION = "tests.real.next_version"


def newer(stage: Stage, name: str) -> WorkerProcess:
    worker = stage.worker(name)
    worker.module = NEXT_VERSION
    return worker


@one_redis
async def test_a_rolling_upgrade_to_a_new_format_loses_nothing_and_old_workers_refuse_new_state(
    kafka: Kafka, make_redis: MakeRedis, make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/operations.md says: one worker after the other, forwards only."""
    stage = await make_stage(kafka.address, make_redis().url)
    written = ordinary(2_000)
    stored = Stored(stage)
    with stage.workers("old-1", "old-2") as workers:
        old_1, old_2 = workers
        await send(stage, written)
        wait_until(lambda: stored.offsets() == ends(written), "all is applied")
        for worker in workers:
            wait_until(worker.is_ready, "both are ready")
        assert old_1.end() == 0
        wait_until(lambda: len(stored.formats()) == 1, "the other has all")
        new_1 = newer(stage, "new-1").start()
        workers.append(new_1)
        wait_until(new_1.is_ready, "the first new one is ready")
        more = ordinary(1_000, 2_000)
        await send(stage, more)
        written = joined(written, more)
        wait_until(lambda: stored.offsets() == ends(written), "both versions work side by side")

        # The new one ends: its partitions hold state that the old one must not touch.
        assert new_1.end() == 0
        assert len(stored.formats()) == 2
        assert old_2.process is not None
        assert old_2.process.wait(30) == 1
        assert "this version reads" in old_2.log
        assert "start the version that wrote it" in old_2.log
        assert "Traceback" not in old_2.log

        workers.append(newer(stage, "new-2").start())
        more = ordinary(1_000, 3_000)
        await send(stage, more)
        written = joined(written, more)
        wait_until(lambda: stored.offsets() == ends(written), "the new version has all")
        monkeypatch.setattr(snapshot, "READS", snapshot.READS | {NEXT})  # to look at it from aside
        assert_all_same(stage, stored, written)
        assert workers[-1].end() == 0
        assert len(stored.formats()) == 1
    assert [stored.saved_offset(p) for p in range(PARTITIONS)] == ends(written)
    stored.close()
