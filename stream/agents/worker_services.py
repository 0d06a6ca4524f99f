"""What all lanes of a worker share to store, tell and show, and how they fare."""

import logging
import time
from dataclasses import dataclass, field
from typing import Final, Protocol

from stream.agents.outbox import Outbox
from stream.agents.partition_task import EventCounts, PartitionTask
from stream.dlq.letters import DeadLetter
from stream.notify.alertmanager import ActiveAlerts
from stream.notify.dispatcher import Dispatcher
from stream.render.exposition import Exporter
from stream.render.worker_metrics import Health
from stream.store.protocol import OutboxEntry, Store
from stream.units import MINUTE_MS

log = logging.getLogger(__name__)

EVENTS_JUDGED_MIN: Final = 100
"""Fewer events than these do not make a stream bad."""


class Publisher(Protocol):
    """Produces to Kafka; answers whether all was acknowledged, and logs why not."""

    async def dead_letters(self, letters: list[DeadLetter]) -> bool:
        """Produce dead letters."""

    async def transitions(self, entries: list[OutboxEntry]) -> bool:
        """Produce to the audit topic."""

    def refusals(self) -> list[str]:
        """Which topics take nothing, in words."""

    def refused_topics(self) -> set[str]:
        """The same, by name."""

    async def close(self) -> None:
        """Drop the connection."""


@dataclass(slots=True)
class StoreState:
    """Whether the store answers."""

    health: Health
    away_since_s: float | None = None
    opened: bool = False
    """It was found fit for use."""

    def answered(self) -> None:
        """A call succeeded."""
        self.away_since_s = None
        self.health.redis_up.set(1)

    def failed(self) -> bool:
        """A call failed; whether that is news."""
        news = self.away_since_s is None
        if self.away_since_s is None:
            self.away_since_s = time.monotonic()
        self.health.redis_up.set(0)
        return news


@dataclass(slots=True)
class Quality:
    """Whether the stream is mostly bad, looked at minute by minute."""

    since_ms: int = 0
    good: int = 0
    bad: int = 0
    mostly_bad: bool = False

    def add(self, counts: EventCounts, now_ms: int) -> None:
        """Count the events of a piece; `now_ms`: monotonic."""
        self.turn(now_ms)
        self.good += counts.accepted
        self.bad += counts.late + counts.rejected.total()
        if self._is_judged:
            self.mostly_bad = self.bad > self.good

    def turn(self, now_ms: int) -> None:
        """End the minute if it is over: it alone decides, and too few events are no bad stream."""
        if now_ms - self.since_ms >= MINUTE_MS:
            self.mostly_bad = self._is_judged and self.bad > self.good
            self.since_ms, self.good, self.bad = now_ms, 0, 0

    @property
    def _is_judged(self) -> bool:
        return self.good + self.bad >= EVENTS_JUDGED_MIN


@dataclass(slots=True)
class WorkerServices:
    """Everything that a lane writes to."""

    store: Store
    publisher: Publisher
    dispatcher: Dispatcher
    standing: ActiveAlerts
    exporter: Exporter
    health: Health
    store_state: StoreState = field(init=False)
    quality: Quality = field(default_factory=Quality)

    def __post_init__(self) -> None:
        self.store_state = StoreState(self.health)

    async def tell(self, task: PartitionTask, owned_s: float, *, unstored: bool) -> None:
        """Hand out what a lane has decided: live to the sinks, and to the audit topic.

        Args:
            task: whose.
            owned_s: monotonic time at which nobody else had it for sure.
            unstored: also what no commit has stored yet, because the store is away.
        """
        outbox, live = task.outbox, task.clock.live
        if task.shard.spec.event_clock:
            outbox.drop_notices()
        elif live:
            self._page(outbox, unstored=unstored)
        if self.standing.is_wanted:
            stands = outbox.standing(task.shard.as_of_ms, live=live, unstored=unstored)
            self.standing.show(task.origin.partition, stands, owned_s)
        await self._audit(outbox, unstored=unstored)

    def _page(self, outbox: Outbox, *, unstored: bool) -> None:
        """Hand what waits to the sinks.

        What they do not take in goes on waiting, and so does what comes later in its alert's life.
        """
        waiting: set[str] = set()
        for notice in outbox.notices(unstored=unstored):
            if notice.alert in waiting:
                continue
            outbox.offered(notice)
            if not self.dispatcher.offer(notice):
                outbox.offered(notice, accepted=False)
                waiting.add(notice.alert)

    async def _audit(self, outbox: Outbox, *, unstored: bool) -> None:
        """Hand what waits to the audit topic."""
        audits = outbox.audits(unstored=unstored)
        if audits and await self.publisher.transitions(audits):
            for entry in audits:
                outbox.taken(entry.id)

    def count(self, counts: EventCounts, now_ms: int) -> None:
        """Count events by what became of them; `now_ms`: monotonic."""
        health, rejected = self.health, counts.rejected.total()
        results = {"accepted": counts.accepted, "late": counts.late, "rejected": rejected}
        for result, events in results.items():
            if events:
                health.events.labels(result).inc(events)
        health.events_late.inc(counts.late)
        for reason, events in counts.rejected.items():
            health.events_rejected.labels(reason).inc(events)
        before = self.quality.mostly_bad
        self.quality.add(counts, now_ms)
        self._tell_quality(before=before)

    def turn(self, now_ms: int) -> None:
        """Let the minute pass by which the stream is judged; `now_ms`: monotonic."""
        before = self.quality.mostly_bad
        self.quality.turn(now_ms)
        self._tell_quality(before=before)

    def _tell_quality(self, *, before: bool) -> None:
        mostly_bad = self.quality.mostly_bad
        if mostly_bad == before:
            return
        self.health.events_mostly_bad.set(mostly_bad)
        if mostly_bad:
            log.error("most events cannot be taken in; `floorwatch dlq show` tells why")
        else:
            log.info("most events can be taken in again")
