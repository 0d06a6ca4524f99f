"""Watches the log of one partition while it is read, for what the position alone does not show."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from aiokafka.errors import KafkaError
from faust.types import TP

from stream.agents.acquisition import RETENTION
from stream.agents.log_check import LogCheck, LogMatch
from stream.agents.partition_task import PartitionTask
from stream.store.record_fingerprint import RecordFingerprint

log = logging.getLogger(__name__)

CHECK_S: Final = 3.0
"""How often each log is checked. With `log_check.CUT_S_MAX` a loss is noticed within 15 s."""
WAIT_S_MAX: Final = 1.0
"""How long a snapshot waits for a check: a silent broker must not keep state from being stored."""


class LogGuard:
    """Checks regularly that the log still holds what was delivered, and counts what it lost.

    Each check reads the record again that was the last one at the check before. The newest would
    not do: after a topic was made again it may be one of the new log.

    Args:
        task: whose log.
        log_check: reads records again.
        on_lost: called with a number of records that retention removed before they were read.
        acquire_again: called, with the reason, when the position must not be trusted any more.
        in_flight: how many records were fetched and are not applied.
    """

    def __init__(
        self,
        task: PartitionTask,
        log_check: LogCheck,
        on_lost: Callable[[int], None],
        acquire_again: Callable[[str], None],
        in_flight: Callable[[], int],
    ) -> None:
        self._task = task
        self._in_flight = in_flight
        self.tp = TP(task.origin.topic, task.origin.partition)
        self._log_check = log_check
        self._on_lost = on_lost
        self._acquire_again = acquire_again
        self._checked = task.fingerprint
        self._checked_offset = -1
        """Position of the task at the last check."""
        self._gaps: list[tuple[int, int]] = []
        """Offsets, from and to, that no fetch brought: holes, or removed by retention."""
        self._waiting = asyncio.Lock()
        """Held by the one that waits for a check."""
        self._checking: asyncio.Task[bool] | None = None
        """The check that was started last."""
        on_lost(task.records_lost)

    def admit(self, first: int) -> bool:
        """Whether a batch may be applied: its first offset is not before the task's position.

        aiokafka moves to the log's start when its position is out of range.
        """
        position = self._task.offset
        if first < position:
            self._acquire_again(f"its position went back from {position} to {first}")
            return False
        if first > position:
            self._gaps.append((position, first))
        return True

    @property
    def settled(self) -> RecordFingerprint | None:
        """The record that was last at the last check and still is; None: check without asking."""
        is_idle = self._checked_offset == self._task.offset and not self._gaps
        return self._checked if is_idle and self._checked == self._task.fingerprint else None

    async def check(self) -> bool:
        """Check the log once; False if it is another one, or not known to be the same.

        Called every `CHECK_S`, and before a snapshot is saved. While Kafka does not answer nothing
        is known, and the answer is True: state must be stored all the same. A check that takes
        longer than `WAIT_S_MAX` goes on, and what it finds is acted on; the next begins after it.
        """
        try:
            async with asyncio.timeout(WAIT_S_MAX), self._waiting:
                if self._checking is not None:
                    await asyncio.shield(self._checking)
                self._checking = asyncio.create_task(self._check_or_suppose())
                return await asyncio.shield(self._checking)
        except TimeoutError:
            return True

    async def _check_or_suppose(self) -> bool:
        try:
            return await self._check()
        except KafkaError as error:
            log.debug("the log of partition %d cannot be checked: %r", self.tp.partition, error)
            return True

    async def _check(self) -> bool:
        newest, position, checked = self._task.fingerprint, self._task.offset, self._checked
        await self._count_lost()
        if checked is not None:
            match = await self._log_check.check(self.tp, checked)
            if match is LogMatch.short:
                return False
            if match is LogMatch.replaced:
                self._acquire_again("its log does not hold the record that was delivered last")
                return False
            if match is LogMatch.unverifiable and self._checked_offset == position:
                await self._skip_removed(position)
        self._checked, self._checked_offset = newest, position
        return True

    async def _count_lost(self) -> None:
        """Of the records that no fetch brought, count those before the log's start."""
        if not self._gaps:
            return
        start = await self._log_check.start(self.tp)
        gaps, self._gaps = self._gaps, []
        for first, end in gaps:
            lost = max(0, min(start, end) - first)
            if lost:
                log.error(RETENTION, self.tp.partition, first, first + lost - 1)
                self._on_lost(lost)

    async def _skip_removed(self, position: int) -> None:
        """Move to the log's start, if retention has left nothing to read.

        No record would come to show the gap. If one may come, it does, and is applied first.
        """
        start, task = await self._log_check.start(self.tp), self._task
        is_empty = start >= (task.end or 0) and not self._in_flight()
        if is_empty and start > position == task.offset:
            log.error(RETENTION, self.tp.partition, position, start - 1)
            self._on_lost(start - position)
            task.skip_to(start)


async def check_logs(guards: Sequence[LogGuard], log_check: LogCheck) -> None:
    """Check each log once, in `CHECK_S`; those in which nothing was written are looked up at once.

    Of these, the ones that seem to have moved are read at once: they may have been made again. The
    others are read one after another over the interval: fetches of all partitions at once would
    hold up what else is done.
    """
    ends_s = time.monotonic() + CHECK_S
    settled = {guard.tp: record for guard in guards if (record := guard.settled) is not None}
    unmoved, moved = set[TP](), set[TP]()
    with contextlib.suppress(TimeoutError, KafkaError):
        async with asyncio.timeout(WAIT_S_MAX):
            unmoved = await log_check.unmoved(settled)
            moved = settled.keys() - unmoved
    for guard in guards:
        if guard.tp in moved:
            await guard.check()
    due = [guard for guard in guards if guard.tp not in unmoved | moved]
    for left in range(len(due), 0, -1):
        await due[-left].check()
        await asyncio.sleep(max(0.0, ends_s - time.monotonic()) / left)
    await asyncio.sleep(max(0.0, ends_s - time.monotonic()))
