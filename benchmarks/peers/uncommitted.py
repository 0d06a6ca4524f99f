"""Floorwatch itself with commits off: it stores nothing before it has read all there is.

Takes the arguments of `floorwatch`. When a commit is due, it is taken as done: so what the last one
waits for is the same, and what it leaves out is what commits and snapshots cost.
"""

# ruff: noqa: SLF001 - one thing is taken out of the worker

from stream.agents.partition_task import PartitionTask
from stream.agents.task_runner import TaskRunner, monotonic_ms
from stream.cli.main import main

_commit = TaskRunner._commit


async def _commit_at_the_end(runner: TaskRunner) -> bool:
    task = runner.task
    if task.at_end:
        return await _commit(runner)
    task.urgent = False
    task.records_committed, runner._committed_ms = task.records, monotonic_ms()
    return True


def _is_snapshot_due(_task: PartitionTask, _since_last_ms: int) -> bool:
    return False


TaskRunner._commit = _commit_at_the_end  # type: ignore[method-assign]
PartitionTask.is_snapshot_due = _is_snapshot_due  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
