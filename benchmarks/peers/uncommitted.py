"""Floorwatch itself with commits off: it stores nothing before it has read all there is.

Takes the arguments of `floorwatch`. When a commit is due, it is taken as done: so what the last one
waits for is the same, and what it leaves out is what commits and snapshots cost.
"""

# ruff: noqa: SLF001 - one thing is taken out of the worker

from stream.agents.partition_task import Lane
from stream.agents.task_runner import LaneKeeper, monotonic_ms
from stream.cli.main import main

_commit = LaneKeeper._commit


async def _commit_at_the_end(keeper: LaneKeeper) -> bool:
    lane = keeper.lane
    if lane.at_end:
        return await _commit(keeper)
    lane.urgent = False
    lane.records_committed, keeper._committed_ms = lane.records, monotonic_ms()
    return True


def _is_snapshot_due(_lane: Lane, _since_last_ms: int) -> bool:
    return False


LaneKeeper._commit = _commit_at_the_end  # type: ignore[method-assign]
Lane.is_snapshot_due = _is_snapshot_due  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
