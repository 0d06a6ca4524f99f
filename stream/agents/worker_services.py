"""What all tasks of a worker share: store, producers, sinks, exporter, and their state."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from stream.agents.outbox import Outbox
from stream.agents.partition_task import PartitionTask
from stream.agents.record_chunk import EventCounts
from stream.dlq.dead_letters import DeadLetter
from stream.errors import DamagedKeyError, FloorwatchError, ServiceError
from stream.notify.alertmanager import ActiveAlerts
from stream.notify.dispatcher import Dispatcher
from stream.render.exposition import Exporter
from stream.render.worker_metrics import Health
from stream.store.lease import OutboxEntry
from stream.store.protocol import Store
from stream.units import MINUTE_MS

log = logging.getLogger(__name__)

STORE_ERRORS: Final = (ServiceError, DamagedKeyError)
"""Errors of the store with which a task continues from memory."""
EVENTS_EVALUATED_MIN: Final = 100
"""A minute with fewer events says nothing about a stream."""


class Publisher(Protocol):
    """Produces to Kafka; says whether all was acknowledged, and logs why not.

    Each method is called on the event loop by any task; those that produce wait for Kafka.
    """

    async def dead_letters(self, dead_letters: list[DeadLetter]) -> bool:
        """Produce dead letters; called before their commit. Waits for the acknowledgement."""

    async def transitions(self, entries: list[OutboxEntry]) -> bool:
        """Produce transitions to the audit topic; called after each commit. Waits likewise."""

    def refusals(self) -> list[str]:
        """Which topics accept no records, as text. Does not block."""

    def refused_topics(self) -> set[str]:
        """The same, by name. Does not block."""

    async def close(self) -> None:
        """Close the connections. Called once, when the worker stops."""


@dataclass(slots=True)
class StoreState:
    """Whether the store answers."""

    health: Health
    unavailable_since_s: float | None = None
    opened: bool = False
    """It was opened, and is fit for use."""

    unfit: tuple[str, ...] = ()
    """Why its servers must not hold state now: somebody has changed their settings."""
    damaged: dict[int, str] = field(default_factory=dict)
    """By partition: which key holds something else, since its last commit."""
    unsaved: dict[int, str] = field(default_factory=dict)
    """By partition: which key keeps its snapshots from being saved, since the last one was."""

    def is_answering(self, partitions: Iterable[int]) -> bool:
        """Whether the last calls succeeded for these partitions."""
        return self.unavailable_since_s is None and self.damaged.keys().isdisjoint(partitions)

    def on_error(self, error: FloorwatchError, partition: int) -> None:
        """A call for a partition failed with one of `STORE_ERRORS`; logged when it is news."""
        if isinstance(error, DamagedKeyError):
            if self.damaged.get(partition) != str(error):
                log.error("partition %d: continuing from memory: %s", partition, error)
            self.damaged[partition] = str(error)
        elif self.mark_unavailable():
            log.warning("the store is unavailable, continuing from memory: %s", error)

    def on_acquire_error(self, error: DamagedKeyError, partition: int) -> None:
        """A partition cannot be acquired before somebody mends a key; logged when it is news."""
        if self.damaged.get(partition) != str(error):
            log.error("partition %d waits to be acquired: %s", partition, error)
        self.damaged[partition] = str(error)

    def on_save_error(self, error: DamagedKeyError, partition: int) -> None:
        """A snapshot could not be saved, while commits go on; logged when it is news."""
        if self.unsaved.get(partition) != str(error):
            log.error("partition %d: no snapshot is saved: %s", partition, error)
        self.unsaved[partition] = str(error)

    def set_unfit(self, reasons: Iterable[str]) -> None:
        """Set why servers of the store must not hold state now; logged when it is news."""
        now = tuple(dict.fromkeys(reasons))
        for reason in now:
            if reason not in self.unfit:
                log.error("%s", reason)
        if self.unfit and not now:
            log.info("the store may hold state again")
        self.unfit = now

    def on_commit(self, partition: int) -> None:
        """A commit of a partition succeeded, or it was acquired."""
        self.damaged.pop(partition, None)
        self.mark_available()

    def on_released(self, partition: int) -> None:
        """Another worker may have the partition now: its keys are no business of this one."""
        for held in (self.damaged, self.unsaved):
            held.pop(partition, None)

    def mark_available(self) -> None:
        """A call succeeded."""
        self.unavailable_since_s = None
        self.health.redis_up.set(1)

    def mark_unavailable(self) -> bool:
        """A call failed; whether that is news."""
        is_news = self.unavailable_since_s is None
        if self.unavailable_since_s is None:
            self.unavailable_since_s = time.monotonic()
        self.health.redis_up.set(0)
        return is_news


@dataclass(slots=True)
class StreamQuality:
    """Whether most events of the stream are rejected or late, evaluated minute by minute."""

    since_ms: int = 0
    accepted: int = 0
    rejected_or_late: int = 0
    mostly_rejected: bool = False

    def add(self, counts: EventCounts, now_ms: int) -> None:
        """Count the events of a chunk; `now_ms`: monotonic."""
        self.roll(now_ms)
        self.accepted += counts.accepted
        self.rejected_or_late += counts.late + counts.rejected.total()
        if self._has_enough_events:
            self.mostly_rejected = self.rejected_or_late > self.accepted

    def roll(self, now_ms: int) -> None:
        """End the minute if it is over: it alone decides, and too few events are a good stream."""
        if now_ms - self.since_ms >= MINUTE_MS:
            self.mostly_rejected = self._has_enough_events and self.rejected_or_late > self.accepted
            self.since_ms, self.accepted, self.rejected_or_late = now_ms, 0, 0

    @property
    def _has_enough_events(self) -> bool:
        return self.accepted + self.rejected_or_late >= EVENTS_EVALUATED_MIN


@dataclass(slots=True)
class WorkerServices:
    """Everything that a task writes to."""

    store: Store
    publisher: Publisher
    dispatcher: Dispatcher
    active_alerts: ActiveAlerts
    exporter: Exporter
    health: Health
    store_state: StoreState = field(init=False)
    quality: StreamQuality = field(default_factory=StreamQuality)

    def __post_init__(self) -> None:
        self.store_state = StoreState(self.health)

    async def deliver(self, task: PartitionTask, owned_s: float, *, unstored: bool) -> None:
        """Deliver what a task has decided: to the sinks while live, and to the audit topic.

        Called by the `TaskRunner` after each commit and on each tick. Waits for the audit topic;
        sinks deliver in the background.

        Args:
            task: whose outbox.
            owned_s: monotonic time at which this worker certainly owned the task.
            unstored: include what no commit has stored yet, because the store is unavailable.
        """
        outbox, live = task.outbox, task.clock.live
        if task.shard.spec.event_clock:
            outbox.drop_notices()
        elif live:
            self._page(outbox, unstored=unstored)
        if self.active_alerts.is_wanted:
            track_active = outbox.active_notices(task.shard.as_of_ms, live=live, unstored=unstored)
            self.active_alerts.show(task.origin.partition, track_active, owned_s)
        await self._audit(outbox, unstored=unstored)

    def _page(self, outbox: Outbox, *, unstored: bool) -> None:
        """Hand undelivered notices to the sinks.

        A notice that they do not accept goes on waiting, and so do the later ones of its alert.
        """
        blocked: set[str] = set()
        for notice in outbox.notices(unstored=unstored):
            if notice.alert in blocked:
                continue
            outbox.mark_offered(notice)
            if not self.dispatcher.offer(notice):
                outbox.mark_offered(notice, accepted=False)
                blocked.add(notice.alert)

    async def _audit(self, outbox: Outbox, *, unstored: bool) -> None:
        """Produce undelivered transitions to the audit topic."""
        audits = outbox.audits(unstored=unstored)
        if audits and await self.publisher.transitions(audits):
            for entry in audits:
                outbox.acknowledge(entry.id)

    def count(self, counts: EventCounts, now_ms: int) -> None:
        """Count events by their result; `now_ms`: monotonic."""
        health, rejected = self.health, counts.rejected.total()
        results = {"accepted": counts.accepted, "late": counts.late, "rejected": rejected}
        for result, events in results.items():
            if events:
                health.events.labels(result).inc(events)
        health.events_late.inc(counts.late)
        for reason, events in counts.rejected.items():
            health.events_rejected.labels(reason).inc(events)
        for kind, facts in counts.odd_facts.items():
            health.call_facts.labels(kind).inc(facts)
        before = self.quality.mostly_rejected
        self.quality.add(counts, now_ms)
        self._report_quality(before=before)

    def roll(self, now_ms: int) -> None:
        """End the minute by which the stream is evaluated, if it is over; `now_ms`: monotonic."""
        before = self.quality.mostly_rejected
        self.quality.roll(now_ms)
        self._report_quality(before=before)

    def _report_quality(self, *, before: bool) -> None:
        mostly_rejected = self.quality.mostly_rejected
        if mostly_rejected == before:
            return
        self.health.events_mostly_bad.set(mostly_rejected)
        if mostly_rejected:
            log.error("most events are rejected or late; `floorwatch dlq show` says why")
        else:
            log.info("most events are accepted again")
