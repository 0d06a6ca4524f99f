"""Watches the log of one partition while it is read, for what the position alone does not show."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from aiokafka.errors import KafkaError
from faust.types import TP

from stream.agents.acquisition import RETENTION
from stream.agents.log_check import LogCheck, LogMatch
from stream.agents.partition_task import PartitionTask

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
    """

    def __init__(
        self,
        task: PartitionTask,
        log_check: LogCheck,
        on_lost: Callable[[int], None],
        acquire_again: Callable[[str], None],
    ) -> None:
        self._task = task
        self._tp = TP(task.origin.topic, task.origin.partition)
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
            log.debug("the log of partition %d cannot be checked: %r", self._tp.partition, error)
            return True

    async def _check(self) -> bool:
        newest, position, checked = self._task.fingerprint, self._task.offset, self._checked
        await self._count_lost()
        if checked is not None:
            match = await self._log_check.check(self._tp, checked)
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
        start = await self._log_check.start(self._tp)
        gaps, self._gaps = self._gaps, []
        for first, end in gaps:
            lost = max(0, min(start, end) - first)
            if lost:
                log.error(RETENTION, self._tp.partition, first, first + lost - 1)
                self._on_lost(lost)

    async def _skip_removed(self, position: int) -> None:
        """Read from the log's start on, if nothing that was not read is left before it."""
        if await self._log_check.start(self._tp) > position == self._task.offset:
            self._acquire_again("retention has removed the records at its position")
