"""The product with one thing broken: `MUTANT=name python -m tests.faults.mutants worker`.

Each mutant breaks one promise in the way in which such programs are usually wrong. An audit that
does not notice it is worth nothing, so test_mutants.py shows that each is noticed.
"""

import asyncio
import math
import os
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, Final, Self

from stream.agents import acquisition, task_manager
from stream.agents.partition_task import PartitionTask
from stream.agents.publisher import KafkaPublisher
from stream.store import scripts, view_writes
from stream.windows import snapshot
from tests.faults.fault import CALM

VARIABLE: Final = "MUTANT"
LATER_S: Final = 5.0
_kept: set[asyncio.Task[None]] = set()
"""Tasks that nobody waits for."""


def _later(work: Callable[[], Awaitable[Any]]) -> None:
    async def wait() -> None:
        await asyncio.sleep(LATER_S)
        await work()

    task = asyncio.create_task(wait())
    _kept.add(task)
    task.add_done_callback(_kept.discard)


def _produced_later(method: str) -> None:
    produce = getattr(KafkaPublisher, method)

    async def done_already(self: KafkaPublisher, what: list[Any]) -> bool:
        _later(lambda: produce(self, what))
        return True

    setattr(KafkaPublisher, method, done_already)


def ack_before_write() -> None:
    """A step of an alert counts as delivered before Kafka has it."""
    _produced_later("transitions")


def dead_letter_after_commit() -> None:
    """The offset is stored first, then the rejected events are sent."""
    _produced_later("dead_letters")


class _Edited:
    """A file or folder whose text is changed while it is read."""

    def __init__(self, path: Any, edits: dict[str, str]) -> None:
        self._path, self._edits = path, edits

    def __truediv__(self, name: str) -> Self:
        return type(self)(self._path / name, self._edits)

    def read_text(self) -> str:
        text: str = self._path.read_text()
        for old, new in self._edits.items():
            text = text.replace(old, new)
        return text


def _edit_scripts(edits: dict[str, str]) -> None:
    folder = files("stream.store")
    texts = "".join(path.read_text() for path in (folder / "lua").iterdir())
    assert all(old in texts for old in edits), "the scripts are not those that the mutant edits"
    vars(scripts)["files"] = lambda _package: _Edited(folder, edits)


OTHER_BASE: Final = "if not whole and (stored.epoch ~= epoch or stored.revision ~= ARGV[4]) then"
"""Changes of a view do not rest on what is stored."""


def _without_refresh() -> None:
    """Views are not written anew now and then, which would heal what a mutant does to them."""
    vars(view_writes)["REFRESH_S"] = math.inf


def no_owner_check() -> None:
    """Whoever writes, writes: no epoch, no token, no number of commits is checked."""
    _without_refresh()
    owner = "local owner = redis.call('HMGET', shard, 'epoch', 'token')"
    state = "local stored = redis.call('HMGET', shard, 'seq', 'manifest_id')"
    _edit_scripts(
        {
            owner: f"do return nil end\n  {owner}",
            state: f"do return true end\n  {state}",
            "if stored.epoch > epoch then": "if false then",
            OTHER_BASE: "if false then",
        }
    )


def retried_write() -> None:
    """A call that comes a second time, when newer ones have been executed, is executed again."""
    _without_refresh()
    later = "if stored.epoch == epoch and stored.as_of > as_of and ARGV[6] ~= '1' then"
    _edit_scripts(dict.fromkeys((later, OTHER_BASE), "if false then"))


def commit_on_any_state() -> None:
    """A commit does not look whether the one before it is the last that was executed."""
    stored = "return (stored[1] or '0') == seq and (stored[2] or '') == manifest_id"
    _edit_scripts({stored: "return true"})


def _acquired(change: Callable[[PartitionTask, int | None], None]) -> None:
    acquire_task = acquisition.acquire_task

    async def changed(
        store: Any, log: Any, place: Any, committed: int | None, *more: Any
    ) -> PartitionTask:
        task = await acquire_task(store, log, place, committed, *more)
        was_replaying = task.replaying
        change(task, committed)
        if was_replaying and not task.replaying:
            task.shard.resume()
        return task

    vars(task_manager)["acquire_task"] = changed


def offset_from_kafka() -> None:
    """A restart reads on from where the group had committed, not from where the snapshot ends."""

    def change(task: PartitionTask, committed: int | None) -> None:
        task.offset = max(task.offset, committed or 0)

    _acquired(change)


def control_without_its_offset() -> None:
    """Control is restored, but what it had evaluated already is evaluated again."""

    def change(task: PartitionTask, _committed: int | None) -> None:
        task.resume_offset = task.offset

    _acquired(change)


def block_dropped_on_restore() -> None:
    """A block of seats is not restored."""
    vars(snapshot)["_restore_seats"] = lambda *_arguments: None


KILLS: Final = (CALM, "kill", CALM, "kill")
MUTANTS: Final[dict[str, tuple[Callable[[], None], tuple[str, ...]]]] = {
    "ack before write": (ack_before_write, KILLS),
    "no owner check": (no_owner_check, (CALM, "call-of-the-dead-view")),
    "retried write": (retried_write, (CALM, "call-repeated-late-view")),
    "commit on any ground": (commit_on_any_state, (CALM, "call-repeated-late-commit")),
    "offset from Kafka": (offset_from_kafka, (CALM, "kill")),
    "block dropped on restore": (block_dropped_on_restore, (CALM, "kill")),
    "control restored without its offset": (control_without_its_offset, KILLS),
    "dead letter after commit": (dead_letter_after_commit, KILLS),
}
"""What breaks the product, and the faults that bring it to light."""


if __name__ == "__main__":
    MUTANTS[os.environ[VARIABLE]][0]()
    from stream.cli.main import main

    main()
