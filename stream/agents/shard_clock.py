"""A shard's time: live by Kafka's time stamps, behind by the events' own.

Pure: monotonic time is an argument. Once the partition's end has been reached, figures hold for the
newest Kafka time stamp plus the time since it arrived. While there is a backlog they hold for the
greatest source watermark, in the order of offsets, and nobody is paged.
"""

from typing import Final

from stream.units import MINUTE_MS, NEVER_MS, SECOND_MS

BEHIND_MS: Final = 10 * SECOND_MS
"""How far the newest record may lag behind the live clock while others are unread behind it."""
AHEAD_MS_MAX: Final = MINUTE_MS
"""A record's time stamp further ahead of the worker's own clock does not move the live clock."""


class ShardClock:
    """The clock of one shard from its assignment on.

    Args:
        by_events: always follow the events (`clock = "event"`).
        as_of_ms: the instant of the last commit, from which time continues if no record comes; None
            if there was none.
        now_ms: monotonic time of the assignment.
    """

    def __init__(self, *, by_events: bool, as_of_ms: int | None, now_ms: int) -> None:
        self._by_events = by_events
        self._live = False
        self._frozen_at_ms: int | None = None
        """Monotonic time at which the clock is frozen."""
        self._answered_ms = now_ms
        """Monotonic time of the last update at which Kafka answered."""
        self._newest_ms = -NEVER_MS
        self._offset_ms = -NEVER_MS if as_of_ms is None else as_of_ms - now_ms
        """Live time minus monotonic time: the greatest over all records."""

    @property
    def live(self) -> bool:
        """Whether the figures hold for now, so that people may be paged."""
        return self._live

    def observe_record(self, newest_ms: int, now_ms: int, wall_ms: int) -> None:
        """Note a record's Kafka time stamp, and the worker's two clocks when it arrived."""
        if newest_ms <= wall_ms + AHEAD_MS_MAX:
            self._newest_ms = max(self._newest_ms, newest_ms)
            self._offset_ms = max(self._offset_ms, newest_ms - now_ms)

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
        elif now_ms + self._offset_ms - self._newest_ms > BEHIND_MS:
            self._live = False
        if kafka_answered:
            self._frozen_at_ms, self._answered_ms = None, now_ms
        else:  # not at now_ms: a process that slept calls this late
            self._frozen_at_ms = self._answered_ms

    def as_of_ms(self, watermark_ms: int, now_ms: int) -> int:
        """The instant for which figures hold now; the shard never lets it go back."""
        if not self._live or self._offset_ms == -NEVER_MS:
            return watermark_ms
        return (now_ms if self._frozen_at_ms is None else self._frozen_at_ms) + self._offset_ms

    def ms_until(self, instant_ms: int, now_ms: int) -> int:
        """Milliseconds until an instant has passed without new records; NEVER_MS while frozen."""
        if not self._live or self._offset_ms == -NEVER_MS or self._frozen_at_ms is not None:
            return NEVER_MS
        return max(0, instant_ms + 1 - now_ms - self._offset_ms)
