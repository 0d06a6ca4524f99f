"""A shard's time: live by Kafka's time stamps, behind by the events' own.

Pure: monotonic time is an argument. Once the partition's end has been reached, figures hold for now
by the clocks that stamp records: the broker's where it stamps them, else the second fastest of the
producers', so that one fast clock does not move time. The worker's own wall clock has no part.
While there is a backlog figures hold for the greatest time of its events, in the order of offsets,
and nobody is paged. Decision 0032, section 8.
"""

from dataclasses import dataclass
from typing import Final

from stream.units import NEVER_MS, SECOND_MS
from stream.windows.sources import UNSEEN_MS, CountedSource

BEHIND_MS: Final = 10 * SECOND_MS
"""How far the newest record may lag behind the live clock while others are unread behind it."""


@dataclass(slots=True)
class _Producer:
    """What is known of the clock that stamps a source's records. Instants are monotonic."""

    lead_ms: int = -NEVER_MS
    """Its time minus monotonic time at receipt: the greatest over all records."""
    counted_ms: int = -NEVER_MS
    """When a record of it was applied last."""
    quiet_ms: int = 0
    """For so long it may say nothing."""


class ShardClock:
    """The clock of one shard from its assignment on.

    Args:
        by_events: always follow the events (`clock = "event"`).
        as_of_ms: the instant of the last commit, from which time continues until the sources have
            had time to speak; None if there was none.
        now_ms: monotonic time of the assignment.
    """

    def __init__(self, *, by_events: bool, as_of_ms: int | None, now_ms: int) -> None:
        self._by_events = by_events
        self._live = False
        self._frozen_at_ms: int | None = None
        """Monotonic time at which the clock is frozen."""
        self._answered_ms = now_ms
        """Monotonic time of the last update at which Kafka answered."""
        self._acquired_ms = now_ms
        self._acquired_lead_ms = -NEVER_MS if as_of_ms is None else as_of_ms - now_ms
        self._producers: dict[tuple[str, str], _Producer] = {}
        """By floor and source."""
        self._broker_lead_ms = -NEVER_MS
        self._newest_ms = -NEVER_MS
        """Monotonic time by which the newest record would have come without any delay."""
        self._lead_ms = self._acquired_lead_ms
        """Live time minus monotonic time."""

    @property
    def live(self) -> bool:
        """Whether the figures hold for now, so that people may be paged."""
        return self._live

    def observe(self, counted: list[CountedSource], now_ms: int) -> None:
        """Note the sources of which records have counted, applied at a monotonic time."""
        for one in counted:
            producer = self._producers.setdefault(one.key, _Producer())
            lead_ms = one.seen_ms - now_ms
            producer.lead_ms = max(producer.lead_ms, lead_ms)
            producer.counted_ms, producer.quiet_ms = now_ms, one.quiet_ms
            if one.broker_ms > UNSEEN_MS:
                self._broker_lead_ms = max(self._broker_lead_ms, one.broker_ms - now_ms)
            self._newest_ms = max(self._newest_ms, one.seen_ms - producer.lead_ms)
        if counted:
            self._lead_ms = self._current_lead_ms(now_ms)

    def _current_lead_ms(self, now_ms: int) -> int:
        if self._broker_lead_ms > -NEVER_MS:
            lead_ms = self._broker_lead_ms
        else:
            known = self._producers.values()
            alive = [one for one in known if now_ms - one.counted_ms <= one.quiet_ms]
            leads_ms = sorted(one.lead_ms for one in alive or known)
            lead_ms = leads_ms[-2:][0] if leads_ms else -NEVER_MS
        settled_ms = max((one.quiet_ms for one in self._producers.values()), default=NEVER_MS)
        if now_ms - self._acquired_ms <= settled_ms:
            return max(lead_ms, self._acquired_lead_ms)
        return lead_ms

    def update(self, now_ms: int, *, at_end: bool, kafka_answered: bool) -> None:
        """Decide between live and behind.

        Args:
            now_ms: monotonic time.
            at_end: all records that the partition holds, by the last fetch, were applied.
            kafka_answered: Kafka answers; while it does not, the clock is frozen.
        """
        if self._by_events:
            return
        if at_end:
            self._live = True
        elif now_ms - self._newest_ms > BEHIND_MS:
            self._live = False
        if kafka_answered:
            self._frozen_at_ms, self._answered_ms = None, now_ms
            self._lead_ms = self._current_lead_ms(now_ms)
        else:  # not at now_ms: a process that slept calls this late
            self._frozen_at_ms = self._answered_ms

    def as_of_ms(self, watermark_ms: int, now_ms: int) -> int:
        """The instant for which figures hold now; the shard never lets it go back."""
        if not self._live or self._lead_ms == -NEVER_MS:
            return watermark_ms
        return (now_ms if self._frozen_at_ms is None else self._frozen_at_ms) + self._lead_ms

    def ms_until(self, instant_ms: int, now_ms: int) -> int:
        """Milliseconds until an instant has passed without new records; NEVER_MS while frozen."""
        if not self._live or self._lead_ms == -NEVER_MS or self._frozen_at_ms is not None:
            return NEVER_MS
        return max(0, instant_ms + 1 - now_ms - self._lead_ms)
