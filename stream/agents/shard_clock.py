"""What time it is for a shard: live by Kafka's time stamps, behind by the events' own.

Pure: monotonic time is handed in. As soon as the partition's end has been reached, figures hold
for the newest Kafka time stamp plus the time that has passed since it came in. While there is a
backlog they hold for the greatest source watermark, in the order of offsets, and nobody is paged.
"""

from typing import Final

from stream.units import MINUTE_MS, NEVER_MS, SECOND_MS

BEHIND_MS: Final = 10 * SECOND_MS
"""How far the newest record may lag behind the live clock, with others unread behind it."""
AHEAD_MS_MAX: Final = MINUTE_MS
"""A record's time stamp further ahead of the worker's own clock does not move the live clock."""


class ShardClock:
    """The clock of one shard from its assignment on.

    Args:
        by_events: always follow the events (`clock = "event"`).
        as_of_ms: the instant of the last commit, from which time goes on if no record comes; None
            if there was none.
        now_ms: monotonic time of the assignment.
    """

    def __init__(self, *, by_events: bool, as_of_ms: int | None, now_ms: int) -> None:
        self._by_events = by_events
        self._live = False
        self._held_ms: int | None = None
        """Monotonic time at which time stands still."""
        self._answered_ms = now_ms
        """Monotonic time of the last look at which Kafka answered."""
        self._newest_ms = -NEVER_MS
        self._ahead_ms = -NEVER_MS if as_of_ms is None else as_of_ms - now_ms
        """Live time minus monotonic time: the greatest of all records'."""

    @property
    def live(self) -> bool:
        """Whether the figures hold for now, so that people may be paged."""
        return self._live

    def saw(self, newest_ms: int, now_ms: int, wall_ms: int) -> None:
        """A record came in: its Kafka time stamp, and the worker's two clocks."""
        if newest_ms <= wall_ms + AHEAD_MS_MAX:
            self._newest_ms = max(self._newest_ms, newest_ms)
            self._ahead_ms = max(self._ahead_ms, newest_ms - now_ms)

    def look(self, now_ms: int, *, at_end: bool, answered: bool) -> None:
        """Decide between live and behind.

        Args:
            now_ms: monotonic time.
            at_end: all that the partition holds, by the last fetch, was applied.
            answered: Kafka answers; while it does not, time stands still.
        """
        if self._by_events:
            return
        if at_end:
            self._live = True
        elif now_ms + self._ahead_ms - self._newest_ms > BEHIND_MS:
            self._live = False
        if answered:
            self._held_ms, self._answered_ms = None, now_ms
        else:  # not from now on: a process that slept looks late
            self._held_ms = self._answered_ms

    def as_of_ms(self, watermark_ms: int, now_ms: int) -> int:
        """The instant for which figures hold now; the shard never lets it go back."""
        if not self._live or self._ahead_ms == -NEVER_MS:
            return watermark_ms
        return (now_ms if self._held_ms is None else self._held_ms) + self._ahead_ms

    def passes_in_ms(self, instant_ms: int, now_ms: int) -> int:
        """How long until an instant lies in the past by itself; NEVER_MS where time stands."""
        if not self._live or self._ahead_ms == -NEVER_MS or self._held_ms is not None:
            return NEVER_MS
        return max(0, instant_ms + 1 - now_ms - self._ahead_ms)
